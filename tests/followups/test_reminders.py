"""Who is reminded of what, and who is not."""

import datetime as dt

import pytest

from followups.actions import (
    Said,
    record_follow_up,
    record_not_held,
    sweep,
)
from followups.models import (
    Decision,
    DigestPause,
    Promise,
    Recipient,
    Reminder,
    ReminderRule,
    RuleKind,
)
from followups.queries import is_working_day
from jarfalla import clock
from tests import factories
from tests.followups import stages
from tests.followups.reminded import (
    CIA,
    CLOSES,
    DAY,
    ESCALATES,
    LATE,
    ONE_LEFT,
    OPENING,
    OPENS,
    SAM,
    STEP_3,
    TWO_LEFT,
    all_sent,
    booked,
    letters,
    said,
    to_working_day,
)
from units.actions import record_participation
from units.models import (
    Membership,
    MembershipRole,
    Participation,
    ParticipationState,
    Unit,
    User,
    UserRole,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("cast")]


# --- The window of a contact -------------------------------------------------------------------------------------


def test_day_before_the_window_opens_gives_nothing(unit: Unit) -> None:
    stages.routines_done(unit, STEP_3)
    run = sweep(OPENS - DAY)
    assert letters() == []
    assert run is not None
    assert (run.on, run.written, run.finished_at is None) == (OPENS - DAY, 0, False)


def test_opening_day_gives_coordinator_and_manager_a_letter_each(unit: Unit, coordinator: User, manager: User) -> None:
    round_ = stages.routines_done(unit, STEP_3)
    run = sweep(OPENS)
    assert run is not None
    assert run.written == 2
    assert {(row.recipient, row.unit) for row in letters()} == {(coordinator, unit), (manager, unit)}
    assert set(Reminder.objects.values_list("key", flat=True)) == {
        f"opens:contact:{round_.pk}:1:2024-10-22:{user.pk}" for user in (coordinator, manager)
    }


def test_each_occasion_of_a_window_is_said_once_and_to_whom_it_concerns(unit: Unit, superior: User) -> None:
    stages.routines_done(unit, STEP_3)
    expected: list[str] = []
    for day, new in [
        (OPENS, OPENING),
        (OPENS + DAY, []),
        (TWO_LEFT - DAY, []),
        (TWO_LEFT, [f"two_months_left {SAM}"]),
        (ONE_LEFT - DAY, []),  # a Sunday
        (ONE_LEFT, [f"one_month_left {CIA}", f"one_month_left {SAM}"]),
        (CLOSES, []),
        *((day, [f"overdue {SAM}"]) for day in LATE),
        (ESCALATES - DAY, []),
        (ESCALATES, ["escalated Rut Rektor"]),
        (ESCALATES + 200 * DAY, []),
    ]:
        sweep(day)
        all_sent()
        expected = sorted(expected + new)
        assert said() == expected, day


def test_outage_of_any_length_gives_one_letter_with_what_is_true_now(unit: Unit, superior: User) -> None:
    stages.routines_done(unit, STEP_3)
    sweep(OPENS - DAY)
    sweep(LATE[1] + 9 * DAY)
    assert said() == [f"overdue {SAM}"]
    assert Reminder.objects.get().occasion_on == dt.date(2025, 2, 23)


def test_nobody_further_up_hears_of_it_before_the_others_have_had_their_months(unit: Unit, superior: User) -> None:
    """A unit that comes back, or is registered with what it did long ago, has not been reminded before."""
    stages.routines_done(unit, STEP_3)
    back = dt.date(2026, 3, 16)
    Participation.objects.update(recorded_at=stages.noon(back))
    expected: list[str] = []
    for day, new in [
        (back, []),
        (back + DAY, [f"overdue {SAM}"]),
        (dt.date(2026, 4, 17), [f"overdue {SAM}"]),
        (dt.date(2026, 5, 18), [f"overdue {SAM}"]),
        (dt.date(2026, 6, 17), ["escalated Rut Rektor"]),
    ]:
        sweep(day)
        all_sent()
        expected = sorted(expected + new)
        assert said() == expected, day


def test_late_contact_with_a_time_that_has_passed_is_reminded_of_from_then(unit: Unit, superior: User) -> None:
    round_ = stages.routines_done(unit, STEP_3)
    booked(round_, dt.date(2025, 6, 2))
    sweep(dt.date(2025, 5, 30))
    all_sent()
    sweep(dt.date(2025, 6, 3))
    assert [kind for kind in said() if "meeting" not in kind] == [f"overdue {SAM}"]


def test_new_manager_of_a_late_unit_is_not_told_that_a_month_is_left(unit: Unit, manager: User) -> None:
    stages.routines_done(unit, STEP_3)
    manager.memberships.update(started_on=STEP_3, ended_on=clock.today())
    factories.staff(unit, name="Nya Chefen", role=MembershipRole.MANAGER)
    sweep(LATE[0])
    assert said() == [f"overdue {SAM}"]


