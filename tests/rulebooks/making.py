"""Programme files for tests."""

from pathlib import Path

from bekal.core.clock import now
from bekal.core.events import Actor
from bekal.rulebooks.actions import load_programme
from bekal.rulebooks.models import RuleBook

PROGRAMMES = Path(__file__).resolve().parents[2] / "programmes"
BY = Actor.system("tests")


def programme_text(code: str = "prakerja-2023") -> str:
    """The first version of a programme file of the repository."""
    return (PROGRAMMES / code / "1.toml").read_text()


def loaded_programme(code: str = "prakerja-2023") -> RuleBook:
    """The first version, loaded."""
    return load_programme(by=BY, at=now(), text=programme_text(code))


ABROAD = Path(__file__).resolve().parent / "abroad"


def programme_files() -> list[Path]:
    """Every programme file of the repository, and those of other countries kept with the tests."""
    return sorted([*PROGRAMMES.glob("*/[0-9]*.toml"), *ABROAD.glob("*/[0-9]*.toml")])


def face_programme(code: str = "prakerja-2023") -> RuleBook:
    """The same programme, asking for a photo of the face."""
    asked = programme_text(code).replace("identity_verified = true", "identity_verified = true\nface_matched = true")
    return load_programme(by=BY, at=now(), text=asked)
