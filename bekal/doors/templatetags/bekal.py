"""Tags and filters that every template has: texts, money, dates."""

from datetime import date, datetime, timezone
from typing import Any

from django.http import HttpRequest
from django.template import Library
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from bekal.core.money import format_rupiah
from bekal.core.texts import LANGUAGES
from bekal.doors.languages import say, spoken
from bekal.doors.moments import WIB, day_words, moment_words

register = Library()


@register.simple_tag
def t(key: str, **facts: Any) -> str:
    """The text under `key` in the language of the page: `{% t "page.home.title" name=name %}`."""
    return say(key, **facts)


@register.simple_tag
def language() -> str:
    return spoken()


@register.simple_tag
def other_language() -> str:
    return next(word for word in LANGUAGES if word != spoken())


@register.simple_tag
def address_in(request: HttpRequest, language: str) -> str:
    """This page's address in another language."""
    query = request.GET.copy()
    query["lang"] = language
    return f"{request.path}?{query.urlencode()}"


@register.filter
def rupiah(amount: int) -> SafeString:
    """`Rp600.000`, never broken over two lines."""
    return format_html('<span class="money">{}</span>', format_rupiah(amount))


@register.filter
def fours(digits: str) -> SafeString:
    """A card number in groups of four; copied, it has no blanks."""
    groups = ((digits[place : place + 4],) for place in range(0, len(digits), 4))
    return format_html('<span class="fours">{}</span>', format_html_join("", "<span>{}</span>", groups))


@register.filter
def number(value: int) -> str:
    """`12.345` in Indonesian, `12,345` in English."""
    return f"{value:,}".replace(",", "." if spoken() == "id" else ",")


@register.filter
def decimal(value: float, places: int = 1) -> str:
    """`4,7` in Indonesian, `4.7` in English."""
    words = f"{value:,.{places}f}"
    return words if spoken() == "en" else words.translate(str.maketrans(",.", ".,"))


@register.filter
def day(moment: date | datetime, zone: timezone = WIB) -> SafeString:
    """`17 Maret 2026` inside a `time` element."""
    there = moment.astimezone(zone).date() if isinstance(moment, datetime) else moment
    return format_html('<time datetime="{}">{}</time>', there.isoformat(), day_words(there, spoken()))


@register.filter(name="day_words")
def day_in_text(value: date) -> str:
    """`17 Maret 2026`, for a placeholder of a text."""
    return day_words(value, spoken())


@register.filter
def moment(moment: datetime, zone: timezone = WIB) -> SafeString:
    """`17 Maret 2026, 14.30 WIB` inside a `time` element."""
    return format_html('<time datetime="{}">{}</time>', moment.isoformat(), moment_words(moment, spoken(), zone))
