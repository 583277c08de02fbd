"""The preview of the coming twelve months says what daily sweeps then bring, when nothing happens meanwhile."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from dateutil.relativedelta import relativedelta
from django.db import connection
from django.test.utils import CaptureQueriesContext

from followups.actions import sweep, sweep_if_due
from followups.models import Booking, DigestPause, Recipient, Reminder, RuleKind
from followups.queries import (
    DEFAULTS,
    SOURCES,
    Foreseen,
    Rule,
    current_rules,
    difference,
    preview,
    rounds_to_follow_up,
    sources,
    windows,
)
from jarfalla import clock
from jarfalla import reminding as all_reminders
from tests import factories
from tests.followups import stages
from tests.followups.reminded import CIA, DAY, SAM, all_sent, booked, to_working_day
from tests.followups.specification import Rules
from tests.followups.specification_calendar import ONE
from tests.followups.two_years import Municipality, today_is
from tests.planning import counted
from units.models import MembershipRole, Programme, QuietPeriod, Unit, User

pytestmark = pytest.mark.django_db

QUIET = [(7, 1, 7, 31), (12, 23, 1, 6)]


@pytest.fixture(autouse=True)
def _clock(settings: Any, tmp_path: Any) -> Iterator[None]:
    """The clock may be moved, and is put back; the sweep waits for no hour."""
    settings.DEMO, settings.VAR_DIR, settings.SWEEP_HOUR = True, tmp_path, 0
    yield
    clock.move(0)


def previewed(rules: dict[RuleKind, Rule] | None = None, **kwargs: Any) -> list[Foreseen]:
    return preview(SOURCES, Programme.current(), rules or current_rules(), clock.today(), **kwargs)


def lines(rows: list[Foreseen]) -> list[tuple[dt.date, str, str]]:
    return [(row.day, row.kind.value, row.recipient.name) for row in rows]


# --- One for one -------------------------------------------------------------------------------------------------


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("seed", "quiet"), [(1, QUIET), (3, [])])
def test_preview_is_what_a_year_of_sweeps_brings(seed: int, quiet: list[tuple[int, int, int, int]]) -> None:
    """After some months of trouble everybody takes a year off, and the worker goes on."""
    chance = Random(seed)
    start = dt.date(2027, 1, 1) + chance.randrange(700) * ONE
    today_is(start)
    place = Municipality(chance, Rules(quiet=quiet), units=30, start=start)
    for number in range(60):
        today_is(start + number * ONE)
        place.live(clock.today())
        sweep_if_due(all_reminders.SOURCES)
        all_sent()
    counted()
    today = clock.today() + ONE
    today_is(today)
    people_pause(chance, today)
    times_are_booked(chance, today)
    foreseen = preview(all_reminders.SOURCES, Programme.current(), current_rules(), today)
    before = Reminder.objects.count()
    while clock.today() < today + relativedelta(months=12):
        sweep_if_due(all_reminders.SOURCES)
        all_sent()
        today_is(clock.today() + ONE)
    sweep_if_due(all_reminders.SOURCES)
    written = Reminder.objects.order_by("pk")[before:].values_list("swept_on", "key", "kind", "recipient", "unit")
    told = [(row.day, row.key, row.kind.value, row.recipient.pk, row.unit.pk) for row in foreseen]
    assert sorted(told) == sorted(written)
    details = dict(Reminder.objects.values_list("key", "details"))
    assert all(details[row.key] == row.details for row in foreseen)
    # What nobody sees coming, or what few are promised, may be missing from a year.
    rare = {RuleKind.COVERAGE_FELL, RuleKind.NEW_MANAGER, RuleKind.SUPPORT_ACTION, RuleKind.TWO_MONTHS_LEFT}
    assert {row.kind for row in foreseen} >= {*RuleKind} - rare


def people_pause(chance: Random, today: dt.date) -> None:
    """Some have a pause that ends in the year, one of them a pause that does not end."""
    DigestPause.objects.all().delete()
    managers = list(User.objects.filter(email__startswith="chef", is_active=True).order_by("pk")[:20])
    for user in managers:
        DigestPause.objects.create(user=user, ends_on=today + chance.randrange(300) * ONE)
    DigestPause.objects.filter(user=managers[0]).update(ends_on=None)


def times_are_booked(chance: Random, today: dt.date) -> None:
    """Some of the next contacts get a time in the year."""
    rounds = rounds_to_follow_up(Programme.current()).order_by("pk")
    for window in windows(list(rounds)[:6], Programme.current(), today):
        Booking.objects.filter(round=window.round, cancelled_at__isnull=True).delete()
        booked(window.round, today + chance.randrange(1, 200) * ONE, number=window.number)


# --- What it takes into account ----------------------------------------------------------------------------------


@pytest.fixture
def opening(unit: Unit, coordinator: User, manager: User) -> Any:
    """The unit's round; its first window opens a week from now."""
    to_working_day()
    return stages.routines_done(unit, clock.today() + 7 * DAY - relativedelta(months=5))


def test_year_of_one_unit_is_told_by_day(opening: Any, superior: User) -> None:
    rows = previewed()
    kinds = [(row.kind.value, row.recipient.name) for row in rows]
    assert kinds == [
        ("opens", SAM),
        ("opens", CIA),
        ("two_months_left", SAM),
        ("one_month_left", SAM),
        ("one_month_left", CIA),
        ("overdue", SAM),
        ("overdue", SAM),
        ("overdue", SAM),
        ("escalated", "Rut Rektor"),
    ]
    assert [row.day for row in rows] == sorted(row.day for row in rows)
    assert {row.unit for row in rows} == {opening.unit}
    assert rows[0].details["opens_on"] == str(clock.today() + 7 * DAY)


