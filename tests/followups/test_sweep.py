"""When the sweep runs, and that it never says a thing twice."""

import datetime as dt
from io import StringIO
from typing import Any

import pytest
from dateutil.relativedelta import relativedelta
from django.core.management import CommandError, call_command
from django.db import DataError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from followups.actions import (
    sweep,
    sweep_if_due,
    sweeping,
)
from followups.models import (
    Reminder,
    RuleKind,
    SweepRun,
)
from followups.queries import is_heart_beating, is_working_day, next_working_day, sources
from jarfalla import clock
from tests import factories
from tests.followups import stages
from tests.followups.reminded import (
    DAY,
    LATE,
    OPENING,
    OPENS,
    STEP_3,
    all_sent,
    letters,
    said,
    to_working_day,
)
from tests.together import together
from units.actions import record_participation
from units.models import (
    MembershipRole,
    Message,
    ParticipationState,
    QuietPeriod,
    Refused,
    Step,
    Unit,
    User,
)
from units.models.message import MessageState

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("cast")]


# --- Days --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step_3", "said_on"),
    [
        (dt.date(2024, 6, 5), dt.date(2024, 11, 5)),  # a Tuesday
        (dt.date(2024, 7, 2), dt.date(2024, 12, 2)),
        (dt.date(2024, 7, 24), dt.date(2024, 12, 27)),  # Christmas Eve
        (dt.date(2024, 11, 18), dt.date(2025, 4, 22)),  # Good Friday to Easter Monday
        (dt.date(2025, 1, 20), dt.date(2025, 6, 23)),  # the Friday of midsummer
        (dt.date(2024, 8, 31), dt.date(2025, 1, 31)),
        (dt.date(2024, 9, 30), dt.date(2025, 2, 28)),
    ],
)
def test_day_off_moves_the_reminder_to_the_next_working_day(unit: Unit, step_3: dt.date, said_on: dt.date) -> None:
    stages.routines_done(unit, step_3)
    day = said_on - 7 * DAY
    while not said():
        sweep(day)
        day += DAY
    assert day - DAY == said_on


def test_quiet_period_holds_reminders_until_it_is_over(unit: Unit) -> None:
    QuietPeriod.objects.create(name="Jul", first_month=12, first_day=15, last_month=1, last_day=6)
    stages.routines_done(unit, dt.date(2024, 7, 18))
    for day in range(20):
        sweep(dt.date(2024, 12, 18) + day * DAY)
    assert said() == []
    assert SweepRun.objects.filter(finished_at__isnull=False).count() == 20
    sweep(dt.date(2025, 1, 7))
    assert said() == OPENING


# --- When it runs ------------------------------------------------------------------------------------------------


def test_sweep_in_many_chunks_misses_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "CHUNK", 2)
    monkeypatch.setattr(sweeping, "LETTERS", 2)
    units = [factories.taking_part(factories.unit()) for _number in range(5)]
    for row in units:
        factories.staff(row, role=MembershipRole.MANAGER)
        stages.routines_done(row, STEP_3)
    run = sweep(OPENS)
    assert run is not None
    assert run.written == 10
    assert {message.unit for message in letters() if message.unit} == set(units)


def test_sweep_asks_as_often_for_three_units_as_for_one(unit: Unit) -> None:
    def asked(day: dt.date) -> int:
        with CaptureQueriesContext(connection) as captured:
            sweep(day)
        return len(captured)

    stages.routines_done(unit, STEP_3)
    one = asked(OPENS)
    for _number in range(2):
        other = factories.taking_part(factories.unit())
        factories.staff(other, role=MembershipRole.MANAGER)
        stages.routines_done(other, STEP_3)
    all_sent()
    Reminder.objects.all().delete()
    assert asked(OPENS + DAY) == one


def test_unfinished_sweep_is_done_again(unit: Unit, working_day: dt.date) -> None:
    """What it had found is found anew, if it still holds; what no letter said yet is not lost, and not said wrongly."""
    stages.routines_done(unit, working_day - relativedelta(months=5, days=3))
    SweepRun.objects.create(on=working_day)
    for key in ("gone", "lost"):
        Reminder.objects.create(
            key=key,
            kind=RuleKind.OVERDUE,
            recipient=stages.someone(),
            unit=unit,
            occasion_on=working_day,
            swept_on=working_day,
        )
    sweep_if_due()
    assert said() == OPENING
    assert Reminder.objects.count() == 2
    assert SweepRun.objects.get().finished_at is not None


def test_sweep_waits_for_its_hour(unit: Unit, working_day: dt.date, settings: Any) -> None:
    stages.routines_done(unit, working_day - relativedelta(months=5, days=3))
    settings.SWEEP_HOUR = 24
    sweep_if_due()
    assert not SweepRun.objects.exists()
    settings.SWEEP_HOUR = 0
    sweep_if_due()
    assert SweepRun.objects.get().written == 2


def test_finished_day_is_left_alone(unit: Unit, working_day: dt.date) -> None:
    sweep_if_due()
    stages.routines_done(unit, working_day - relativedelta(months=5, days=3))
    assert sweep_if_due() is None
    assert said() == []


