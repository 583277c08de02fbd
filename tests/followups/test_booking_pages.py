"""What the pages about a contact's time say: true sentences, which contact it is, and times that are asked about."""

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from django.test import Client

from followups.actions import record_follow_up, record_not_held
from followups.forms import BookingForm
from followups.models import Booking, Decision
from followups.queries import Window, next_working_day
from jarfalla import clock
from tests import factories
from tests.conftest import SignIn
from tests.followups import stages
from tests.followups.bookings import book, deliver, moment, subjects
from units.actions import end_membership
from units.models import MembershipRole, Message, Round, Unit, User

pytestmark = pytest.mark.django_db

STEP_4 = "/enheter/tallbackens-forskola/steg-4/"


@pytest.fixture
def round_(unit: Unit, manager: User) -> Round:
    """The unit's round, with its follow-up due; its manager is Cia Chef."""
    return stages.routines_done(unit, stages.due())


def typed(days: int = 9, **more: str) -> dict[str, str]:
    day = next_working_day(clock.today() + dt.timedelta(days=days), [])
    return {"round": "1", "number": "1", "day": f"{day}", "time": "13:00", "minutes": "30", **more}


def sent(client: Client, page: str, data: dict[str, str]) -> str:
    return " ".join(client.post(STEP_4 + page, data, follow=True).content.decode().split())


@pytest.mark.parametrize(
    ("done", "said"),
    [
        (stages.upcoming, "Samtal 1 av 2 ska hållas mellan den "),
        (stages.due, "Samtal 1 av 2 ska hållas senast den "),
        (stages.overdue, "Samtal 1 av 2 skulle ha hållits senast den "),
    ],
)
def test_booking_page_names_no_day_to_aim_for_that_has_passed(
    unit: Unit, manager: User, coordinator: User, sign_in: SignIn, done: Callable[[], dt.date], said: str
) -> None:
    stages.routines_done(unit, done())
    page = " ".join(sign_in(coordinator).get(f"{STEP_4}boka/").content.decode().split())
    assert said in page
    assert ("helst omkring den" in page) is (done is stages.upcoming)


# --- What is said when it is done ---------------------------------------------------------------------------------


def test_booked_again_says_what_became_of_it(round_: Round, coordinator: User, sign_in: SignIn) -> None:
    client = sign_in(coordinator)
    first = sent(client, "boka/", typed())
    assert "Samtal 1 är bokat: " in first
    assert "Enhetens chef får en inbjudan." in first
    again = sent(client, "boka/", typed())
    assert "Samtal 1 är redan bokat: " in again
    assert "får en inbjudan" not in again
    moved = sent(client, "boka/", typed(16))
    assert "Samtal 1 är ombokat: " in moved
    assert "Enhetens chef får ett mejl om det." in moved


def test_several_managers_are_several(unit: Unit, round_: Round, coordinator: User, sign_in: SignIn) -> None:
    factories.staff(unit, role=MembershipRole.MANAGER)
    client = sign_in(coordinator)
    assert "Enhetens chefer får en inbjudan." in sent(client, "boka/", typed())
    assert "Enhetens chefer får ett mejl om det." in sent(client, "boka/", typed(16))


def test_called_off_says_that_a_mail_goes_only_when_one_does(
    round_: Round, coordinator: User, manager: User, sign_in: SignIn
) -> None:
    client, reason = sign_in(coordinator), {"reason": "Chefen är sjuk."}
    book(round_, coordinator)
    deliver()
    assert "De som hade det i kalendern får ett mejl." in sent(client, "avboka/", reason)
    book(round_, coordinator)
    Message.objects.filter(sent_at__isnull=True).update(sent_at=clock.now())
    Booking.objects.filter(cancelled_at__isnull=True).update(starts_at=moment(-1))
    page = client.get(f"{STEP_4}avboka/").content.decode()
    assert "Samtalet var bokat " in page
    assert "så ingen får något mejl" in page
    assert "Står i mejlet till chefen" not in page
    html = sent(client, "avboka/", reason)
    assert "Samtalet är avbokat." in html
    assert "får ett mejl" not in html


