"""Generated pages say what the code reads."""

from tools.snap_codes import PAGE, page


def test_the_page_of_payers_answers_is_current() -> None:
    assert PAGE.read_text() == page(), "run `make docs`"
