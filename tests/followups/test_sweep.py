"""The daily sweep: which letters it writes, and that it never writes one twice."""

import datetime as dt
from io import StringIO
from typing import Any

import pytest
from dateutil.relativedelta import relativedelta
from django.core.management import CommandError, call_command

from followups import actions, tasks
from followups.actions import cancel_outdated_reminders, sweep, sweep_if_due
from followups.models import SweepRun
from jarfalla import clock
from tests import factories
from tests.followups import stages
from tests.together import together
from units.actions import record_participation
from units.models import MembershipRole, Message, ParticipationState, Refused, Unit, User, UserRole
from units.models.message import MessageState

pytestmark = pytest.mark.django_db

STEP_3 = dt.date(2024, 5, 22)
OPENS, CLOSING, CLOSES = dt.date(2024, 11, 22), dt.date(2025, 4, 22), dt.date(2025, 5, 22)
DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def _cast(unit: Unit, coordinator: User, manager: User, member: User, reader: User) -> None:
    """A coordinator, and a unit with a manager and a member; a reader who must get nothing."""


def test_day_before_the_window_opens_gives_nothing(unit: Unit) -> None:
    stages.routines_done(unit, STEP_3)
    run = sweep(OPENS - DAY)
    assert stages.keys() == []
    assert run is not None
    assert (run.on, run.written, run.finished_at is None) == (OPENS - DAY, 0, False)


def test_opening_day_gives_coordinator_and_manager_different_letters(
    unit: Unit, coordinator: User, manager: User
) -> None:
    round_ = stages.routines_done(unit, STEP_3)
    run = sweep(OPENS)
    assert run is not None
    assert run.written == 2
    assert {message.key: message.unit for message in Message.objects.all()} == {
        f"follow_up_opens:{round_.pk}:2024-11-22:{coordinator.pk}": unit,
        f"follow_up_opens_unit:{round_.pk}:2024-11-22:{manager.pk}": unit,
    }


def test_later_days_add_one_letter_when_a_month_is_left_and_one_when_it_is_late(unit: Unit) -> None:
    stages.routines_done(unit, STEP_3)
    opening = ["opens Sam Samordnare", "opens_unit Cia Chef"]
    for day, expected in [
        (OPENS, opening),
        (OPENS + DAY, opening),
        (CLOSING - DAY, opening),
        (CLOSING, ["closing Sam Samordnare", *opening]),
        (CLOSES, ["closing Sam Samordnare", *opening]),
        (CLOSES + DAY, ["closing Sam Samordnare", *opening, "overdue Sam Samordnare"]),
        (CLOSES + 90 * DAY, ["closing Sam Samordnare", *opening, "overdue Sam Samordnare"]),
    ]:
        Message.objects.update(sent_at=clock.now())
        sweep(day)
        assert stages.keys() == expected, day


def test_three_days_of_outage_give_one_letter(unit: Unit) -> None:
    stages.routines_done(unit, STEP_3)
    sweep(OPENS - DAY)
    sweep(OPENS + 2 * DAY)
    assert stages.keys() == ["opens Sam Samordnare", "opens_unit Cia Chef"]


def test_long_outage_gives_only_the_most_urgent_letter(unit: Unit) -> None:
    stages.routines_done(unit, STEP_3)
    sweep(OPENS - DAY)
    sweep(CLOSES + DAY)
    assert stages.keys() == ["overdue Sam Samordnare"]


def test_same_day_twice_writes_nothing_new(unit: Unit) -> None:
    stages.routines_done(unit, STEP_3)
    first = sweep(OPENS)
    for again in (False, True):
        second = sweep(OPENS, again=again)
        assert second == first
        assert second is not None
        assert second.written == 2
    assert Message.objects.count() == 2
    assert SweepRun.objects.count() == 1


def test_corrected_date_is_a_new_occasion(unit: Unit) -> None:
    round_ = stages.routines_done(unit, STEP_3)
    sweep(OPENS)
    Message.objects.update(sent_at=clock.now())
    stages.redate_routines(round_, STEP_3 + 10 * DAY)
    sweep(OPENS + DAY)
    assert len(stages.keys()) == 2
    sweep(OPENS + 20 * DAY)
    assert stages.keys() == ["opens Sam Samordnare"] * 2 + ["opens_unit Cia Chef"] * 2


@pytest.mark.parametrize("state", [ParticipationState.PAUSED, ParticipationState.DECLINED])
def test_unit_that_does_not_take_part_gives_nothing(unit: Unit, state: ParticipationState) -> None:
    stages.routines_done(unit, STEP_3)
    record_participation(unit, state=state, by=stages.someone())
    sweep(OPENS)
    assert stages.keys() == []


def test_pause_cancels_what_waits_and_coming_back_reminds_again(unit: Unit, coordinator: User) -> None:
    stages.routines_done(unit, STEP_3)
    sweep(OPENS)
    record_participation(unit, state=ParticipationState.PAUSED, by=stages.someone())
    assert cancel_outdated_reminders(OPENS + DAY) == 2
    assert {message.state for message in Message.objects.all()} == {MessageState.CANCELLED}
    assert {message.cancelled_reason for message in Message.objects.all()} == {"Påminnelsen gäller inte längre."}
    record_participation(unit, state=ParticipationState.TAKING_PART, by=stages.someone())
    for day in (OPENS + 2 * DAY, OPENS + 3 * DAY):
        sweep(day)
        planned = Message.objects.in_state(MessageState.PLANNED)
        assert sorted(message.recipient_name for message in planned) == ["Cia Chef", "Sam Samordnare"]
    assert planned.get(recipient=coordinator).key.endswith(f":2024-11-22:{coordinator.pk}:2")