def test_second_contact_has_its_own_window(unit: Unit, coordinator: User) -> None:
    round_ = stages.routines_done(unit, STEP_3)
    sweep(OPENS)
    all_sent()
    record_follow_up(
        round_, held_on=dt.date(2024, 11, 20), decision=Decision.GO_ON, by=coordinator, said=Said(process="yes")
    )
    sweep(CLOSES + DAY)
    assert said() == OPENING
    sweep(dt.date(2025, 4, 22))
    assert said() == sorted(OPENING * 2)


def test_contact_that_could_not_be_held_is_not_reminded_of(unit: Unit, coordinator: User) -> None:
    round_ = stages.routines_done(unit, STEP_3)
    record_not_held(round_, on=dt.date(2024, 12, 1), reason="Chefen var sjuk.", by=coordinator)
    sweep(LATE[0])
    assert said() == []


def test_more_support_brings_one_more_contact_after_the_last(unit: Unit, coordinator: User) -> None:
    """Counted from the contact before it: three months, so it opens after two."""
    round_ = stages.routines_done(unit, STEP_3)
    record_not_held(round_, on=dt.date(2024, 12, 1), reason="Chefen var sjuk.", by=coordinator)
    promise = Promise("Handledning", "Sam", dt.date(2027, 1, 1))
    day = dt.date(2025, 6, 2)
    record_follow_up(round_, held_on=day, decision=Decision.MORE_SUPPORT, by=coordinator, support_actions=[promise])
    sweep(dt.date(2025, 8, 1))
    assert said() == []
    sweep(dt.date(2025, 8, 4))  # the 2nd is a Saturday
    assert said() == OPENING


def test_booked_time_silences_the_window_until_it_has_passed(unit: Unit) -> None:
    round_ = stages.routines_done(unit, STEP_3)
    booked(round_, TWO_LEFT + 20 * DAY)
    sweep(OPENS)
    assert said() == []
    sweep(TWO_LEFT + 21 * DAY)
    assert said() == [f"opens {CIA}", f"two_months_left {SAM}"]
    assert all("var bokat den 12 december 2024" in row.text for row in letters())


def test_corrected_date_is_a_new_occasion(unit: Unit) -> None:
    round_ = stages.routines_done(unit, STEP_3)
    sweep(OPENS)
    all_sent()
    stages.redate_routines(round_, STEP_3 + 10 * DAY)
    sweep(OPENS + DAY)
    assert said() == OPENING
    sweep(OPENS + 20 * DAY)
    assert said() == sorted(OPENING * 2)


# --- What else is reminded of ------------------------------------------------------------------------------------


def test_booked_meeting_is_reminded_of_a_week_ahead(unit: Unit) -> None:
    round_ = stages.routines_done(unit, STEP_3)
    booking = booked(round_, dt.date(2024, 11, 28))
    sweep(dt.date(2024, 11, 20))
    assert said() == []
    sweep(dt.date(2024, 11, 21))
    assert said() == [f"meeting {CIA}", f"meeting {SAM}"]
    all_sent()
    booking.starts_at += dt.timedelta(days=1)
    booking.save()
    sweep(dt.date(2024, 11, 22))
    assert said() == [f"meeting {CIA}"] * 2 + [f"meeting {SAM}"] * 2


def test_meeting_of_a_contact_that_is_settled_is_not_reminded_of(unit: Unit, coordinator: User) -> None:
    round_ = stages.routines_done(unit, STEP_3)
    booked(round_, dt.date(2024, 11, 28))
    record_not_held(round_, on=dt.date(2024, 11, 20), reason="Chefen har slutat.", by=coordinator)
    sweep(dt.date(2024, 11, 22))
    assert said() == []


def test_late_support_action_is_reminded_of_once(unit: Unit, coordinator: User) -> None:
    round_ = stages.routines_done(unit, STEP_3)
    promise = Promise("Handledning i personalgruppen", "Sam", dt.date(2024, 12, 2))
    record_follow_up(
        round_,
        held_on=dt.date(2024, 11, 20),
        decision=Decision.MORE_SUPPORT,
        by=coordinator,
        support_actions=[promise],
    )
    for day in (dt.date(2024, 12, 2), dt.date(2024, 12, 3), dt.date(2024, 12, 4)):
        sweep(day)
        all_sent()
        assert said() == ([] if day.day == 2 else [f"support_action {SAM}"])


def test_new_manager_and_coordinator_are_told_who_takes_over(unit: Unit, manager: User, working_day: dt.date) -> None:
    Unit.objects.filter(pk=unit.pk).update(created_at=clock.now() - dt.timedelta(days=400))
    new = factories.staff(unit, name="Nya Chefen", role=MembershipRole.MANAGER)
    new.memberships.update(started_on=working_day - 3 * DAY)
    sweep(working_day)
    assert said() == ["new_manager Nya Chefen", f"new_manager {SAM}"]
    subjects = {row.recipient_name: row.subject for row in letters()}
    assert subjects == {
        "Nya Chefen": "Du är ny chef för Tallbackens förskola: så ligger ni till",
        SAM: "Ny chef: Tallbackens förskola",
    }
    text = next(row.text for row in letters() if row.recipient_name == SAM)
    assert "Nya Chefen är ny chef." in text


