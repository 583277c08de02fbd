"""Contacts are booked, booked again and called off, and what the managers' calendars get."""

import datetime as dt

import pytest

from followups.actions import book_contact, cancel_booking, record_follow_up, record_not_held, tell_of_bookings
from followups.mail import said_in
from followups.models import Booking, Decision
from followups.queries import next_working_day
from jarfalla import clock
from tests import factories
from tests.calendars import read
from tests.conftest import SignIn
from tests.followups import stages
from tests.followups.bookings import agenda, book, deliver, moment, subjects
from tests.together import together
from units.actions import complete_step, end_membership
from units.models import (
    MembershipRole,
    Message,
    Refused,
    Round,
    Step,
    StepBlocked,
    Unit,
    User,
)
from units.models.message import MessageState

pytestmark = pytest.mark.django_db

STEP_4 = "/enheter/tallbackens-forskola/steg-4/"


@pytest.fixture
def round_(unit: Unit, manager: User) -> Round:
    """The unit's round, with its follow-up due; its manager is Cia Chef."""
    return stages.routines_done(unit, stages.due())


# --- The row ------------------------------------------------------------------------------------------------------


def test_booking_is_a_row_and_a_letter_with_an_invitation(
    round_: Round, coordinator: User, manager: User, member: User, outsider: User
) -> None:
    booking = book(round_, coordinator, minutes=45, place="08-580 285 00")
    assert (booking.number, booking.minutes, booking.sequence, booking.booked_by) == (1, 45, 0, coordinator)
    [letter] = Message.objects.all()
    assert (letter.recipient, letter.unit) == (manager, round_.unit)
    assert letter.subject.startswith("Uppföljning med Tallbackens förskola: ")
    assert "08-580 285 00" in letter.text
    calendar = read(letter.calendar)
    [event] = calendar.events
    assert calendar.method == "REQUEST"
    assert (event.dtstart, event.dtend) == (moment(), moment() + dt.timedelta(minutes=45))
    assert [attendee.uri for attendee in event.attendees] == [f"mailto:{manager.email}"]


def test_same_booking_again_changes_nothing(round_: Round, coordinator: User) -> None:
    first = book(round_, coordinator)
    again = book(round_, coordinator)
    assert (again, again.sequence) == (first, 0)
    assert Message.objects.count() == 1


def test_booked_again_is_the_same_row_and_moves_in_the_calendar(
    round_: Round, coordinator: User, manager: User
) -> None:
    first = book(round_, coordinator)
    deliver()
    again = book(round_, coordinator, days=12)
    assert (again.pk, again.sequence) == (first.pk, 1)
    deliver()
    assert subjects(manager) == ["Uppföljning med Tallbackens förskola", "Ändrad uppföljning med Tallbackens förskola"]
    [event] = agenda(manager).coming()
    assert (event.dtstart, event.sequence) == (moment(12), 1)


def test_change_before_the_first_letter_has_gone_is_one_letter(round_: Round, coordinator: User, manager: User) -> None:
    book(round_, coordinator)
    book(round_, coordinator, days=12)
    assert subjects(manager) == ["Uppföljning med Tallbackens förskola"]
    assert [row.state for row in Message.objects.order_by("pk")] == [MessageState.CANCELLED, MessageState.PLANNED]
    deliver()
    assert [event.dtstart for event in agenda(manager).coming()] == [moment(12)]


def test_called_off_is_struck_out_with_its_reason(round_: Round, coordinator: User, manager: User) -> None:
    booking = book(round_, coordinator)
    deliver()
    cancel_booking(booking, reason="Chefen är sjuk.", by=coordinator)
    deliver()
    assert agenda(manager).coming() == []
    assert "Chefen är sjuk." in Message.objects.latest("pk").text
    [event] = read(Message.objects.latest("pk").calendar).events
    assert event.summary == "Avbokad: uppföljning med Tallbackens förskola"
    again = cancel_booking(booking, reason="Något annat.", by=coordinator)
    assert again.cancelled_reason == "Chefen är sjuk."
    new = book(round_, coordinator, days=20)
    assert new != booking
    deliver()
    assert [event.dtstart for event in agenda(manager).coming()] == [moment(20)]


def test_called_off_before_anybody_heard_of_it_is_silence(round_: Round, coordinator: User, manager: User) -> None:
    cancel_booking(book(round_, coordinator), reason="Fel enhet.", by=coordinator)
    assert subjects(manager) == []


def test_refusals(round_: Round, coordinator: User, manager: User, unit: Unit) -> None:
    with pytest.raises(Refused, match="Det här gör samordnaren"):
        book(round_, manager)
    with pytest.raises(Refused, match="Tiden har redan varit"):
        book(round_, coordinator, days=-1)
    with pytest.raises(Refused, match="mer än två år bort"):
        book(round_, coordinator, days=800)
    with pytest.raises(StepBlocked, match="Samtal 1 kommer först"):
        book(round_, coordinator, number=2)
    booking = book(round_, coordinator)
    with pytest.raises(Refused, match="Det här gör samordnaren"):
        cancel_booking(booking, reason="Nej.", by=manager)
    with pytest.raises(Refused, match="Skriv varför samtalet avbokas"):
        cancel_booking(booking, reason=" ", by=coordinator)
    assert Booking.objects.filter(cancelled_at__isnull=True).count() == 1


