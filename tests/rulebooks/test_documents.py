"""The pages about programme files say what the code reads."""

from bekal.cli.simulation.people import DEFAULTS
from tests.rulebooks.making import PROGRAMMES
from tools.programme_keys import PAGE, page


def test_the_keys_are_those_of_the_code() -> None:
    assert PAGE.read_text() == page(), "run `make docs`"


def test_every_column_of_a_file_of_people_is_told() -> None:
    told = (PROGRAMMES.parent / "docs" / "programme-files.md").read_text()
    assert [name for name in DEFAULTS if f"| `{name}` |" not in told] == []