def test_wrong_letters_are_cancelled_between_sweeps(unit: Unit, working_day: dt.date) -> None:
    stages.routines_done(unit, working_day - relativedelta(months=5, days=3))
    sweep_if_due()
    record_participation(unit, state=ParticipationState.PAUSED, by=stages.someone())
    sweep_if_due()
    assert {message.state for message in letters()} == {MessageState.CANCELLED}


def test_what_a_cancelled_letter_also_said_is_said_although_the_worker_died_in_between(
    unit: Unit, working_day: dt.date
) -> None:
    stages.routines_done(unit, working_day - relativedelta(months=5, days=3))
    sweep_if_due()
    Message.objects.filter(key__startswith="reminders:").update(cancelled_at=clock.now(), cancelled_reason="x")
    Reminder.objects.update(message=None)
    sweep_if_due()
    assert said(MessageState.PLANNED) == OPENING
    assert SweepRun.objects.count() == 1


def test_letter_that_waits_does_not_leave_on_a_day_off(unit: Unit, working_day: dt.date) -> None:
    stages.routines_done(unit, working_day - relativedelta(months=5, days=3))
    sweep_if_due()
    before = [row.not_before for row in letters()]
    while is_working_day(clock.today(), []):
        sweep_if_due()
        assert [row.not_before for row in letters()] == before
        clock.move(clock.days_ahead() + 1)
    opens = next_working_day(clock.today(), [])
    assert opens is not None
    sweep_if_due()
    assert {timezone.localdate(row.not_before) for row in letters()} == {opens}
    assert not Message.objects.filter(key__startswith="reminders:").due().exists()


def test_moved_clock_brings_the_reminder(unit: Unit, working_day: dt.date) -> None:
    stages.routines_done(unit, working_day)
    sweep_if_due()
    assert said() == []
    clock.move(clock.days_ahead() + 32 * 5)
    to_working_day()
    sweep_if_due()
    assert said() == OPENING


def test_heartbeat_stops_when_no_sweep_has_finished_for_26_hours(working_day: dt.date) -> None:
    now = clock.now()
    sweep(working_day)
    run = SweepRun.objects.get()
    run.finished_at = now - dt.timedelta(hours=26)
    run.save()
    assert is_heart_beating(now)
    assert not is_heart_beating(now + dt.timedelta(minutes=1))


def test_portal_without_any_sweep_has_26_hours_to_make_the_first() -> None:
    now = clock.now()
    assert is_heart_beating(now)
    assert not is_heart_beating(now + dt.timedelta(hours=27))


def test_future_day_is_refused() -> None:
    with pytest.raises(Refused, match="Dagen har inte kommit än"):
        sweep(clock.today() + DAY)


def test_command_sweeps_again_and_says_how_many_reminders_there_are(unit: Unit) -> None:
    stages.routines_done(unit, STEP_3)
    for _time in range(2):
        out = StringIO()
        call_command("sweep", "--on", "2024-10-22", stdout=out)
        assert out.getvalue() == "2024-10-22: 2 reminders in the outbox.\n"
    assert len(letters()) == 2
    with pytest.raises(CommandError, match="Dagen har inte kommit än"):
        call_command("sweep", "--on", str(clock.today() + DAY))


@pytest.mark.django_db(transaction=True)
def test_sweeps_at_once_write_one_set(unit: Unit, coordinator: User) -> None:
    for number in range(5):
        other = factories.taking_part(factories.unit())
        factories.staff(other, name=f"Chef {number}", role=MembershipRole.MANAGER)
        stages.routines_done(other, STEP_3)
    runs = together(4, lambda _number: sweep(OPENS))
    assert any(runs)
    assert SweepRun.objects.get().written == 10
    assert len(letters()) == 6  # five managers, and one digest


@pytest.mark.django_db(transaction=True)
def test_letters_at_once_say_each_reminder_once(unit: Unit, coordinator: User) -> None:
    """The lock on the sweep spares work; what keeps a reminder out of two letters is the lock on the person."""
    for _number in range(5):
        stages.routines_done(factories.taking_part(factories.unit()), STEP_3)
    sweep(OPENS)
    Reminder.objects.update(message=None)
    Message.objects.all().delete()
    together(4, lambda _number: sweeping.write_letters(OPENS))
    planned = [row for row in letters() if row.state == MessageState.PLANNED]
    assert [row.reminders.count() for row in planned] == [5]


@pytest.mark.django_db(transaction=True)
def test_sweep_beside_a_running_one_leaves_it_the_work(unit: Unit) -> None:
    stages.routines_done(unit, STEP_3)
    with sweeping._only_sweeper() as alone:
        assert alone
        assert together(1, lambda _number: sweep(OPENS)) == [None]
    assert said() == []
    sweep(OPENS)
    assert len(letters()) == 2


@pytest.mark.django_db(transaction=True)
def test_sweep_that_breaks_its_transaction_says_what_went_wrong_and_lets_go(unit: Unit) -> None:
    stages.routines_done(unit, STEP_3)
    with pytest.raises(DataError, match="division by zero"), transaction.atomic(), sweeping._only_sweeper():
        connection.cursor().execute("SELECT 1 / 0")
    [run] = together(1, lambda _number: sweep(OPENS))
    assert run is not None


def test_step_done_before_step_3_does_not_matter(unit: Unit) -> None:
    """A unit that has not come so far has no window at all."""
    assert Step.ROUTINES not in factories.open_round(unit).standing()
    sweep(LATE[0])
    assert said() == []