def test_called_off_before_anybody_has_it_says_nothing_of_mail(
    round_: Round, coordinator: User, manager: User, sign_in: SignIn
) -> None:
    end_membership(manager.memberships.get(), on=clock.today(), by=coordinator)
    book(round_, coordinator)
    html = sent(sign_in(coordinator), "avboka/", {"reason": "Fel enhet."})
    assert "Samtalet är avbokat." in html
    assert "får ett mejl" not in html


@pytest.mark.parametrize("held", [True, False])
def test_time_of_a_contact_that_is_over_is_not_needed_rather_than_called_off(
    round_: Round, coordinator: User, manager: User, held: bool
) -> None:
    book(round_, coordinator)
    deliver()
    if held:
        record_follow_up(round_, held_on=clock.today(), decision=Decision.GO_ON, by=coordinator)
    else:
        record_not_held(round_, on=clock.today(), reason="Chefen slutade.", by=coordinator)
    assert subjects(manager)[-1] == "Tiden för uppföljningen med Tallbackens förskola behövs inte längre"
    letter = Message.objects.filter(recipient=manager, key__startswith="booking:").latest("pk")
    for words in (letter.text, letter.html):
        assert "Den här tiden för samtalet om Tallbackens förskola behövs inte längre:" in words
        assert "avbok" not in words.lower()
        assert ("Samtalet hölls den" if held else "Samtalet kunde inte hållas den") in words


# --- Which contact it is ------------------------------------------------------------------------------------------


def test_page_says_which_contact_it_is_about(round_: Round, coordinator: User, sign_in: SignIn) -> None:
    record_not_held(round_, on=clock.today(), reason="Sjuk.", by=coordinator)
    client = sign_in(coordinator)
    assert "<h1>Samtal 2 kunde inte hållas</h1>" in client.get(f"{STEP_4}inte-hallet/").content.decode()
    assert "<h1>Boka samtal 2</h1>" in client.get(f"{STEP_4}boka/").content.decode()
    book(round_, coordinator)
    assert "<h1>Boka om samtal 2</h1>" in client.get(f"{STEP_4}boka/").content.decode()


@pytest.mark.parametrize("reason", ["Chefen slutade.", "Något annat."])
def test_form_of_a_contact_that_is_over_never_registers_the_next(
    round_: Round, coordinator: User, sign_in: SignIn, reason: str
) -> None:
    data = {"round": "1", "number": "1", "on": clock.today().isoformat(), "reason": "Chefen slutade."}
    client = sign_in(coordinator)
    sent(client, "inte-hallet/", data)
    for _time in range(2):
        html = sent(client, "inte-hallet/", data | {"reason": reason})
        assert "Samtal 1 är redan registrerat." in html
        assert "<h1>Samtal 1 kunde inte hållas</h1>" in html
        assert "räknas då som avklarat" not in html
    assert [(row.number, row.reason) for row in round_.contacts.all()] == [(1, "Chefen slutade.")]
    html = sent(client, "boka/", typed())
    assert "Samtal 1 är redan registrerat." in html
    assert "<h1>Boka samtal 1</h1>" in html
    assert not Booking.objects.exists()


# --- Times that are asked about -----------------------------------------------------------------------------------

# From the 15th of June to the 15th of September, seen when it has been open for five days.
WINDOW = Window(
    round=Round(number=1, unit=Unit(name="Enhet")),
    number=1,
    planned=2,
    is_planned=True,
    is_last=False,
    counts_from=dt.date(2029, 1, 15),
    months=6,
    opens_before=1,
    closes_after=2,
    routines_on=dt.date(2029, 1, 15),
    earliest_on=dt.date(2029, 7, 15),
    on=dt.date(2029, 6, 20),
)
ASK = " Kryssa i rutan om det ska vara så."


