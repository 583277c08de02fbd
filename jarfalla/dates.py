"""Reads the dates that people and their programs write in lists. Imports no app.

Never guesses: what can mean two days is refused. Why no library does it: docs/decisions/0014.
"""

import datetime as dt
import re
from collections.abc import Iterable
from enum import StrEnum
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SWEDISH_TIME = ZoneInfo("Europe/Stockholm")
# What happened in a unit happened in these years; a number or a year beyond them is something else.
FIRST_YEAR, LAST_YEAR = 1990, 2099
# Day 0 of Excel's dates on Windows, and of every program that does as Excel does.
_EXCEL_DAY_0 = dt.date(1899, 12, 30)
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan januari january",
            "feb febr februari february",
            "mar mars march",
            "apr april",
            "maj may",
            "jun juni june",
            "jul juli july",
            "aug augusti august",
            "sep sept september",
            "okt oct oktober october",
            "nov november",
            "dec december",
        ),
        start=1,
    )
    for name in names.split()
}
_TIME = (
    r"(?:(?:T|,? +(?:kl\.? *)?)(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:[.,]\d{1,9})?)?"
    r"(?: ?(?P<zone>Z|[+-]\d{2}(?::?\d{2})?))?)?"
)
_YEAR_FIRST = re.compile(rf"(?P<year>\d{{4}})(?P<mark>[-/.])(?P<month>\d{{1,2}})(?P=mark)(?P<day>\d{{1,2}}){_TIME}")
_COMPACT = re.compile(rf"(?P<year>\d{{4}})(?P<month>\d{{2}})(?P<day>\d{{2}}){_TIME}")
_DAY_FIRST = re.compile(rf"(?P<day>\d{{1,2}})(?P<mark>[-/.]) ?(?P<month>\d{{1,2}})(?P=mark) ?(?P<year>\d{{4}}){_TIME}")
_IN_WORDS = re.compile(rf"(?:den )?(?P<day>\d{{1,2}})[.:]? ?(?P<name>[a-z]{{3,9}})\.?,? (?P<year>\d{{4}}){_TIME}")
_SPELLINGS = (_YEAR_FIRST, _COMPACT, _DAY_FIRST, _IN_WORDS)
_EXCEL = re.compile(r"(\d{5})(?:[.,]\d+)?")
_SHORT_YEAR = re.compile(r"\d{1,2}([-/.])\d{1,2}\1\d{2}(?: .*)?|\d{1,2}\.? [a-z]{3,9}\.? '?\d{2}(?: .*)?")
_LONGEST = 40
_DECEMBER = 12


class Order(StrEnum):
    """What comes first in the dates of a column that are written with figures and the year last."""

    DAY_FIRST = "day_first"
    MONTH_FIRST = "month_first"  # at least one of them can't be read otherwise
    UNCLEAR = "unclear"


class Trouble(StrEnum):
    """Why a text is no date that the portal reads."""

    UNKNOWN = "unknown"
    NO_SUCH_DAY = "no_such_day"
    DAY_COMES_FIRST = "day_comes_first"
    SHORT_YEAR = "short_year"
    FAR_AWAY = "far_away"


SENTENCES: dict[Trouble, Promise] = {
    Trouble.UNKNOWN: _("Det här går inte att läsa som ett datum. Skriv till exempel 2026-03-01."),
    Trouble.NO_SUCH_DAY: _("Den dagen finns inte. Skriv till exempel 2026-03-01."),
    Trouble.DAY_COMES_FIRST: _("Dagen ska stå före månaden, som i 31/3/2026. Skriv hellre 2026-03-31."),
    Trouble.SHORT_YEAR: _("Skriv årtalet med fyra siffror, till exempel 2026-03-01."),
    Trouble.FAR_AWAY: _("Årtalet ligger för långt bort. Skriv till exempel 2026-03-01."),
}


class UnreadableDate(ValueError):  # noqa: N818  not an error of ours: the text is refused, in a sentence
    """The text is no date; `trouble` is why, and `str()` the sentence for whoever wrote it. Never repeats the text."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble)
        self.trouble = trouble

    def __str__(self) -> str:
        return str(SENTENCES[self.trouble])


def read_date(text: str, *, order: Order = Order.DAY_FIRST) -> dt.date:
    """The day that `text` means; the day in Sweden when it names a time zone.

    Reads 2026-03-01, 20260301, 1/3/2026, 1.3.2026, 1 mars 2026, 1 March 2026, with or without a time of day, and
    Excel's number of days. In a column whose `order` is that of Americans, no date is read that has its figures in
    that order. Raises UnreadableDate.
    """
    text = " ".join(text.split()) if len(text) <= _LONGEST else ""
    if excel := _EXCEL.fullmatch(text):
        return _plausible(_EXCEL_DAY_0 + dt.timedelta(days=int(excel[1])))
    lower = text.lower()
    for spelling in _SPELLINGS:
        # The T and the Z of a time stand in capitals.
        if found := spelling.fullmatch(lower if spelling is _IN_WORDS else text):
            return _day(found, order)
    raise UnreadableDate(Trouble.SHORT_YEAR if _SHORT_YEAR.fullmatch(lower) else Trouble.UNKNOWN)


def column_order(texts: Iterable[str]) -> Order:
    """What comes first in a column's dates. One date such as 3/31/2026 shows that 3/1/2026 is no day in January."""
    day_first = False
    for text in texts:
        if found := _DAY_FIRST.fullmatch(" ".join(text.split()) if len(text) <= _LONGEST else ""):
            if _month_stands_first(found):
                return Order.MONTH_FIRST
            day_first = day_first or int(found["day"]) > _DECEMBER
    return Order.DAY_FIRST if day_first else Order.UNCLEAR


def _month_stands_first(found: re.Match[str]) -> bool:
    return int(found["month"]) > _DECEMBER >= int(found["day"])


def _day(found: re.Match[str], order: Order) -> dt.date:
    """The day of a match, moved to Sweden when it has a time zone. Raises UnreadableDate."""
    if found.re is _DAY_FIRST and (order == Order.MONTH_FIRST or _month_stands_first(found)):
        raise UnreadableDate(Trouble.DAY_COMES_FIRST)
    parts = found.groupdict()
    month = _MONTHS.get(parts["name"]) if "name" in parts else int(parts["month"])
    if month is None:
        raise UnreadableDate(Trouble.UNKNOWN)
    try:
        day = dt.date(int(parts["year"]), month, int(parts["day"]))
        time = dt.time(int(parts["hour"] or 0), int(parts["minute"] or 0), int(parts["second"] or 0))
    except ValueError:
        raise UnreadableDate(Trouble.NO_SUCH_DAY) from None
    day = _plausible(day)
    return _in_sweden(dt.datetime.combine(day, time), parts["zone"]) if parts["zone"] else day


def _in_sweden(moment: dt.datetime, zone: str) -> dt.date:
    """The day in Sweden at `moment` in a zone such as Z or +02:00."""
    try:
        return dt.datetime.fromisoformat(f"{moment.isoformat()}{zone.upper()}").astimezone(SWEDISH_TIME).date()
    except ValueError:
        raise UnreadableDate(Trouble.UNKNOWN) from None


def _plausible(day: dt.date) -> dt.date:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise UnreadableDate(Trouble.FAR_AWAY)
    return day
