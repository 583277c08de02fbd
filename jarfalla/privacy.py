"""The personnummer guard. Imports no app.

A number counts when it is a day, four digits and the right check digit: personnummer and samordningsnummer
(day + 60), with or without century. Interim numbers with a letter have no check digit and are not looked for.

Ten digits without any separator may be a mobile number that happens to be a valid personnummer as well (about one
in twenty of those that begin with 070). The guard refuses it: a phone number can be written with a hyphen, a
personnummer that slipped in can't be taken back.
"""

import re
import sys
from collections.abc import Iterator
from functools import cache

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from personnummer import personnummer

from jarfalla import clock

REFUSAL = _(
    "Texten ser ut att innehålla ett personnummer. Ta bort det: portalen ska aldrig innehålla uppgifter om "
    "enskilda personers ärenden. Om det är ett telefonnummer, skriv det med bindestreck, som 070-123 45 67."
)

# What may stand between the parts of a date, and between the date and the four digits.
_BLANK = r"[^\S\r\n]"
_MARK = rf"(?:{_BLANK}|[-./_])"
# The four digits; not when they are the year of the second date in "2024-06-15 – 2024-08-12".
_LAST = rf"(?P<link>{_BLANK}?[-+./_]?{_BLANK}?)(?P<last>\d{{4}})(?!\d)(?![-./]\d\d[-./]\d\d(?!\d))"


def _pattern(year: str, before_day: str) -> re.Pattern[str]:
    """The spellings after `year`. A lookahead, so that a failed candidate doesn't hide one that begins inside it."""
    compact, spaced = r"(?P<m>\d\d)(?P<d>\d\d)", rf"{_MARK}(?P<mm>\d\d){before_day}(?P<dd>\d\d)"
    return re.compile(rf"(?<!\d)(?={year}(?:{compact}|{spaced}){_LAST})")


_LONG = _pattern(rf"(?P<century>1[89]|20){_MARK}?(?P<year>\d\d)", f"{_MARK}?")
# Without century a date has both its marks or none: "0510-123456" is a telephone.
_SHORT = _pattern(r"(?P<century>)(?P<year>\d\d)", _MARK)


# Ten digits with at most three other signs between two of them: every spelling has that, and few other texts. Most
# texts that are looked at hold no personnummer, and this tells so in a third of the time.
_TEN_DIGITS = re.compile(r"(?:\d[^\d\r\n]{0,3}){9}\d")

# Random keys, in the lists of other systems and in the addresses of their pages; one in 20,000 has the right digits.
_UUID = re.compile(r"(?<![0-9a-z])[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?![0-9a-z])", re.ASCII | re.IGNORECASE)


def find_personal_numbers(text: str) -> list[str]:
    """The personnummer and samordningsnummer in `text`, as digits with a hyphen. Takes linear time.

    Tells them from phone and organisation numbers, dates, case numbers, UUIDs and longer rows of digits.
    """
    return list(_personal_numbers(text))


def refuse_personal_numbers(value: str) -> None:
    """Raise ValidationError when `value` holds a personnummer or samordningsnummer; the number is not repeated."""
    if any(_personal_numbers(str(value))):
        raise ValidationError(REFUSAL, code="personal_number")


def _personal_numbers(text: str) -> Iterator[str]:
    # Not NFKC: normalising a long row of accents takes quadratic time.
    plain = text if text.isascii() or text.isprintable() else text.translate(_without_width())
    if not _TEN_DIGITS.search(plain):
        return
    plain = plain if plain.isascii() else plain.translate(_plain_characters())
    plain = _UUID.sub("x", plain)
    for pattern in (_LONG, _SHORT):
        for match in pattern.finditer(plain):
            month, day = match["m"] or match["mm"], match["d"] or match["dd"]
            # "/2024/03/01/1234" is the address of a page.
            if match["mm"] and "/" in match["link"]:
                continue
            sign = "+" if "+" in match["link"] else "-"
            number = f"{match['century']}{match['year']}{month}{day}{sign}{match['last']}"
            if _is_issued(number, is_long=bool(match["century"])):
                yield number


def _is_issued(number: str, *, is_long: bool) -> bool:
    """Whether the day exists, the check digit is right and nobody is born in the future."""
    try:
        born = personnummer.parse(number).get_date()
    except personnummer.PersonnummerException:
        return False
    return not is_long or born <= clock.today()


@cache
def _without_width() -> dict[int, str]:
    """Characters without width, and nothing in their place. None of them is printable, as Python sees it."""
    return dict.fromkeys([0xAD, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A), 0xFEFF], "")


@cache
def _plain_characters() -> dict[int, str]:
    """The digits of every script and dashes of every length, as ASCII would have them."""
    digits = {code: str(int(chr(code))) for code in range(128, sys.maxunicode) if chr(code).isdecimal()}
    dashes = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\ufe58\ufe63\uff0d"), "-")
    others = {0xFF0B: "+", 0xFF0E: ".", 0xFF0F: "/", 0x2044: "/", 0xFF3F: "_"}
    return digits | dashes | others
