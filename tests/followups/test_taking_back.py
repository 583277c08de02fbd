"""What is registered by mistake in step 4 is taken back: a contact that was not held, a support action that is done."""

import datetime as dt

import pytest

from followups.actions import (
    Said,
    complete_support_action,
    publish_lesson,
    record_follow_up,
    record_not_held,
    reopen_support_action,
    withdraw_lesson,
    withdraw_not_held,
)
from followups.models import Booking, Decision, FollowUp, Promise
from followups.queries import window_of, written
from jarfalla import clock
from tests.conftest import SignIn
from tests.followups import stages
from tests.followups.bookings import book
from tests.together import together
from units.models import Outcome, Programme, Refused, Round, StepBlocked, Unit, User

pytestmark = pytest.mark.django_db

STEP_4 = "/enheter/tallbackens-forskola/steg-4/"
BACK = f"{STEP_4}kunde-inte-hallas/ta-tillbaka/"
BUTTON = f'action="{BACK}"'


@pytest.fixture
def round_(unit: Unit, manager: User) -> Round:
    """The unit's round, with its follow-up due; its manager is Cia Chef."""
    return stages.routines_done(unit, stages.due())


def not_held(round_: Round, by: User) -> None:
    """The next contact is registered as one that could not be held."""
    record_not_held(round_, on=clock.today(), reason="Fel enhet.", by=by)


def next_number(round_: Round) -> int:
    window = window_of(Round.objects.get(pk=round_.pk), Programme.current(), clock.today())
    assert window is not None
    return window.number


# --- A contact that was not held ----------------------------------------------------------------------------------


def test_not_held_is_taken_back_once_however_often_it_is_pressed(
    round_: Round, coordinator: User, sign_in: SignIn
) -> None:
    not_held(round_, coordinator)
    round_.contacts.create(
        number=2, settled_on=clock.today(), outcome=Outcome.NOT_HELD, reason="Också fel.", recorded_by=coordinator
    )
    client = sign_in(coordinator)
    page = client.get(STEP_4).content.decode()
    assert page.count(BUTTON) == 1
    assert '<input type="hidden" name="number" value="2">' in page
    response = client.post(BACK, {"round": "1", "number": "2"}, follow=True)
    assert response.redirect_chain == [(STEP_4, 302)]
    assert "Registreringen är återtagen. Samtal 2 är nästa igen." in response.content.decode()
    assert "Det är redan återtaget." in client.post(BACK, {"round": "1", "number": "2"}, follow=True).content.decode()
    assert [row.number for row in round_.contacts.standing()] == [1]
    withdrawn = round_.contacts.get(number=2)
    assert (withdrawn.withdrawn_by, withdrawn.withdrawn_at is not None) == (coordinator, True)
    assert next_number(round_) == 2


def test_time_that_was_called_off_stays_so_and_another_can_be_booked(round_: Round, coordinator: User) -> None:
    booking = book(round_, coordinator)
    not_held(round_, coordinator)
    withdraw_not_held(round_, number=1, by=coordinator)
    booking.refresh_from_db()
    assert booking.cancelled_at is not None
    assert (book(round_, coordinator, days=12).number, Booking.objects.count()) == (1, 2)


def test_contact_after_it_is_called_off_first(round_: Round, coordinator: User, sign_in: SignIn) -> None:
    not_held(round_, coordinator)
    book(round_, coordinator, days=150)
    html = sign_in(coordinator).post(BACK, {"round": "1", "number": "1"}, follow=True).content.decode()
    assert "Samtal 2 är bokat. Avboka det innan samtal 1 tas tillbaka." in html
    assert next_number(round_) == 2


def test_contact_that_was_held_is_never_taken_back(round_: Round, coordinator: User, sign_in: SignIn) -> None:
    record_follow_up(round_, held_on=clock.today(), decision=Decision.GO_ON, by=coordinator)
    client = sign_in(coordinator)
    assert BUTTON not in client.get(STEP_4).content.decode()
    for number in ("1", "2", "7"):
        html = client.post(BACK, {"round": "1", "number": number}, follow=True).content.decode()
        assert f"Det går inte att ta tillbaka samtal {number} nu." in html
    assert round_.contacts.standing().count() == 1


def test_contact_before_the_last_is_not_taken_back(round_: Round, coordinator: User) -> None:
    not_held(round_, coordinator)
    record_follow_up(round_, held_on=clock.today(), decision=Decision.DONE, by=coordinator)
    with pytest.raises(StepBlocked, match="Det går inte att ta tillbaka samtal 1 nu"):
        withdraw_not_held(round_, number=1, by=coordinator)
    assert round_.contacts.standing().count() == 2


def test_registration_that_is_made_again_is_not_the_one_that_was_taken_back(round_: Round, coordinator: User) -> None:
    for _time in range(2):
        not_held(round_, coordinator)
        withdraw_not_held(round_, number=1, by=coordinator)
    assert [row.withdrawn_at is None for row in round_.contacts.all()] == [False, False]
    record_follow_up(round_, held_on=clock.today(), decision=Decision.GO_ON, by=coordinator, number=1)
    with pytest.raises(StepBlocked, match="Det går inte"):
        withdraw_not_held(round_, number=1, by=coordinator)


