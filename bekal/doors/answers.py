"""Readers of single answers, shared by all forms."""

import re
from collections.abc import Callable, Collection, Sequence
from datetime import date

from bekal.doors.fields import WrongAnswer

NEITHER_DIGIT_NOR_PLUS = re.compile(r"[\s.\-()]+")


def line(longest: int = 150) -> Callable[[Sequence[str]], str]:
    """One line of text, kept byte for byte but for the blanks around it."""

    def read(answers: Sequence[str]) -> str:
        words = _only(answers)
        if not words:
            raise WrongAnswer("missing")
        if len(words) > longest:
            raise WrongAnswer("form.too_long", longest=longest)
        return words

    return read


def digits(count: int) -> Callable[[Sequence[str]], str]:
    """Exactly `count` digits; blanks, dots and dashes are dropped."""

    def read(answers: Sequence[str]) -> str:
        number = NEITHER_DIGIT_NOR_PLUS.sub("", _only(answers))
        if not number:
            raise WrongAnswer("missing")
        if not number.isascii() or not number.isdigit() or len(number) != count:
            raise WrongAnswer("count", count=count, given=len(number))
        return number

    return read


def phone(answers: Sequence[str]) -> str:
    """An Indonesian mobile number in any spelling -> E.164 `+628...`."""
    number = NEITHER_DIGIT_NOR_PLUS.sub("", _only(answers))
    if not number:
        raise WrongAnswer("missing")
    bare = re.sub(r"^(\+?62|0)", "", number)
    if not re.fullmatch(r"8[0-9]{7,11}", bare):
        raise WrongAnswer("wrong")
    return "+62" + bare


def one_of(values: Collection[str] | Callable[[], Collection[str]]) -> Callable[[Sequence[str]], str]:
    """One of the values offered."""

    def read(answers: Sequence[str]) -> str:
        value = _only(answers)
        if value not in (values() if callable(values) else values):
            raise WrongAnswer("missing")
        return value

    return read


def some_of(
    values: Collection[str] | Callable[[], Collection[str]], most: int
) -> Callable[[Sequence[str]], tuple[str, ...]]:
    """One to `most` of the values offered."""

    def read(answers: Sequence[str]) -> tuple[str, ...]:
        offered = values() if callable(values) else values
        chosen = tuple(dict.fromkeys(answer for answer in answers if answer in offered))
        if not chosen:
            raise WrongAnswer("missing")
        if len(chosen) > most:
            raise WrongAnswer("many", most=most)
        return chosen

    return read


def day(answers: Sequence[str]) -> date:
    """Day, month and year in three boxes."""
    if not any(answers):
        raise WrongAnswer("missing")
    try:
        numbers = [int(box) for box in answers]
        return date(numbers[2], numbers[1], numbers[0])
    except (ValueError, IndexError, OverflowError):
        raise WrongAnswer("wrong") from None


def whole(lowest: int, highest: int) -> Callable[[Sequence[str]], int]:
    """A whole number between two bounds; `Rp` and thousand points are dropped."""

    def read(answers: Sequence[str]) -> int:
        number = re.sub(r"(?i)^rp|[\s.]", "", _only(answers))
        if not number:
            raise WrongAnswer("missing")
        if not (number.isascii() and number.isdigit() and lowest <= int(number) <= highest):
            raise WrongAnswer("form.out_of_range", lowest=lowest, highest=highest)
        return int(number)

    return read


def tick(answers: Sequence[str]) -> bool:
    """A box that must be ticked."""
    if not any(answers):
        raise WrongAnswer("missing")
    return True


def _only(answers: Sequence[str]) -> str:
    return answers[0].strip() if answers else ""