def test_letter_that_never_left_is_replaced_by_the_more_urgent_one(unit: Unit, coordinator: User) -> None:
    stages.routines_done(unit, STEP_3)
    sweep(OPENS)
    sweep(CLOSING)
    states = {message.key.split(":")[0]: message.state for message in Message.objects.filter(recipient=coordinator)}
    assert states == {"follow_up_opens": MessageState.CANCELLED, "follow_up_closing": MessageState.PLANNED}


def test_protected_and_closed_accounts_get_nothing(unit: Unit) -> None:
    stages.routines_done(unit, STEP_3)
    User.objects.update(is_protected=True)
    factories.user(name="Slutat Samordna", role=UserRole.COORDINATOR, is_active=False)
    sweep(OPENS)
    assert stages.keys() == []


def test_former_manager_gets_nothing(unit: Unit, manager: User) -> None:
    stages.routines_done(unit, STEP_3)
    manager.memberships.update(started_on=STEP_3, ended_on=clock.today())
    sweep(OPENS)
    assert stages.keys() == ["opens Sam Samordnare"]


def test_coordinator_who_manages_the_unit_gets_one_letter(unit: Unit, manager: User) -> None:
    stages.routines_done(unit, STEP_3)
    User.objects.filter(pk=manager.pk).update(role=UserRole.COORDINATOR)
    sweep(OPENS)
    assert stages.keys() == ["opens Cia Chef", "opens Sam Samordnare"]


def test_sweep_in_many_chunks_misses_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "CHUNK", 2)
    units = [factories.taking_part(factories.unit()) for _number in range(5)]
    for unit in units:
        stages.routines_done(unit, STEP_3)
    run = sweep(OPENS)
    assert run is not None
    assert run.written == 5
    assert {message.unit for message in Message.objects.all()} == set(units)


def test_unfinished_sweep_is_done_again(unit: Unit, settings: Any) -> None:
    settings.SWEEP_HOUR = 0
    stages.routines_done(unit, stages.due())
    SweepRun.objects.create(on=clock.today())
    tasks.sweep_if_due()
    assert len(stages.keys()) == 2
    assert SweepRun.objects.get().finished_at is not None


def test_sweep_waits_for_its_hour(unit: Unit, settings: Any) -> None:
    stages.routines_done(unit, stages.due())
    settings.SWEEP_HOUR = 24
    tasks.sweep_if_due()
    assert not SweepRun.objects.exists()
    settings.SWEEP_HOUR = 0
    tasks.sweep_if_due()
    assert SweepRun.objects.get().written == 2


def test_finished_day_is_left_alone(unit: Unit, settings: Any) -> None:
    settings.SWEEP_HOUR = 0
    sweep_if_due()
    stages.routines_done(unit, stages.due())
    assert sweep_if_due() is None
    assert stages.keys() == []


def test_wrong_letters_are_cancelled_between_sweeps(unit: Unit, settings: Any) -> None:
    settings.SWEEP_HOUR = 0
    stages.routines_done(unit, stages.due())
    tasks.sweep_if_due()
    record_participation(unit, state=ParticipationState.PAUSED, by=stages.someone())
    tasks.sweep_if_due()
    assert {message.state for message in Message.objects.all()} == {MessageState.CANCELLED}


def test_moved_clock_brings_the_reminder(unit: Unit, settings: Any, tmp_path: Any) -> None:
    settings.DEMO, settings.VAR_DIR, settings.SWEEP_HOUR = True, tmp_path, 0
    stages.routines_done(unit, clock.today())
    tasks.sweep_if_due()
    assert stages.keys() == []
    clock.move((clock.today() + relativedelta(months=6) - clock.today()).days)
    tasks.sweep_if_due()
    assert stages.keys() == ["opens Sam Samordnare", "opens_unit Cia Chef"]


def test_future_day_is_refused() -> None:
    with pytest.raises(Refused, match="Dagen har inte kommit än"):
        sweep(clock.today() + DAY)


def test_command_sweeps_again_and_says_how_many_letters_are_new(unit: Unit) -> None:
    stages.routines_done(unit, STEP_3)
    for _time in range(2):
        out = StringIO()
        call_command("sweep", "--on", "2024-11-22", stdout=out)
        assert out.getvalue() == "2024-11-22: 2 reminders in the outbox.\n"
    assert Message.objects.count() == 2
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
    assert Message.objects.count() == 10


@pytest.mark.django_db(transaction=True)
def test_sweep_beside_a_running_one_leaves_it_the_work(unit: Unit) -> None:
    stages.routines_done(unit, STEP_3)
    with actions._only_sweeper() as alone:
        assert alone
        assert together(1, lambda _number: sweep(OPENS)) == [None]
    assert stages.keys() == []
    sweep(OPENS)
    assert len(stages.keys()) == 2