def test_preview_ends_with_its_last_month(opening: Any) -> None:
    year = previewed()
    month = previewed(months=1)
    assert month == [row for row in year if row.day <= clock.today() + relativedelta(months=1)] != year


def test_what_has_been_said_is_not_said_again(opening: Any) -> None:
    clock.move(clock.days_ahead() + 14)
    to_working_day()
    rows = previewed()
    assert lines(rows[:2]) == [(clock.today(), "opens", SAM), (clock.today(), "opens", CIA)]
    sweep_if_due()
    assert previewed() == rows[2:]


def test_day_that_has_been_swept_brings_nothing_more(opening: Any) -> None:
    clock.move(clock.days_ahead() + 14)
    today = to_working_day()
    sweep(today)
    Reminder.objects.all().delete()
    assert previewed()[0].day > today


def test_reminder_of_a_sweep_that_died_is_still_to_come(opening: Any) -> None:
    clock.move(clock.days_ahead() + 14)
    today = to_working_day()
    rows = previewed()
    Reminder.objects.create(
        key=rows[0].key,
        kind=rows[0].kind,
        recipient=rows[0].recipient,
        unit=opening.unit,
        occasion_on=today,
        swept_on=today,
    )
    assert previewed() == rows


def test_booked_time_silences_the_window_until_it_has_passed(opening: Any) -> None:
    meeting = clock.today() + 40 * DAY
    booked(opening, meeting)
    rows = previewed()
    assert [row.kind for row in rows[:2]] == [RuleKind.MEETING, RuleKind.MEETING]
    assert rows[0].day >= meeting - 7 * DAY
    assert [row.kind for row in rows[2:4]] == [RuleKind.TWO_MONTHS_LEFT, RuleKind.OPENS]
    assert rows[2].day == rows[3].day > meeting


def test_pause_that_ends_brings_what_holds_then_and_one_without_end_brings_nothing(opening: Any, manager: User) -> None:
    pause = DigestPause.objects.create(user=manager, ends_on=clock.today() + 30 * DAY)
    mine = [row for row in previewed() if row.recipient == manager]
    assert [row.kind for row in mine] == [RuleKind.OPENS, RuleKind.ONE_MONTH_LEFT]
    assert mine[0].day > clock.today() + 30 * DAY
    pause.ends_on = None
    pause.save()
    assert [row for row in previewed() if row.recipient == manager] == []


def test_quiet_period_moves_what_it_covers(opening: Any) -> None:
    opens = clock.today() + 7 * DAY
    last = opens + 20 * DAY
    QuietPeriod.objects.create(
        name="Lugnt", first_month=opens.month, first_day=opens.day, last_month=last.month, last_day=last.day
    )
    assert previewed()[0].day > last


def test_rule_that_nobody_has_saved_can_be_tried(opening: Any) -> None:
    tried = {**DEFAULTS, RuleKind.OVERDUE: replace(DEFAULTS[RuleKind.OVERDUE], to=Recipient.BOTH, times=2)}
    overdue = [row.recipient.name for row in previewed(tried) if row.kind == RuleKind.OVERDUE]
    assert overdue == [SAM, CIA] * 2
    off = {**tried, RuleKind.OVERDUE: replace(tried[RuleKind.OVERDUE], is_on=False)}
    assert not [row for row in previewed(off) if row.kind == RuleKind.OVERDUE]
    assert Reminder.objects.count() == 0


def test_rule_that_counts_from_another_day_but_says_the_same_changes_nothing(unit: Unit, coordinator: User) -> None:
    """A unit that has been late for a year gets its one mail the same day, three times or four."""
    to_working_day()
    stages.routines_done(unit, clock.today() - 600 * DAY)
    tried = {**DEFAULTS, RuleKind.OVERDUE: replace(DEFAULTS[RuleKind.OVERDUE], times=4)}
    before, after = previewed(), previewed(tried)
    assert [row.kind for row in before if row.recipient == coordinator] == [RuleKind.OVERDUE]
    assert [row.key for row in before] != [row.key for row in after]
    assert difference(before, after) == ([], [])


def test_protected_and_closed_accounts_are_not_foreseen(opening: Any, unit: Unit, manager: User) -> None:
    for name, fields in (("Hedda Hemlig", {"is_protected": True}), ("Stina Stängd", {"is_active": False})):
        person = factories.staff(unit, name=name, role=MembershipRole.MANAGER)
        User.objects.filter(pk=person.pk).update(**fields)
    assert {row.recipient.name for row in previewed()} == {SAM, CIA}


def test_preview_of_some_units_is_their_part_of_all(opening: Any) -> None:
    other = factories.taking_part(factories.unit())
    stages.routines_done(other, stages.due())
    everything = previewed()
    assert previewed(units=[other.pk]) == [row for row in everything if row.unit == other] != everything


def test_preview_asks_as_often_for_three_units_as_for_one(opening: Any) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as captured:
            previewed()
        return len(captured)

    one = asked()
    for _number in range(2):
        stages.routines_done(factories.taking_part(factories.unit()), stages.due())
    assert asked() == one


def test_preview_in_many_chunks_is_the_same(opening: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for _number in range(4):
        stages.routines_done(factories.taking_part(factories.unit()), stages.due())
    whole = previewed()
    monkeypatch.setattr(sources, "CHUNK", 2)
    assert previewed() == whole
