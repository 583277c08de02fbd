"""Who is written to about a training, and what their calendars get."""

import datetime as dt
from typing import Any

import pytest

from courses import actions, queries
from courses.models import Invitation, Theme, Training
from jarfalla import clock
from tests import factories
from tests.calendars import read, read_event
from tests.conftest import SignIn
from tests.courses import rows
from tests.courses.invited import agenda, change, deliver, letters, tell, tell_and_deliver
from tests.courses.rows import DAY
from units.actions import end_membership
from units.models import Membership, MembershipRole, Message, Round, Unit, User
from units.models.message import MessageState

pytestmark = pytest.mark.django_db


@pytest.fixture
def round_(unit: Unit, manager: User) -> Round:
    """The unit's round; its manager is Cia Chef."""
    return factories.open_round(unit)


@pytest.fixture
def training(round_: Round, coordinator: User) -> Training:
    """A training two weeks from now that nobody has been written to about."""
    return rows.training(round_, by=coordinator)


# --- Who ----------------------------------------------------------------------------------------------------------


def test_booking_is_told_to_the_managers_once(training: Training, manager: User, member: User, outsider: User) -> None:
    assert not Message.objects.exists()  # nothing is written in the request
    for _ in range(3):
        tell(training)
    [message] = Message.objects.all()
    assert (message.recipient, message.key) == (manager, f"training:{training.pk}:0:{manager.pk}")
    training.refresh_from_db()
    assert training.told_sequence == 0
    assert list(queries.trainings_to_tell_of(clock.now())) == []


def test_all_staff_are_told_when_all_are_invited(
    unit: Unit, round_: Round, coordinator: User, manager: User, member: User, outsider: User
) -> None:
    protected, closed, former, leaving = rows.crew(unit, 4)
    User.objects.filter(pk=protected.pk).update(is_protected=True)
    User.objects.filter(pk=closed.pk).update(is_active=False)
    end_membership(former.memberships.get(), on=clock.today(), by=manager)
    leaving.memberships.update(ended_on=clock.today() + 3 * DAY)  # gone before the training
    training = rows.training(round_, by=coordinator)
    change(training, by=coordinator, invites_staff=True)
    tell(training)
    assert {message.recipient for message in Message.objects.all()} == {manager, member}


def test_training_for_two_units_is_told_to_both(
    unit: Unit, round_: Round, coordinator: User, manager: User, outsider: User
) -> None:
    other = factories.open_round(outsider.memberships.get().unit)
    [training] = actions.plan_trainings(
        [round_, other], times=[(clock.now() + DAY, None)], title="Tillsammans", by=coordinator
    )
    tell(training)
    [letter] = letters(outsider)
    assert letter.unit == other.unit
    assert "för Granbackens skola" in letter.text
    assert "För: Granbackens skola, Tallbackens förskola" in letter.text
    assert len(letters(manager)) == 1


@pytest.mark.parametrize("days", [-2, -0.01])
def test_training_whose_time_has_passed_is_told_to_nobody(
    round_: Round, manager: User, coordinator: User, days: float
) -> None:
    training = rows.training(round_, by=coordinator, days=days)
    tell(training)
    actions.cancel_training(training, reason="Ledaren blev sjuk", by=coordinator)
    tell(training)
    assert not Message.objects.exists()
    assert list(queries.trainings_to_tell_of(clock.now())) == []


def test_held_training_is_told_to_nobody(training: Training, manager: User, coordinator: User) -> None:
    actions.hold_training(training, on=clock.today(), by=coordinator)
    tell(training)
    assert not Message.objects.exists()


# --- What their calendars get ------------------------------------------------------------------------------------


