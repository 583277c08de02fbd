"""Calendar months, leap days, nights with 23 and 25 hours, the 31st, Christmas and midsummer."""

import datetime as dt
import zoneinfo

import pytest
from django.db import connection
from hypothesis import example, given, settings
from hypothesis import strategies as st

from followups import queries
from followups.models import Booking, Recipient, RuleKind
from followups.queries import DEFAULTS, Period, Window, contact_subject, is_working_day, next_working_day, sources
from tests.followups import specification_calendar, stages
from tests.followups.specification_calendar import ONE, months_after
from units.models import Programme, QuietPeriod, Round, Unit, User

STOCKHOLM = zoneinfo.ZoneInfo("Europe/Stockholm")
DAYS = st.dates(dt.date(2024, 1, 1), dt.date(2060, 12, 31))
SUMMER = QuietPeriod(name="Sommar", first_month=7, first_day=1, last_month=7, last_day=31)
CHRISTMAS = QuietPeriod(name="Jul", first_month=12, first_day=23, last_month=1, last_day=6)
LEAP_DAY, LONG_MONTH = dt.date(2028, 2, 29), dt.date(2027, 8, 31)


def window(counts_from: dt.date, on: dt.date, *, months: int = 6, before: int = 1, after: int = 2) -> Window:
    return Window(
        round=Round(unit=Unit(name="Enhet")),
        number=1,
        planned=2,
        is_planned=True,
        is_last=False,
        counts_from=counts_from,
        months=months,
        opens_before=before,
        closes_after=after,
        routines_on=counts_from,
        earliest_on=counts_from,
        on=on,
    )


# --- Days off ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("year", range(2024, 2061))
def test_days_off_are_those_of_the_almanac(year: int) -> None:
    """Against a calendar that is reckoned in another way."""
    for number in range(366):
        day = dt.date(year, 1, 1) + number * ONE
        assert is_working_day(day, []) == specification_calendar.works(day, []), day
        periods = [(7, 1, 7, 31), (12, 23, 1, 6)]
        assert is_working_day(day, [SUMMER, CHRISTMAS]) == specification_calendar.works(day, periods), day


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (dt.date(2026, 12, 23), True),
        (dt.date(2026, 12, 24), False),
        (dt.date(2026, 12, 25), False),
        (dt.date(2026, 12, 28), True),
        (dt.date(2026, 12, 31), False),
        (dt.date(2027, 1, 1), False),
        (dt.date(2027, 1, 6), False),
        (dt.date(2027, 3, 26), False),  # långfredagen
        (dt.date(2027, 3, 29), False),  # annandag påsk
        (dt.date(2027, 5, 6), False),  # Kristi himmelsfärds dag
        (dt.date(2027, 5, 7), True),
        (dt.date(2027, 6, 24), True),
        (dt.date(2027, 6, 25), False),  # midsommarafton
        (dt.date(2028, 2, 29), True),  # a Tuesday
    ],
)
def test_day_is_known_to_be_a_day_off_or_not(day: dt.date, works: bool) -> None:
    assert is_working_day(day, []) == works


@given(DAYS)
@example(dt.date(2026, 12, 24))
@example(dt.date(2027, 3, 26))
def test_next_working_day_is_the_first_and_near(day: dt.date) -> None:
    found = next_working_day(day, [])
    assert found is not None
    assert is_working_day(found, [])
    assert 0 <= (found - day).days <= 5
    assert not any(is_working_day(day + number * ONE, []) for number in range((found - day).days))


@given(DAYS, st.sampled_from([SUMMER, CHRISTMAS]))
def test_quiet_period_ends_with_a_working_day_after_it(day: dt.date, period: QuietPeriod) -> None:
    found = next_working_day(day, [period])
    assert found is not None
    assert not period.covers(found)
    assert (found - day).days <= 31 + 5


def test_year_without_a_working_day_has_none() -> None:
    always = QuietPeriod(name="Alltid", first_month=1, first_day=1, last_month=12, last_day=31)
    assert next_working_day(dt.date(2027, 1, 1), [always]) is None


# --- Windows -----------------------------------------------------------------------------------------------------


@given(DAYS, st.integers(1, 14), st.integers(0, 1), st.integers(1, 12))
@example(LEAP_DAY, 12, 0, 1)
@example(LONG_MONTH, 6, 0, 1)
def test_days_of_a_window_are_counted_at_once_and_come_in_order(
    day: dt.date, months: int, before: int, after: int
) -> None:
    seen = window(day, day, months=months, before=before, after=after)
    assert seen.opens_on == months_after(day, months - before)
    assert seen.target_on == months_after(day, months)
    assert seen.closes_on == months_after(day, months + after)
    assert [seen.left_on(left) for left in range(after + 1)] == [
        months_after(day, months + after - left) for left in range(after + 1)
    ]
    assert seen.opens_on <= seen.target_on < seen.closes_on
    assert (seen.target_on.day, seen.closes_on.day) <= (day.day, day.day)