def test_only_the_coordinator_takes_back(round_: Round, coordinator: User, manager: User, sign_in: SignIn) -> None:
    not_held(round_, coordinator)
    with pytest.raises(Refused, match="Det här gör samordnaren"):
        withdraw_not_held(round_, number=1, by=manager)
    client = sign_in(manager)
    assert BUTTON not in client.get(STEP_4).content.decode()
    assert client.post(BACK, {"round": "1", "number": "1"}).status_code == 403
    assert round_.contacts.standing().count() == 1


@pytest.mark.parametrize("number", ["", "0", "två", "9" * 30])
def test_number_that_is_none_takes_nothing_back(round_: Round, coordinator: User, sign_in: SignIn, number: str) -> None:
    not_held(round_, coordinator)
    html = sign_in(coordinator).post(BACK, {"round": "1", "number": number}, follow=True).content.decode()
    assert "Välj vilket samtal som ska tas tillbaka." in html
    assert round_.contacts.standing().count() == 1


@pytest.mark.django_db(transaction=True)
def test_five_at_once_take_back_one(unit: Unit, manager: User, coordinator: User) -> None:
    round_ = stages.routines_done(unit, stages.due())
    not_held(round_, coordinator)
    rows = together(5, lambda _number: withdraw_not_held(round_, number=1, by=coordinator))
    assert len({row.pk for row in rows}) == 1
    assert not round_.contacts.standing().exists()


# --- A support action that is done --------------------------------------------------------------------------------


@pytest.fixture
def follow_up(round_: Round, coordinator: User) -> FollowUp:
    """Held today; something was promised, and the unit wants to share its lesson."""
    return record_follow_up(
        round_,
        held_on=clock.today(),
        decision=Decision.MORE_SUPPORT,
        said=Said(lesson="Fråga alla.", lesson_may_be_shared=True),
        support_actions=[Promise("Handledning", "Rut", clock.today() + dt.timedelta(days=30))],
        by=coordinator,
    )


@pytest.mark.parametrize("role", ["coordinator", "manager"])
def test_support_action_that_was_not_done_after_all(
    follow_up: FollowUp, role: str, request: pytest.FixtureRequest, sign_in: SignIn
) -> None:
    support_action, user = follow_up.support_actions.get(), request.getfixturevalue(role)
    client, path = sign_in(user), f"/uppfoljningar/insats/{support_action.pk}/inte-klar/"
    assert path not in client.get(STEP_4).content.decode()
    complete_support_action(support_action, by=user)
    assert path in client.get(STEP_4).content.decode()
    for _time in range(2):
        response = client.post(path, follow=True)
        assert response.redirect_chain == [(STEP_4, 302)]
        assert "Inte klart: Handledning" in response.content.decode()
    support_action.refresh_from_db()
    assert (support_action.done_on, support_action.done_by) == (None, None)
    assert complete_support_action(support_action, by=user).done_on == clock.today()


@pytest.mark.parametrize(("role", "status"), [("member", 403), ("reader", 403), ("outsider", 404)])
def test_others_do_not_say_that_it_is_not_done(
    follow_up: FollowUp, coordinator: User, role: str, status: int, request: pytest.FixtureRequest, sign_in: SignIn
) -> None:
    support_action = complete_support_action(follow_up.support_actions.get(), by=coordinator)
    client = sign_in(request.getfixturevalue(role))
    assert client.post(f"/uppfoljningar/insats/{support_action.pk}/inte-klar/").status_code == status
    support_action.refresh_from_db()
    assert support_action.done_by == coordinator


def test_reopening_what_is_open_changes_nothing(follow_up: FollowUp) -> None:
    assert reopen_support_action(follow_up.support_actions.get()).done_on is None


# --- What else the page says --------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["coordinator", "manager"])
@pytest.mark.parametrize("published", [True, False])
def test_lesson_that_is_put_away_says_only_that(
    follow_up: FollowUp, coordinator: User, role: str, published: bool, request: pytest.FixtureRequest, sign_in: SignIn
) -> None:
    client = sign_in(request.getfixturevalue(role))
    if published:
        publish_lesson(follow_up, title="Fråga", text="Fråga alla.", by=coordinator)
    page = client.get(STEP_4).content.decode()
    assert "Enheten vill dela den." in page
    assert "Dela inte lärdomen" in page
    withdraw_lesson(follow_up, reason="Syns vem det är.", by=coordinator)
    page = client.get(STEP_4).content.decode()
    assert "Samordnaren har valt att andra inte läser lärdomen: Syns vem det är." in page
    assert "Enheten vill dela den." not in page
    assert "Dela inte lärdomen" not in page


def test_unit_reads_that_nothing_is_to_be_done_until_the_window_opens(
    unit: Unit, manager: User, coordinator: User, sign_in: SignIn
) -> None:
    round_ = stages.routines_done(unit, dt.date(2024, 5, 22))
    open_now = sign_in(manager).get(STEP_4).content.decode()
    assert "Samordnaren hör av sig och bestämmer en tid" in open_now
    assert "Till dess behöver ni inte göra något" not in open_now
    stages.redate_routines(round_, clock.today())
    window = window_of(Round.objects.get(pk=round_.pk), Programme.current(), clock.today())
    assert window is not None
    html = sign_in(manager).get(STEP_4).content.decode()
    assert f"Nästa samtal blir tidigast den {written(window.opens_on)}. Till dess behöver ni inte göra något" in html
    assert "Samordnaren hör av sig" not in html