def test_invitation_puts_the_training_in_the_calendar(
    training: Training, manager: User, coordinator: User, settings: Any
) -> None:
    settings.BASE_URL = "https://portalen.example"
    starts_at = clock.now().replace(microsecond=0) + 5 * DAY
    change(
        training,
        by=coordinator,
        title="Heder, skam; åäö\\n & <barn>",
        place="Aspnässalen,\nplan 2",
        meeting_url="https://meet.example/rum?a=1&b=2",
        starts_at=starts_at,
        ends_at=starts_at + dt.timedelta(hours=2),
    )
    tell_and_deliver(training)
    [letter] = letters(manager)
    assert read(letter.calendar).method == "REQUEST"
    event = read_event(letter.calendar)
    assert event.uid == f"utbildning-{training.pk}@portalen.example"
    assert (event.summary, event.location) == ("Heder, skam; åäö\\n & <barn>", "Aspnässalen,\nplan 2")
    assert (event.dtstart, event.dtend) == (starts_at, starts_at + dt.timedelta(hours=2))
    assert str(event.url) == f"https://portalen.example/utbildningar/{training.pk}/"
    assert "Möteslänk: https://meet.example/rum?a=1&b=2" in (event.description or "")
    assert event.organizer is not None
    assert str(event.organizer.uri).startswith("mailto:")
    assert [str(attendee.uri) for attendee in event.attendees] == [f"mailto:{manager.email}"]
    assert isinstance(event.dtstamp, dt.datetime)


def test_change_replaces_the_event_and_says_what_is_new(training: Training, manager: User, coordinator: User) -> None:
    tell_and_deliver(training)
    later = training.starts_at + DAY
    change(training, by=coordinator, starts_at=later, place="Biblioteket")
    tell_and_deliver(training)
    first, second = letters(manager)
    assert second.key == f"training:{training.pk}:1:{manager.pk}"
    assert read_event(first.calendar).uid == read_event(second.calendar).uid
    assert [read_event(message.calendar).sequence for message in (first, second)] == [0, 1]
    [event] = agenda(manager).coming()
    assert (event.dtstart, event.location) == (later.replace(microsecond=0), "Biblioteket")
    assert "Ny tid: " in second.text
    assert "Ny plats: Biblioteket. Tidigare: Aspnässalen." in second.text
    assert "Ny ledare" not in second.text


def test_change_that_calendars_do_not_care_about_is_told_to_nobody(
    training: Training, manager: User, coordinator: User
) -> None:
    tell_and_deliver(training)
    changed = change(training, by=coordinator, need="Trygghet", aim="Veta vad man gör", themes=[Theme.FGM])
    tell(training)
    assert changed.sequence == 0
    assert len(letters(manager)) == 1


def test_two_changes_before_the_worker_woke_are_one_letter(
    training: Training, manager: User, coordinator: User
) -> None:
    tell_and_deliver(training)
    change(training, by=coordinator, place="Biblioteket")
    change(training, by=coordinator, leader="Bo Ek")
    tell(training)
    _, letter = letters(manager)
    assert "Ny plats: Biblioteket. Tidigare: Aspnässalen." in letter.text
    assert "Ny ledare: Bo Ek. Tidigare: Eva Ledare." in letter.text
    assert read_event(letter.calendar).sequence == 2


def test_cancellation_strikes_the_event_out(training: Training, manager: User, coordinator: User) -> None:
    tell_and_deliver(training)
    actions.cancel_training(training, reason="Ledaren är sjuk", by=coordinator)
    tell_and_deliver(training)
    tell(training)
    first, second = letters(manager)
    calendar = read(second.calendar)
    assert calendar.method == "CANCEL"
    [event] = calendar.events
    assert (event.uid, event.status, event.sequence) == (read_event(first.calendar).uid, "CANCELLED", 1)
    assert agenda(manager).coming() == []
    assert "Varför: Ledaren är sjuk" in second.text


def test_training_cancelled_before_its_letter_left_sends_neither(
    training: Training, manager: User, coordinator: User
) -> None:
    tell(training)
    actions.cancel_training(training, reason="Fel dag", by=coordinator)
    tell(training)
    assert letters(manager) == []
    [stopped] = Message.objects.all()
    assert stopped.cancelled_reason == "Ett nyare mejl om utbildningen ersätter det här."


def test_training_changed_before_its_letter_left_sends_one_invitation(
    training: Training, manager: User, coordinator: User
) -> None:
    tell(training)
    change(training, by=coordinator, place="Biblioteket")
    tell_and_deliver(training)
    [letter] = letters(manager)
    assert letter.subject.startswith("Inbjudan: Heder i förskolan")
    assert "Tidigare" not in letter.text
    assert [event.location for event in agenda(manager).coming()] == ["Biblioteket"]


