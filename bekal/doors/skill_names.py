"""Skills and their fields as pages name them."""

from bekal.doors.fields import Choice
from bekal.doors.languages import say, spoken
from bekal.engines.skills import load_vocabulary

POPULAR = (
    "digital-marketing", "online-shop", "customer-service", "administration", "spreadsheet", "bookkeeping",
    "entrepreneurship", "web-development", "computer-repair", "phone-repair",
)  # fmt: skip


def skill_name(code: str) -> str:
    """The skill's name in the language of the page; a code we do not know is shown as it is."""
    skill = load_vocabulary().skills.get(code)
    if skill is None:
        return code
    name = skill.indonesian if spoken() == "id" else skill.english
    return name[:1].upper() + name[1:]


def skill_names(codes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(skill_name(code) for code in codes)


def fields() -> tuple[str, ...]:
    """The fields of the vocabulary, in its order."""
    return tuple(dict.fromkeys(skill.field for skill in load_vocabulary().skills.values()))


def field_choices() -> tuple[Choice, ...]:
    return tuple(Choice(field, say(f"field.{field}")) for field in fields())


def skills_of_field(field: str) -> tuple[str, ...]:
    return tuple(skill.code for skill in load_vocabulary().skills.values() if skill.field == field)


def interest_codes() -> tuple[str, ...]:
    """The skills a registration offers: the popular ones, then the first two of every field."""
    leading = [code for field in fields() for code in skills_of_field(field)[:2]]
    return tuple(dict.fromkeys([code for code in POPULAR if code in load_vocabulary().skills] + leading))


def interest_choices() -> tuple[Choice, ...]:
    return tuple(Choice(code, skill_name(code)) for code in interest_codes())