def test_new_manager_with_protected_data_is_named_to_nobody(unit: Unit, working_day: dt.date) -> None:
    Unit.objects.filter(pk=unit.pk).update(created_at=clock.now() - dt.timedelta(days=400))
    new = factories.staff(unit, name="Hemliga Chefen", role=MembershipRole.MANAGER)
    new.memberships.update(started_on=working_day - 3 * DAY)
    User.objects.filter(pk=new.pk).update(is_protected=True)
    sweep(working_day)
    assert said() == [f"new_manager {SAM}"]
    [letter] = letters()
    assert "Hemliga" not in letter.text + letter.html + letter.subject
    assert "har fått en ny chef" in letter.text


def test_manager_who_has_managed_the_unit_before_is_no_news(unit: Unit, manager: User, working_day: dt.date) -> None:
    Unit.objects.filter(pk=unit.pk).update(created_at=clock.now() - dt.timedelta(days=800))
    manager.memberships.update(ended_on=working_day - 100 * DAY)
    Membership.objects.create(unit=unit, user=manager, role=MembershipRole.MANAGER, started_on=working_day - 2 * DAY)
    sweep(working_day)
    assert said() == []


def test_round_in_which_nothing_happens_is_reminded_of_after_ninety_days(unit: Unit, working_day: dt.date) -> None:
    clock.move(clock.days_ahead() + 89)
    while not is_working_day(clock.today(), []) or clock.today() < working_day + 90 * DAY:
        clock.move(clock.days_ahead() + 1)
    sweep(clock.today())
    assert said() == [f"stalled {CIA}", f"stalled {SAM}"]
    assert letters()[0].subject == "Steg 1 har stått stilla: Tallbackens förskola"
    sweep(clock.today(), again=True)
    assert len(letters()) == 2


def test_unit_that_comes_back_from_a_pause_has_not_stood_still(unit: Unit, working_day: dt.date) -> None:
    record_participation(unit, state=ParticipationState.PAUSED, by=stages.someone())
    clock.move(clock.days_ahead() + 120)
    to_working_day()
    record_participation(unit, state=ParticipationState.TAKING_PART, by=stages.someone())
    sweep(clock.today())
    assert said() == []


# --- Who is not reminded -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [ParticipationState.PAUSED, ParticipationState.DECLINED])
def test_unit_that_does_not_take_part_gives_nothing(unit: Unit, state: ParticipationState) -> None:
    stages.routines_done(unit, STEP_3)
    record_participation(unit, state=state, by=stages.someone())
    sweep(OPENS)
    assert said() == []


def test_protected_and_closed_accounts_get_nothing(unit: Unit, superior: User) -> None:
    stages.routines_done(unit, STEP_3)
    User.objects.update(is_protected=True)
    factories.user(name="Slutat Samordna", role=UserRole.COORDINATOR, is_active=False)
    for day in (OPENS, LATE[0], ESCALATES):
        sweep(day)
    assert said() == []


def test_former_manager_gets_nothing(unit: Unit, manager: User) -> None:
    stages.routines_done(unit, STEP_3)
    manager.memberships.update(started_on=STEP_3, ended_on=clock.today())
    sweep(OPENS)
    assert said() == [f"opens {SAM}"]


def test_coordinator_who_manages_the_unit_gets_one_letter(unit: Unit, manager: User) -> None:
    stages.routines_done(unit, STEP_3)
    User.objects.filter(pk=manager.pk).update(role=UserRole.COORDINATOR)
    sweep(OPENS)
    assert said() == OPENING
    assert {row.subject for row in letters()} == {"Dags att boka uppföljningen med Tallbackens förskola"}


def test_rule_that_is_changed_holds_from_the_next_sweep(unit: Unit, coordinator: User) -> None:
    stages.routines_done(unit, STEP_3)
    ReminderRule.objects.create(kind=RuleKind.OPENS, is_on=False, to=Recipient.BOTH, changed_by=coordinator)
    ReminderRule.objects.create(kind=RuleKind.OVERDUE, to=Recipient.MANAGER, times=1, changed_by=coordinator)
    sweep(OPENS)
    assert said() == []
    sweep(LATE[0])
    assert said() == [f"overdue {CIA}"]


def test_paused_person_gets_only_what_was_agreed_and_the_rest_afterwards(unit: Unit, coordinator: User) -> None:
    round_ = stages.routines_done(unit, STEP_3)
    pause = DigestPause.objects.create(user=coordinator, ends_on=dt.date(2024, 12, 31))
    sweep(OPENS)
    assert said() == [f"opens {CIA}"]
    all_sent()
    booked(round_, dt.date(2024, 11, 28))
    sweep(dt.date(2024, 11, 22))
    assert said() == [f"meeting {CIA}", f"meeting {SAM}", f"opens {CIA}"]
    all_sent()
    pause.ended_at = clock.now()
    pause.save()
    sweep(dt.date(2024, 12, 30))
    assert f"one_month_left {SAM}" in said()
