"""Bookings that do not stand: the unit pauses, step 3 is taken back, the time has passed."""

import pytest
from django.utils import translation
from django.utils.formats import date_format

from followups.actions import cancel_booking, record_follow_up, tell_of_bookings
from followups.models import Booking, Decision
from followups.queries import coming_bookings, fallen_because
from jarfalla import clock
from tests import factories
from tests.conftest import SignIn
from tests.followups import stages
from tests.followups.bookings import agenda, book, deliver, moment
from units.actions import complete_step, record_participation, withdraw_step
from units.models import MembershipRole, Message, ParticipationState, Round, Step, Unit, User

pytestmark = pytest.mark.django_db

STEP_4 = "/enheter/tallbackens-forskola/steg-4/"


@pytest.fixture
def round_(unit: Unit, manager: User) -> Round:
    """The unit's round, with its follow-up due; its manager is Cia Chef."""
    return stages.routines_done(unit, stages.due())


# --- A unit that pauses, a step 3 that is taken back ---------------------------------------------------------------


def answer(unit: Unit, state: ParticipationState, by: User) -> None:
    record_participation(unit, state=state, since=clock.today(), by=by)


@pytest.mark.parametrize("state", [ParticipationState.PAUSED, ParticipationState.DECLINED])
def test_booking_of_a_unit_that_pauses_is_struck_out_and_comes_back_with_the_unit(
    unit: Unit, round_: Round, coordinator: User, manager: User, state: ParticipationState
) -> None:
    booking = book(round_, coordinator)
    deliver()
    answer(unit, state, coordinator)
    for _tick in range(2):
        tell_of_bookings()
        deliver()
    assert agenda(manager).coming() == []
    letter = Message.objects.filter(recipient=manager).latest("pk")
    assert letter.subject.startswith("Uppföljningen med Tallbackens förskola gäller inte just nu: ")
    assert "Enheten deltar inte just nu." in letter.text
    for text in (letter.text, letter.html):
        assert "Enheten deltar inte just nu." in text
        assert "inte längre chef" not in text
        assert "får du en ny inbjudan" in text
    new = factories.staff(unit, name="Ny Chef", role=MembershipRole.MANAGER)
    tell_of_bookings()
    assert not Message.objects.filter(recipient=new, key__startswith="booking:").exists()
    answer(unit, ParticipationState.TAKING_PART, coordinator)
    for _tick in range(2):
        tell_of_bookings()
        deliver()
    for user in (manager, new):
        assert [event.dtstart for event in agenda(user).coming()] == [booking.starts_at]
    assert Message.objects.filter(recipient=manager, key__startswith="booking:").count() == 3


def test_booking_falls_with_step_3_and_comes_back_with_it(round_: Round, coordinator: User, manager: User) -> None:
    book(round_, coordinator)
    deliver()
    withdraw_step(round_.standing()[Step.ROUTINES], reason="Fel datum.", by=coordinator)
    tell_of_bookings()
    assert "Steg 3 är återtaget." in Message.objects.filter(recipient=manager).latest("pk").text
    deliver()
    assert agenda(manager).coming() == []
    complete_step(round_, Step.ROUTINES, on=stages.due(), by=coordinator)
    tell_of_bookings()
    deliver()
    assert [event.dtstart for event in agenda(manager).coming()] == [moment()]


def test_unit_that_pauses_before_anybody_heard_of_the_booking_is_silence(
    unit: Unit, round_: Round, coordinator: User, manager: User
) -> None:
    book(round_, coordinator)
    answer(unit, ParticipationState.PAUSED, coordinator)
    tell_of_bookings()
    waiting = Message.objects.unfinished().filter(recipient=manager, key__startswith="booking:")
    assert not waiting.filter(cancelled_at__isnull=True).exists()


def test_called_off_during_a_pause_is_said_once(unit: Unit, round_: Round, coordinator: User, manager: User) -> None:
    booking = book(round_, coordinator)
    deliver()
    answer(unit, ParticipationState.PAUSED, coordinator)
    tell_of_bookings()
    deliver()
    before = Message.objects.filter(recipient=manager).count()
    cancel_booking(booking, reason="Enheten pausar.", by=coordinator)
    tell_of_bookings()
    assert Message.objects.filter(recipient=manager).count() == before
    answer(unit, ParticipationState.TAKING_PART, coordinator)
    tell_of_bookings()
    deliver()
    assert agenda(manager).coming() == []