def test_contact_before_step_3_is_not_booked(unit: Unit, coordinator: User) -> None:
    with pytest.raises(StepBlocked, match="Steg 1, webbkurs, måste vara klart först"):
        book(factories.open_round(unit), coordinator)


@pytest.mark.parametrize("way", ["held", "not_held", "back"])
def test_time_that_has_not_come_is_called_off_when_the_contact_is_over(
    round_: Round, coordinator: User, manager: User, way: str
) -> None:
    booking = book(round_, coordinator)
    deliver()
    if way == "not_held":
        record_not_held(round_, on=clock.today(), reason="Chefen slutade.", by=coordinator)
    else:
        decision = Decision.BACK_TO_ROUTINES if way == "back" else Decision.GO_ON
        record_follow_up(round_, held_on=clock.today(), decision=decision, by=coordinator)
    booking.refresh_from_db()
    assert booking.cancelled_at is not None
    deliver()
    assert agenda(manager).coming() == []


def test_time_that_has_been_stays_when_the_contact_is_held(round_: Round, coordinator: User, manager: User) -> None:
    booking = book(round_, coordinator)
    Booking.objects.update(starts_at=moment(-1))
    record_follow_up(round_, held_on=clock.today(), decision=Decision.GO_ON, by=coordinator)
    booking.refresh_from_db()
    assert booking.cancelled_at is None
    assert book(round_, coordinator, days=150).number == 2


def test_after_going_back_the_first_contact_can_be_booked_again(round_: Round, coordinator: User) -> None:
    book(round_, coordinator)
    Booking.objects.update(starts_at=moment(-1))
    record_follow_up(round_, held_on=clock.today(), decision=Decision.BACK_TO_ROUTINES, by=coordinator)
    again = factories.open_round(round_.unit)
    complete_step(again, Step.ROUTINES, on=clock.today(), by=coordinator)
    assert book(again, coordinator).number == 1


# --- Who hears of it ----------------------------------------------------------------------------------------------


def test_new_manager_is_invited_and_who_left_has_it_struck_out(
    unit: Unit, round_: Round, coordinator: User, manager: User
) -> None:
    book(round_, coordinator)
    deliver()
    end_membership(manager.memberships.get(), on=clock.today(), by=coordinator)
    new = factories.staff(unit, name="Ny Chef", role=MembershipRole.MANAGER)
    for _time in range(2):
        tell_of_bookings()
        Message.objects.exclude(key__startswith="booking:").delete()
    deliver()
    assert agenda(manager).coming() == []
    assert [event.dtstart for event in agenda(new).coming()] == [moment()]
    assert (len(subjects(manager)), len(subjects(new))) == (2, 1)
    letter = Message.objects.filter(recipient=manager).latest("pk")
    assert letter.subject.startswith("Uppföljningen med Tallbackens förskola gäller inte längre dig: ")
    assert "inte längre chef" in letter.text
    assert "avbok" not in (letter.subject + letter.text).lower()


def test_manager_who_comes_back_has_it_again(round_: Round, unit: Unit, coordinator: User, manager: User) -> None:
    book(round_, coordinator)
    deliver()
    membership = manager.memberships.get()
    for ended_on in (clock.today() - dt.timedelta(days=1), None):
        type(membership).objects.filter(pk=membership.pk).update(ended_on=ended_on)
        tell_of_bookings()
        deliver()
    assert [event.dtstart for event in agenda(manager).coming()] == [moment()]
    numbers = [said_in(row.key).number for row in Message.objects.filter(recipient=manager).order_by("pk")]
    assert numbers == [0, 1, 2]


def test_protected_and_closed_managers_hear_nothing(unit: Unit, round_: Round, coordinator: User) -> None:
    for fields in ({"is_protected": True}, {"is_active": False}):
        person = factories.staff(unit, role=MembershipRole.MANAGER)
        User.objects.filter(pk=person.pk).update(**fields)
    book(round_, coordinator)
    assert Message.objects.count() == 1


def test_nobody_hears_of_what_has_begun(round_: Round, unit: Unit, coordinator: User) -> None:
    book(round_, coordinator)
    Booking.objects.update(starts_at=moment(-1))
    factories.staff(unit, role=MembershipRole.MANAGER)
    before = Message.objects.filter(key__startswith="booking:").count()
    tell_of_bookings()
    assert Message.objects.filter(key__startswith="booking:").count() == before