@pytest.fixture
def _early_june(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the clock stand before all of these days."""
    monkeypatch.setattr(clock, "now", lambda: dt.datetime(2029, 6, 10, 12, tzinfo=dt.UTC))


def asked(day: str, time: str = "13:00", window: Window = WINDOW, **more: str) -> dict[str, list[str]]:
    form = BookingForm({"day": day, "time": time, "minutes": "30", **more}, window=window, booking=None)
    return {name: [str(sentence) for sentence in found] for name, found in form.errors.items()}


@pytest.mark.usefixtures("_early_june")
@pytest.mark.parametrize(
    ("day", "time", "sentences"),
    [
        ("2029-07-03", "07:00", {}),
        ("2029-07-03", "18:00", {}),
        ("2029-06-15", "13:00", {}),
        ("2029-09-14", "13:00", {}),
        ("2029-09-17", "13:00", {"day": "Tiden är efter sista dagen, den 15 september 2029."}),
        ("2029-09-16", "13:00", {"day": "Tiden är efter sista dagen, den 15 september 2029. Dagen är en söndag."}),
        ("2029-06-14", "13:00", {"day": "Tiden är före första dagen, den 15 juni 2029."}),
        ("2029-06-30", "13:00", {"day": "Dagen är en lördag."}),
        ("2029-06-22", "13:00", {"day": "Dagen är en helgdag."}),
        ("2029-07-03", "06:59", {"time": "Tiden är kl. 06.59."}),
        ("2029-07-03", "18:01", {"time": "Tiden är kl. 18.01."}),
        ("2029-07-01", "03:00", {"day": "Dagen är en söndag.", "time": "Tiden är kl. 03.00."}),
    ],
)
def test_time_that_is_unlikely_is_asked_about(day: str, time: str, sentences: dict[str, str]) -> None:
    assert asked(day, time) == {name: [sentence + ASK] for name, sentence in sentences.items()}
    if sentences:
        assert asked(day, time, is_right="on", asked=f"{day} {time}") == {}
        assert asked(day, time, is_right="on") != {}
        assert asked(day, time, asked=f"{day} {time}") != {}


@pytest.mark.usefixtures("_early_june")
def test_window_that_has_closed_leaves_no_day_to_ask_about() -> None:
    assert asked("2029-10-02", window=replace(WINDOW, on=dt.date(2029, 9, 20))) == {}


def box_in(page: str) -> str:
    """How the box stands: checked, unchecked, or not there."""
    box = re.search(r'<input type="checkbox" name="is_right"[^>]*>', page)
    return "" if box is None else "checked" if re.search(r"\bchecked\b", box.group()) else "unchecked"


def hidden_in(page: str) -> dict[str, str]:
    """The time that was asked about, as a browser would send it with the form the next time."""
    tag = re.search(r'<input type="hidden" name="asked"([^>]*)>', page)
    value = re.search(r'value="([^"]*)"', tag.group(1)) if tag else None
    return {"asked": value.group(1) if value else ""}


def test_yes_covers_only_the_time_that_was_asked_about(
    round_: Round, coordinator: User, manager: User, sign_in: SignIn
) -> None:
    client, night, dawn = sign_in(coordinator), typed(time="03:00"), typed(time="04:00")
    assert box_in(client.get(f"{STEP_4}boka/").content.decode()) == ""
    page = sent(client, "boka/", night)
    assert "<title>Fel: " in page
    assert "Tiden är kl. 03.00. Kryssa i rutan om det ska vara så." in page
    assert box_in(page) == "unchecked"
    page = sent(client, "boka/", dawn | hidden_in(page) | {"is_right": "on"})
    assert "Tiden är kl. 04.00." in page
    assert box_in(page) == "unchecked"
    assert not Booking.objects.exists()
    page = sent(client, "boka/", dawn | hidden_in(page) | {"is_right": "on", "minutes": "3"})
    assert box_in(page) == "checked"
    assert "Samtal 1 är bokat: " in sent(client, "boka/", dawn | hidden_in(page) | {"is_right": "on"})
    assert (Booking.objects.count(), subjects(manager)) == (1, ["Uppföljning med Tallbackens förskola"])


def test_time_that_stands_is_not_asked_about_again(round_: Round, coordinator: User, sign_in: SignIn) -> None:
    client, night = sign_in(coordinator), typed(time="03:00")
    asked_about = hidden_in(sent(client, "boka/", night))
    sent(client, "boka/", night | asked_about | {"is_right": "on"})
    assert "Samtal 1 är ombokat: " in sent(client, "boka/", night | {"place": "Annat rum"})
    assert Booking.objects.get().place == "Annat rum"
    page = sent(client, "boka/", typed())  # a likely one after all
    assert "Samtal 1 är ombokat: " in page
