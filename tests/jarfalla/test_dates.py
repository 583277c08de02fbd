"""Reading dates as people and programs write them."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from django.utils import formats, translation
from hypothesis import given
from hypothesis import strategies as st

from jarfalla.dates import FIRST_YEAR, LAST_YEAR, Order, Trouble, UnreadableDate, column_order, read_date

FIRST_OF_MARCH = dt.date(2026, 3, 1)
days = st.dates(dt.date(FIRST_YEAR, 1, 1), dt.date(LAST_YEAR, 12, 31))
times = st.sampled_from(["", " 14:05", " 14:05:30", " 0:00", " 23:59:59", " 14.05", " kl. 14.05", ", 14:05"])


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-01",
        "2026-03-01 14:05",
        "2026-03-01 14:05:30",
        "2026-03-01T14:05:00Z",
        "2026-03-01T14:05:00.123+01:00",
        "2026/03/01",
        "20260301",
        "1/3/2026",
        "1/3/2026 12:00",
        "01/03/2026 12:00:00",
        "1.3.2026",
        "1. 3. 2026",
        "01-03-2026",
        "1 mars 2026",
        "1 mar. 2026",
        "1 Mars, 2026",
        "den 1 mars 2026 kl. 14.05",
        "1 March 2026",
        "\u00a01\u00a0mars\u00a02026 ",
        "46082",
        "46082.5",
        "46082,75",
    ],
)
def test_read_date_in_every_spelling(text: str) -> None:
    assert read_date(text) == FIRST_OF_MARCH


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-03-01T22:59:59Z", dt.date(2026, 3, 1)),
        ("2026-03-01T23:00:00Z", dt.date(2026, 3, 2)),
        ("2026-06-30T22:00:00Z", dt.date(2026, 7, 1)),
        ("2026-03-01T05:00:00+09:00", dt.date(2026, 2, 28)),
        ("2026-03-01 23:30", dt.date(2026, 3, 1)),
    ],
)
def test_read_date_with_a_time_zone_is_the_day_in_sweden(text: str, day: dt.date) -> None:
    assert read_date(text) == day


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("3/31/2026", "Dagen ska stå före månaden, som i 31/3/2026. Skriv hellre 2026-03-31."),
        ("03/31/2026 12:00", "Dagen ska stå före månaden, som i 31/3/2026. Skriv hellre 2026-03-31."),
        ("31/4/2026", "Den dagen finns inte. Skriv till exempel 2026-03-01."),
        ("2026-02-29", "Den dagen finns inte. Skriv till exempel 2026-03-01."),
        ("2026-13-01", "Den dagen finns inte. Skriv till exempel 2026-03-01."),
        ("2026-03-01 24:05", "Den dagen finns inte. Skriv till exempel 2026-03-01."),
        ("1/3/26", "Skriv årtalet med fyra siffror, till exempel 2026-03-01."),
        ("26-03-01", "Skriv årtalet med fyra siffror, till exempel 2026-03-01."),
        ("1 mars 26", "Skriv årtalet med fyra siffror, till exempel 2026-03-01."),
        ("1926-03-01", "Årtalet ligger för långt bort. Skriv till exempel 2026-03-01."),
        ("99999", "Årtalet ligger för långt bort. Skriv till exempel 2026-03-01."),
        ("0", "Det här går inte att läsa som ett datum. Skriv till exempel 2026-03-01."),
        ("", "Det här går inte att läsa som ett datum. Skriv till exempel 2026-03-01."),
        ("mars 2026", "Det här går inte att läsa som ett datum. Skriv till exempel 2026-03-01."),
        ("1 foo 2026", "Det här går inte att läsa som ett datum. Skriv till exempel 2026-03-01."),
        ("1/3/2026 2:05 PM", "Det här går inte att läsa som ett datum. Skriv till exempel 2026-03-01."),
        ("2026-03-01T14:05:00+99:00", "Det här går inte att läsa som ett datum. Skriv till exempel 2026-03-01."),
        ("1/3-2026", "Det här går inte att läsa som ett datum. Skriv till exempel 2026-03-01."),
        ("2026-03-01 " * 10_000, "Det här går inte att läsa som ett datum. Skriv till exempel 2026-03-01."),
    ],
)
def test_read_date_refuses_in_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(UnreadableDate) as refused:
        read_date(text)
    assert str(refused.value) == sentence


@given(day=days, time=times)
def test_read_date_of_every_day_in_every_spelling(day: dt.date, time: str) -> None:
    spellings = [
        day.isoformat(),
        f"{day:%Y%m%d}",
        f"{day.day}/{day.month}/{day.year}",
        f"{day:%d/%m/%Y}",
        f"{day.day}.{day.month}.{day.year}",
        f"{day:%d-%m-%Y}",
    ]
    for language in ("sv", "en"):
        with translation.override(language):
            spellings += [formats.date_format(day, "j F Y"), formats.date_format(day, "j M Y")]
    assert [read_date(spelling + time) for spelling in spellings] == [day] * len(spellings)


@given(day=days, part=st.floats(0, 0.999))
def test_read_date_of_every_day_as_excel_counts(day: dt.date, part: float) -> None:
    number = (day - dt.date(1899, 12, 30)).days
    assert read_date(str(number)) == day
    assert read_date(f"{number + part:.6f}") in (day, day + dt.timedelta(days=round(part)))


@given(day=st.dates(dt.date(2000, 1, 1), dt.date(2090, 1, 1)), time=st.times(), zone=st.timezones())
def test_read_date_of_every_moment_is_its_day_in_sweden(day: dt.date, time: dt.time, zone: ZoneInfo) -> None:
    moment = dt.datetime.combine(day, time.replace(microsecond=0), zone)
    assert read_date(moment.isoformat()) == moment.astimezone(ZoneInfo("Europe/Stockholm")).date()


@given(text=st.text(max_size=60) | st.from_regex(r"[0-9TZ:/. +-]{0,30}"))
def test_read_date_of_any_text_is_a_day_or_a_sentence(text: str) -> None:
    try:
        day = read_date(text)
    except UnreadableDate:
        return
    assert FIRST_YEAR - 1 <= day.year <= LAST_YEAR + 1


@pytest.mark.parametrize(
    ("texts", "order"),
    [
        (["1/3/2026", "31/3/2026"], Order.DAY_FIRST),
        (["1/3/2026", "31/3/2026", "3/31/2026"], Order.MONTH_FIRST),
        (["1/3/2026 12:00", "3/31/2026 12:00"], Order.MONTH_FIRST),
        (["1/3/2026", "", "Summa"], Order.UNCLEAR),
        (["2026-03-31"], Order.UNCLEAR),
    ],
)
def test_column_order_is_seen_in_the_whole_column(texts: list[str], order: Order) -> None:
    assert column_order(texts) == order


def test_read_date_in_a_column_with_the_month_first_reads_no_figures_in_that_order() -> None:
    with pytest.raises(UnreadableDate) as refused:
        read_date("1/3/2026", order=Order.MONTH_FIRST)
    assert refused.value.trouble == Trouble.DAY_COMES_FIRST
    assert read_date("2026-03-01", order=Order.MONTH_FIRST) == FIRST_OF_MARCH