@pytest.mark.django_db(transaction=True)
def test_ten_at_once_book_one(unit: Unit, manager: User, coordinator: User) -> None:
    round_ = stages.routines_done(unit, stages.due())
    starts_at = moment()
    made = together(10, lambda _number: book_contact(round_, starts_at=starts_at, by=coordinator))
    assert len({booking.pk for booking in made}) == 1
    assert Message.objects.filter(recipient=manager, key__startswith="booking:").count() == 1


# --- The pages ----------------------------------------------------------------------------------------------------


def typed(days: int = 9, **more: str) -> dict[str, str]:
    day = next_working_day(clock.today() + dt.timedelta(days=days), [])  # on others the form asks whether it is meant
    return {"round": "1", "number": "1", "day": f"{day}", "time": "13:00", "minutes": "30", **more}


def test_coordinator_books_books_again_and_calls_off(
    round_: Round, manager: User, coordinator: User, sign_in: SignIn
) -> None:
    client = sign_in(coordinator)
    assert "Inbjudan med kalenderfil går till Cia Chef." in client.get(f"{STEP_4}boka/").content.decode()
    response = client.post(f"{STEP_4}boka/", typed(place="Hemlig länk"), follow=True)
    assert response.redirect_chain == [(STEP_4, 302)]
    html = response.content.decode()
    assert "Enhetens chef får en inbjudan." in html
    assert "kl. 13:00" in html
    assert 'value="13:00"' in client.get(f"{STEP_4}boka/").content.decode()
    client.post(f"{STEP_4}boka/", typed(16))
    assert Booking.objects.get().sequence == 1
    response = client.post(f"{STEP_4}avboka/", {"reason": "Chefen är sjuk."}, follow=True)
    assert "Samtalet är avbokat." in response.content.decode()
    assert client.get(f"{STEP_4}avboka/", follow=True).redirect_chain == [(STEP_4, 302)]


def test_booking_without_a_manager_says_that_nobody_is_invited(unit: Unit, coordinator: User, sign_in: SignIn) -> None:
    stages.routines_done(unit, stages.due())
    client = sign_in(coordinator)
    assert "Enheten har ingen chef i portalen" in client.get(f"{STEP_4}boka/").content.decode()
    assert "ingen får en inbjudan" in client.post(f"{STEP_4}boka/", typed(), follow=True).content.decode()


@pytest.mark.parametrize(
    ("page", "data", "sentence"),
    [
        ("boka/", {"time": ""}, "Fyll i det här."),
        ("boka/", {"day": "2020-01-01"}, "Dagen har redan varit."),
        ("boka/", {"number": "2"}, "Samtal 1 kommer först."),
        ("inte-hallet/", {"number": "2", "reason": "Sjuk."}, "Samtal 1 kommer först."),
        ("boka/", {"place": "19811218-9876"}, "personnummer"),
        ("inte-hallet/", {"reason": ""}, "Fyll i det här."),
        ("inte-hallet/", {"reason": "Sjuk.", "on": "2999-01-01"}, "Datumet ligger i framtiden."),
    ],
)
def test_bad_input_gets_a_sentence(
    round_: Round, coordinator: User, sign_in: SignIn, page: str, data: dict[str, str], sentence: str
) -> None:
    response = sign_in(coordinator).post(STEP_4 + page, {**typed(), "on": clock.today().isoformat(), **data})
    assert response.status_code == 200
    html = response.content.decode()
    assert sentence in html
    assert "<title>Fel: " in html
    assert not Booking.objects.exists()
    assert not round_.contacts.exists()


def test_not_held_brings_the_next_contact(round_: Round, coordinator: User, sign_in: SignIn) -> None:
    data = {"round": "1", "number": "1", "on": clock.today().isoformat(), "reason": "Chefen slutade."}
    html = sign_in(coordinator).post(f"{STEP_4}inte-hallet/", data, follow=True).content.decode()
    for words in ("Samtal 1 är registrerat: det kunde inte hållas.", "Samtal 2 av 2", "Chefen slutade."):
        assert words in html


@pytest.mark.parametrize(("role", "reads"), [("coordinator", True), ("manager", True), ("member", False)])
def test_time_is_for_the_unit_and_the_place_for_those_who_take_part(
    round_: Round, coordinator: User, role: str, reads: bool, request: pytest.FixtureRequest, sign_in: SignIn
) -> None:
    book(round_, coordinator, place="Hemlig länk")
    client = sign_in(request.getfixturevalue(role))
    html = client.get(STEP_4).content.decode()
    assert "Bokad tid" in html
    assert ("Hemlig länk" in html) == reads
    response = client.get(f"{STEP_4}samtal.ics")
    assert response.status_code == (200 if reads else 404)
    if reads:
        assert read(response.content.decode()).events[0].location == "Hemlig länk"


def test_list_shows_the_time_that_is_booked(round_: Round, coordinator: User, sign_in: SignIn) -> None:
    book(round_, coordinator)
    assert "Bokat:" in sign_in(coordinator).get("/uppfoljningar/").content.decode()
