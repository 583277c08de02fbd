"""The personnummer guard. Every number here is made up; the known ones are the package's own test numbers."""

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given, settings
from hypothesis import strategies as st

from jarfalla import clock
from jarfalla.privacy import find_personal_numbers, refuse_personal_numbers
from tests.timing import processor_seconds


def check_digit(nine: str) -> str:
    """Luhn over the nine digits, written anew so that the test doesn't lean on the package."""
    doubled = [int(digit) * (2 - place % 2) for place, digit in enumerate(nine)]
    return str(-sum(value // 10 + value % 10 for value in doubled) % 10)


@st.composite
def personal_numbers(draw: st.DrawFn) -> tuple[str, str, str]:
    """Born (YYYYMMDD, the day perhaps + 60), the four last, the sign."""
    born = draw(st.dates(dt.date(1900, 1, 1), clock.today()))
    day = born.day + draw(st.sampled_from([0, 60]))
    date = f"{born:%Y%m}{day:02}"
    serial = f"{draw(st.integers(1, 999)):03}"
    sign = "+" if clock.today().year - born.year >= 100 else "-"
    return date, serial + check_digit(date[2:] + serial), sign


SPELLINGS = {
    "long": lambda d, n, s: f"{d}{s}{n}",
    "long compact": lambda d, n, s: f"{d}{n}",
    "long spaced": lambda d, n, s: f"{d[:4]} {d[4:6]} {d[6:]} {n}",
    "long dashed": lambda d, n, s: f"{d[:4]}-{d[4:6]}-{d[6:]}-{n}",
    "long dotted": lambda d, n, s: f"{d[:4]}.{d[4:6]}.{d[6:]}.{n}",
    "long pairs": lambda d, n, s: f"{d[:2]} {d[2:4]} {d[4:6]} {d[6:]} - {n}",
    "long fours": lambda d, n, s: f"{d[:4]} {d[4:]} {n}",
    "long en dash": lambda d, n, s: f"{d}–{n}",
    "short": lambda d, n, s: f"{d[2:]}{s}{n}",
    "short compact": lambda d, n, s: f"{d[2:]}{n}",
    "short space": lambda d, n, s: f"{d[2:]} {n}",
    "short no-break space": lambda d, n, s: f"{d[2:]}\xa0{n}",
    "short en dash": lambda d, n, s: f"{d[2:]}–{n}",
    "short minus": lambda d, n, s: f"{d[2:]}−{n}",
    "short no-break hyphen": lambda d, n, s: f"{d[2:]}\u2011{n}",
    "short slash": lambda d, n, s: f"{d[2:]}/{n}",
    "short dot": lambda d, n, s: f"{d[2:]}.{n}",
    "short wide dash": lambda d, n, s: f"{d[2:]} – {n}",
    "short pairs": lambda d, n, s: f"{d[2:4]} {d[4:6]} {d[6:]} {n}",
    "short dashes": lambda d, n, s: f"{d[2:4]}-{d[4:6]}-{d[6:]}-{n}",
    "full width": lambda d, n, s: f"{d[2:]}-{n}".translate({ord("0") + i: 0xFF10 + i for i in range(10)}),
    "widthless inside": lambda d, n, s: f"{d[2:]}\u200b-\u00ad{n}",
}
around = st.text(st.characters(exclude_categories=["Nd", "Cs"]), max_size=30)


@pytest.mark.parametrize("spelling", SPELLINGS)
@settings(max_examples=60)
@given(number=personal_numbers(), before=around, after=around)
def test_find_personal_numbers_in_every_spelling(
    spelling: str, number: tuple[str, str, str], before: str, after: str
) -> None:
    date, last, sign = number
    found = find_personal_numbers(before + SPELLINGS[spelling](date, last, sign) + after)
    assert f"{date[2:]}{last}" in {one.replace("-", "").replace("+", "")[-10:] for one in found}


@settings(max_examples=300)
@given(number=personal_numbers(), wrong=st.integers(1, 9), before=around, after=around)
def test_find_personal_numbers_with_wrong_check_digit_finds_none(
    number: tuple[str, str, str], wrong: int, before: str, after: str
) -> None:
    date, last, _sign = number
    digit = (int(last[3]) + wrong) % 10
    assert find_personal_numbers(f"{before}{date}-{last[:3]}{digit}{after}") == []
    assert find_personal_numbers(f"{before}{date[2:]}-{last[:3]}{digit}{after}") == []


@settings(max_examples=500)
@given(digits=st.text("0123456789", min_size=7, max_size=7), before=around, after=around)
def test_find_personal_numbers_ignores_phone_numbers(digits: str, before: str, after: str) -> None:
    d = digits
    spelled = [
        f"070-{d[:3]} {d[3:5]} {d[5:]}",
        f"070-{d}",
        f"073 {d[:3]} {d[3:5]} {d[5:]}",
        f"+46 70 {d[:3]} {d[3:5]} {d[5:]}",
        f"+4670{d}",
        f"004670{d}",
        f"08-{d[:3]} {d[3:5]} {d[5:]}",
        f"08-{d}",
        f"010-{d[:3]} {d[3:5]} {d[5:]}",
        f"+46 8 {d[:3]} {d[3:6]} {d[6:]}0",
        f"0510-{d[:6]}",
        f"0510-{d[:2]} {d[2:4]} {d[4:6]}",
        f"020-{d[:2]} {d[2:4]} {d[4:6]}",
    ]
    for phone in spelled:
        assert find_personal_numbers(before + phone + after) == [], phone


@settings(max_examples=300)
@given(first=st.integers(10, 99), third=st.integers(20, 99), rest=st.integers(0, 99_999), before=around, after=around)
def test_find_personal_numbers_ignores_organisation_numbers(
    first: int, third: int, rest: int, before: str, after: str
) -> None:
    nine = f"{first}{third}{rest:05}"
    number = nine + check_digit(nine)
    for spelled in (f"{number[:6]}-{number[6:]}", f"16 {number[:6]}-{number[6:]}", f"16{number}", number):
        assert find_personal_numbers(before + spelled + after) == []


@pytest.mark.parametrize(
    "text",
    [
        "Ring 08-580 285 00, 020-50 50 50 eller 010-223 57 60.",
        "+46 8 580 285 00, 070-123 45 67",
        "Organisationsnummer 212000-0043, 16 212000-0043 eller 162120000043",
        "Diarienummer KS 2026/123, dnr 2026/1234 och BUN 2026-0412",
        "Möte 2026-03-01 14:05, senast 2026-03-31 kl. 14.05",
        "Lovet är 2024-06-15 – 2024-08-12, och 2024-06-15--2024-08-12",
        "ISBN 978-91-7803-123-4 och 91-1-301234-X",
        "IBAN SE45 5000 0000 0583 9825 7466 och SE4550000000058398257466",
        "Bankgiro 5050-1055, plusgiro 12 34 56-7",
        "https://www.jarfalla.se/nyheter/arkiv/2024/03/01/1234-nyhet.html",
        "https://x.se/5.1b2c3d4e15f6a7b8c9d/1700000000000?v=20240301123456789",
        "Användare 01a7f258-8a82-4bd8-93b6-7d2809173186, AE830687-4945-4E3B-BAC1-FAEC0D2C53F1",
        "850709-98051",
        "1850709-9805",
        "990230-1236",
        "20990709-9805",
        "",
    ],
)
def test_find_personal_numbers_in_ordinary_text_finds_none(text: str) -> None:
    assert find_personal_numbers(text) == []


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Eleven (850709-9805) berättade", "850709-9805"),
        ("pnr850709-9805x", "850709-9805"),
        ("Rum 20 850709-9805", "850709-9805"),
        ("850709-9804, 850709-9805", "850709-9805"),
        ("samordningsnummer 850769-9802", "850769-9802"),
        ("fil_850709_9805.docx", "850709-9805"),
        ("?pnr=198507099805&x=1", "19850709-9805"),
        ("01a7f258-8a82-4bd8-93b6-7d2809173186 850709-9805", "850709-9805"),
    ],
)
def test_find_personal_numbers_beside_other_text(text: str, number: str) -> None:
    assert find_personal_numbers(text) == [number]


@pytest.mark.parametrize(
    "text",
    ["7" * 5_000_000, "19" * 2_500_000, "1 " * 2_500_000, "850709-980 " * 450_000, "é" + "٣" * 5_000_000],
    ids=["one row", "centuries", "spaced", "nearly", "foreign"],
)
def test_find_personal_numbers_in_five_megabytes_is_quick(text: str) -> None:
    assert processor_seconds(lambda: find_personal_numbers(text)) < 2
    assert find_personal_numbers(text) == []


def test_refuse_personal_numbers_does_not_repeat_the_number() -> None:
    with pytest.raises(ValidationError) as refusal:
        refuse_personal_numbers("Hon heter X och har 850709-9805.")
    assert refusal.value.messages == [
        "Texten ser ut att innehålla ett personnummer. Ta bort det: portalen ska aldrig innehålla uppgifter om "
        "enskilda personers ärenden. Om det är ett telefonnummer, skriv det med bindestreck, som 070-123 45 67."
    ]
    assert "9805" not in repr(refusal.value)


def test_refuse_personal_numbers_lets_other_text_pass() -> None:
    refuse_personal_numbers("Ring 08-580 285 00 om ärende KS 2026/123.")