def test_coming_are_those_that_stand_and_why_says_the_same_of_each(
    unit: Unit, round_: Round, coordinator: User
) -> None:
    booking = book(round_, coordinator)
    for state, why in (
        (ParticipationState.PAUSED, "Enheten deltar inte just nu."),
        (ParticipationState.TAKING_PART, ""),
        (ParticipationState.DECLINED, "Enheten deltar inte just nu."),
        (ParticipationState.TAKING_PART, ""),
    ):
        answer(unit, state, coordinator)
        assert fallen_because(booking) == why
        assert coming_bookings(clock.now()).exists() == (not why)
    withdraw_step(round_.standing()[Step.ROUTINES], reason="Fel datum.", by=coordinator)
    assert fallen_because(booking) == "Steg 3 är återtaget."
    assert not coming_bookings(clock.now()).exists()


@pytest.mark.parametrize("way", ["paused", "step 3"])
def test_booking_that_does_not_stand_is_no_coming_one_on_any_page_and_can_be_called_off(
    unit: Unit, round_: Round, coordinator: User, manager: User, sign_in: SignIn, way: str
) -> None:
    booking = book(round_, coordinator, days=2)
    if way == "paused":
        answer(unit, ParticipationState.PAUSED, coordinator)
    else:
        withdraw_step(round_.standing()[Step.ROUTINES], reason="Fel datum.", by=coordinator)
    client = sign_in(coordinator)
    html = client.get(STEP_4).content.decode()
    assert "Bokad tid" not in html
    assert "Samtalet gäller inte just nu" in html
    assert f'href="{STEP_4}avboka/"' in html
    assert client.get(f"{STEP_4}samtal.ics").status_code == 404
    for page in ("/", "/uppfoljningar/", unit.get_absolute_url()):
        shown = client.get(page).content.decode()
        assert "Uppföljningen är bokad" not in shown
        assert "Bokat:" not in shown
    response = client.post(f"{STEP_4}avboka/", {"reason": "Enheten pausar."}, follow=True)
    assert "Samtalet är avbokat." in response.content.decode()
    booking.refresh_from_db()
    assert booking.cancelled_reason == "Enheten pausar."
    assert "Avboka" not in client.get(STEP_4).content.decode()
    assert "Samtalet gäller inte just nu" not in sign_in(manager).get(STEP_4).content.decode()


def test_time_of_a_contact_that_was_held_is_not_called_off(round_: Round, coordinator: User, sign_in: SignIn) -> None:
    booking = book(round_, coordinator)
    Booking.objects.update(starts_at=moment(-1))
    record_follow_up(round_, held_on=clock.today(), decision=Decision.GO_ON, by=coordinator)
    response = sign_in(coordinator).post(f"{STEP_4}avboka/", {"reason": "Misstag."}, follow=True)
    assert "Inget samtal är bokat." in response.content.decode()
    booking.refresh_from_db()
    assert booking.cancelled_at is None


def test_pages_agree_that_a_booked_time_has_passed(
    unit: Unit, round_: Round, coordinator: User, manager: User, sign_in: SignIn
) -> None:
    book(round_, coordinator)
    Booking.objects.update(starts_at=moment(-1))
    for user in (coordinator, manager):
        client = sign_in(user)
        assert "(har varit)" in client.get(STEP_4).content.decode()
        assert "(har varit)" in client.get("/uppfoljningar/").content.decode()
        page = client.get(unit.get_absolute_url()).content.decode()
        assert "Hölls uppföljningen?" in page
        assert "Boka uppföljningen" not in page
    assert "behöver du inte göra något" in client.get(STEP_4).content.decode()


@pytest.mark.parametrize("way", ["held", "back"])
def test_reason_is_in_swedish_whatever_language_the_coordinator_reads(
    round_: Round, coordinator: User, way: str
) -> None:
    booking = book(round_, coordinator)
    decision = Decision.BACK_TO_ROUTINES if way == "back" else Decision.GO_ON
    with translation.override("en"):
        follow_up = record_follow_up(round_, held_on=clock.today(), decision=decision, by=coordinator)
    booking.refresh_from_db()
    assert booking.cancelled_reason == f"Samtalet hölls den {date_format(clock.today(), 'j F Y')}."
    if way == "back":
        withdrawn = round_.completions.get(step=Step.ROUTINES)
        said = f"Uppföljningen den {date_format(clock.today(), 'j F Y')}: {follow_up.get_decision_display().lower()}."
        assert withdrawn.withdrawn_reason == said