@given(DAYS, st.integers(0, 900), st.sampled_from([Recipient.COORDINATOR, Recipient.MANAGER, Recipient.SUPERIOR]))
@example(LEAP_DAY, 366, Recipient.COORDINATOR)
@example(LONG_MONTH, 181, Recipient.MANAGER)
def test_what_is_said_on_a_day_is_true_on_that_day(day: dt.date, later: int, role: Recipient) -> None:
    on = day + later * ONE
    seen = window(day, on)
    said = contact_subject(seen, DEFAULTS, heard_on=day, booked_on=None).called_for([role], DEFAULTS, on)
    if said is None:
        return
    assert said.on <= on
    truths = {
        RuleKind.OPENS: seen.opens_on <= on <= seen.closes_on,
        RuleKind.TWO_MONTHS_LEFT: months_after(on, 2) + 3 * ONE >= seen.closes_on > months_after(on, 1) - 4 * ONE,
        RuleKind.ONE_MONTH_LEFT: on <= seen.closes_on and months_after(on, 1) + 3 * ONE >= seen.closes_on,
        RuleKind.OVERDUE: on > seen.closes_on,
        RuleKind.ESCALATED: on > months_after(seen.closes_on, 3) - 4 * ONE,
    }
    assert truths[said.kind], (said, seen.opens_on, seen.closes_on, on)


@given(DAYS, st.sampled_from([[], [SUMMER, CHRISTMAS]]))
@settings(max_examples=60)
@example(dt.date(2026, 7, 24), [])
def test_daily_sweep_says_each_thing_once_and_on_a_working_day(day: dt.date, quiet: list[QuietPeriod]) -> None:
    """Whatever falls on a day off is said the next working day, unless something more urgent has come by then."""
    told: list[tuple[dt.date, dt.date]] = []
    for number in range(150, 600):
        on = day + number * ONE
        if not is_working_day(on, quiet):
            continue
        said = contact_subject(window(day, on), DEFAULTS, heard_on=day, booked_on=None).called_for(
            [Recipient.COORDINATOR], DEFAULTS, on
        )
        if said and said.on not in [since for since, _on in told]:
            told.append((said.on, on))
    for since, on in told:
        assert next_working_day(since, quiet) == on
    assert len(told) == 6 or quiet  # it opens; two, one left; late three times


# --- The same days in the database -------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("on", [*(dt.date(2024, 2, 25) + number * ONE for number in range(12)), dt.date(2025, 8, 31)])
def test_database_counts_months_as_python_does(unit: Unit, on: dt.date) -> None:
    stages.routines_done(unit, on)
    programme = Programme.current()
    [row] = queries.rounds_to_follow_up(programme)
    [seen] = queries.windows([row], programme, on)
    assert (row.window_opens_on, row.window_target_on, row.window_closes_on) == (
        seen.opens_on,
        seen.target_on,
        seen.closes_on,
    )
    assert seen.target_on == months_after(on, 6)


def test_four_years_of_days_are_the_same_in_the_database(db: None) -> None:
    """PostgreSQL adds an interval; 29 February and the 31st become the last day of a shorter month in both."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT day::date, months, (day + make_interval(0, months))::date
            FROM generate_series(date '2027-01-01', date '2030-12-31', '1 day') AS day, generate_series(1, 18) AS months
            """
        )
        rows = cursor.fetchall()
    assert len(rows) == 1461 * 18
    assert all(months_after(day, months) == there for day, months, there in rows)


NIGHTS = [dt.date(2027, 3, 28), dt.date(2027, 10, 31)]  # 23 hours and 25


@pytest.mark.django_db
@pytest.mark.parametrize("night", NIGHTS)
@pytest.mark.parametrize("minutes", range(-90, 1680, 45))
def test_meeting_in_a_night_with_another_length_is_on_the_day_that_the_clock_says(
    unit: Unit, coordinator: User, night: dt.date, minutes: int
) -> None:
    """The database, which finds the meetings, and the letter, which says when, agree on the day."""
    round_ = stages.routines_done(unit, dt.date(2026, 9, 1))
    midnight = dt.datetime.combine(night, dt.time(), tzinfo=STOCKHOLM).astimezone(dt.UTC)
    starts_at = midnight + dt.timedelta(minutes=minutes)
    Booking.objects.create(round=round_, number=1, starts_at=starts_at, booked_by=coordinator)
    day = starts_at.astimezone(STOCKHOLM).date()
    found = []
    for number in range(-10, 4):
        on = day + number * ONE
        for chunk in sources.meetings(Programme.current(), DEFAULTS, Period.day(on), None):
            for subject in chunk:
                said = subject.called_for([Recipient.MANAGER], DEFAULTS, on)
                assert said is not None
                assert subject.details["starts_at"].startswith(f"{day}T{starts_at.astimezone(STOCKHOLM):%H:%M}")
                found.append((on, said.on))
    assert found == [(day - ahead * ONE, day - 7 * ONE) for ahead in range(7, -1, -1)]