def test_letter_that_failed_is_replaced_too(training: Training, manager: User, coordinator: User) -> None:
    tell(training)
    Message.objects.update(failed_at=clock.now(), attempts=6)
    actions.cancel_training(training, reason="Fel dag", by=coordinator)
    tell(training)
    assert [message.state for message in Message.objects.all()] == [MessageState.CANCELLED]


def test_person_who_was_told_before_the_portal_kept_invitations_hears_of_a_change(
    training: Training, manager: User, coordinator: User
) -> None:
    Invitation.objects.create(training=training, user=manager)
    Training.objects.update(told_sequence=0)
    assert list(queries.trainings_to_tell_of(clock.now())) == []
    actions.cancel_training(training, reason="Sjukdom", by=coordinator)
    tell(training)
    assert [message.subject[:20] for message in letters(manager)] == ["Inställd utbildning:"]


# --- People who come and go --------------------------------------------------------------------------------------


def test_unit_that_is_taken_off_is_told_and_can_come_back(
    round_: Round, training: Training, manager: User, coordinator: User, outsider: User
) -> None:
    other = factories.open_round(outsider.memberships.get().unit)
    change(training, by=coordinator, rounds=[round_, other])
    tell_and_deliver(training)
    change(training, by=coordinator, rounds=[round_])
    tell_and_deliver(training)
    assert agenda(outsider).coming() == []
    assert letters(outsider)[-1].subject.startswith("Inbjudan gäller inte längre: Heder i förskolan")
    assert len(agenda(manager).coming()) == 1
    change(training, by=coordinator, rounds=[round_, other])
    tell_and_deliver(training)
    assert len(agenda(outsider).coming()) == 1
    assert [read_event(message.calendar).sequence for message in letters(outsider)] == [1, 2, 3]


def test_person_who_joins_the_unit_is_invited_by_the_periodic_task(
    unit: Unit, training: Training, manager: User, coordinator: User
) -> None:
    tell_and_deliver(training)
    factories.staff(unit, name="Ny Medarbetare")  # only managers are invited
    actions.send_all_invitations()
    assert Message.objects.count() == 1
    second = factories.staff(unit, name="Ny Chef", role=MembershipRole.MANAGER)
    actions.send_all_invitations()
    assert [message.subject[:9] for message in letters(second)] == ["Inbjudan:"]
    assert len(letters(manager)) == 1


def test_person_who_leaves_and_comes_back_has_a_calendar_that_is_right(
    unit: Unit, training: Training, manager: User, coordinator: User
) -> None:
    second = factories.staff(unit, role=MembershipRole.MANAGER)
    tell_and_deliver(training)
    end_membership(second.memberships.get(), on=clock.today(), by=manager)
    actions.send_all_invitations()
    deliver()
    assert agenda(second).coming() == []
    Membership.objects.create(unit=unit, user=second, role=MembershipRole.MANAGER)
    actions.send_all_invitations()
    deliver()
    assert len(agenda(second).coming()) == 1
    assert [read_event(message.calendar).sequence for message in letters(second)] == [0, 1, 2]
    change(training, by=coordinator, place="Biblioteket")
    tell_and_deliver(training)
    assert [event.location for event in agenda(second).coming()] == ["Biblioteket"]
    training.refresh_from_db()
    assert (training.sequence, len(letters(manager))) == (1, 2)  # the others heard nothing of it


def test_person_who_becomes_protected_gets_no_letter(training: Training, manager: User, coordinator: User) -> None:
    tell_and_deliver(training)
    User.objects.filter(pk=manager.pk).update(is_protected=True)
    actions.send_all_invitations()
    actions.cancel_training(training, reason="Sjukdom", by=coordinator)
    tell(training)
    assert len(letters(manager)) == 1
    assert not Invitation.objects.filter(cancelled_at__isnull=True).exists()
    assert list(queries.trainings_to_tell_of(clock.now())) == []


def test_outbox_shows_the_letters_of_a_training(training: Training, coordinator: User, sign_in: SignIn) -> None:
    tell(training)
    assert "Inbjudan: Heder i förskolan" in sign_in(coordinator).get("/utkorg/").content.decode()
