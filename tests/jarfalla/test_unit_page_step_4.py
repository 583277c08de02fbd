"""What the unit's own page says about step 4: when the next contact is, how the last one went, what was promised."""

import datetime as dt

import pytest
from django.test import Client
from django.utils.formats import date_format

from followups.actions import book_contact, complete_support_action, record_follow_up, record_not_held
from followups.models import Booking, Decision, FollowUp, Promise, SupportAction
from jarfalla import clock
from tests import factories
from tests.conftest import SignIn
from tests.jarfalla import scenes
from units import actions
from units.models import SettledContact, Step, StepCompletion, Unit, User

pytestmark = pytest.mark.django_db


def text(client: Client, unit: Unit) -> str:
    return scenes.words(client.get(f"/enheter/{unit.slug}/").content)


def test_unit_page_tells_when_the_follow_up_is(sign_in: SignIn, unit: Unit, member: User, coordinator: User) -> None:
    round_ = factories.open_round(unit)
    for step in (Step.WEB_COURSE, Step.TRAINING, Step.ROUTINES):
        actions.complete_step(round_, step, on=dt.date(2025, 8, 31), by=coordinator)
    page = text(sign_in(member), unit)
    assert "Försenat" in page
    assert "Skulle ha gjorts mellan 31 januari 2026 och 30 april 2026." in page
    assert "Görs mellan" not in page


def test_unit_page_tells_when_the_follow_up_will_be(
    sign_in: SignIn, unit: Unit, member: User, coordinator: User
) -> None:
    scenes.standing_at(3, unit=unit, by=coordinator, days_ago=200)
    page = text(sign_in(member), unit)
    assert "Görs mellan " in page
    assert "kulle ha gjorts" not in page


def test_unit_page_says_which_contact_could_not_be_held(
    sign_in: SignIn, unit: Unit, member: User, coordinator: User
) -> None:
    scenes.standing_at(3, unit=unit, by=coordinator, days_ago=200)
    round_ = factories.open_round(unit)
    contact = record_not_held(round_, on=clock.today(), reason="Chefen slutade.", by=coordinator)
    told = f"Samtal 1 kunde inte hållas den {date_format(clock.today(), 'j F Y')}."
    page = text(sign_in(member), unit)
    assert told in page
    assert "Nästa samtal hålls mellan " in page
    assert "Chefen slutade" not in page
    SettledContact.objects.filter(pk=contact.pk).update(withdrawn_at=clock.now(), withdrawn_by=coordinator)
    assert told not in text(sign_in(coordinator), unit)


def test_unit_page_tells_what_the_follow_up_led_to(sign_in: SignIn, unit: Unit, coordinator: User) -> None:
    scenes.standing_at(3, unit=unit, by=coordinator, days_ago=200)
    FollowUp.objects.create(
        round=factories.open_round(unit),
        held_on=dt.date(2026, 4, 1),
        decision=Decision.MORE_SUPPORT,
        recorded_by=coordinator,
    )
    assert "Uppföljning 1 april 2026. Mer stöd" in text(sign_in(coordinator), unit)


def supported(unit: Unit, *, by: User, days_ago: int) -> None:
    """The unit's step 3 was `days_ago`, and its first follow-up, today or when it was to be, promised two things."""
    scenes.standing_at(3, unit=unit, by=by, days_ago=days_ago)
    later, sooner = (
        Promise("Nytt besök", "Samordnaren", dt.date(2100, 9, 1)),
        Promise("Handledning i arbetslaget.", "Rektor Ek", dt.date(2100, 5, 22)),
    )
    record_follow_up(
        factories.open_round(unit),
        held_on=scenes.days_before(200 if days_ago == 400 else 0),
        decision=Decision.MORE_SUPPORT,
        by=by,
        support_actions=[later, sooner],
    )


@pytest.mark.parametrize("days_ago", [5, 200, 300])
def test_unit_page_with_more_support_tells_the_next_promise(
    sign_in: SignIn, unit: Unit, manager: User, member: User, coordinator: User, days_ago: int
) -> None:
    supported(unit, by=coordinator, days_ago=days_ago)
    told = "Mer stöd pågår Nästa insats: Handledning i arbetslaget. Ansvarig är Rektor Ek, senast den 22 maj 2100."
    for user in (coordinator, manager):
        page = text(sign_in(user), unit)
        assert f"Nästa steg · Rektor Ek gör det {told}" in page
        assert ("Öppna uppföljningen" in page) == user.is_coordinator
        assert "Uppföljningen är försenad" not in page
    page = text(sign_in(member), unit)
    assert "Just nu Mer stöd pågår Enheten får det stöd som lovades vid uppföljningen." in page
    for leak in ("Handledning", "Rektor Ek", "22 maj 2100"):
        assert leak not in page


def test_unit_page_with_more_support_that_is_the_coordinators(
    sign_in: SignIn, unit: Unit, manager: User, coordinator: User
) -> None:
    supported(unit, by=coordinator, days_ago=300)
    complete_support_action(SupportAction.objects.get(owner="Rektor Ek"), by=coordinator)
    assert "Nästa steg · Du gör det Mer stöd pågår Nästa insats: Nytt besök." in text(sign_in(coordinator), unit)
    assert "Nästa steg · Samordnaren gör det Mer stöd pågår" in text(sign_in(manager), unit)


@pytest.mark.parametrize(
    ("days_ago", "sentence"),
    [
        (400, "Nästa steg · Du gör det Dags för uppföljning Samordnaren följer upp"),
        (200, "Just nu Arbeta efter rutinerna"),
        (5, "Just nu Arbeta efter rutinerna"),
    ],
)
def test_unit_page_when_the_support_is_given_asks_for_a_new_follow_up(
    sign_in: SignIn, unit: Unit, coordinator: User, days_ago: int, sentence: str
) -> None:
    supported(unit, by=coordinator, days_ago=days_ago)
    for promise in SupportAction.objects.all():
        complete_support_action(promise, by=coordinator)
    page = text(sign_in(coordinator), unit)
    assert sentence in page
    assert ("Boka uppföljningen" in page) == (days_ago == 400)


@pytest.mark.parametrize("booked", ["no", "coming", "passed"])
def test_unit_page_keeps_a_late_promise_when_it_is_time_for_the_next_contact(
    sign_in: SignIn, unit: Unit, manager: User, member: User, coordinator: User, booked: str
) -> None:
    supported(unit, by=coordinator, days_ago=400)
    SupportAction.objects.filter(owner="Rektor Ek").update(due_on=dt.date(2026, 1, 31))
    if booked != "no":
        moment = clock.now() + dt.timedelta(days=3)
        booking = book_contact(factories.open_round(unit), starts_at=moment, by=coordinator)
        if booked == "passed":
            Booking.objects.filter(pk=booking.pk).update(starts_at=moment - dt.timedelta(days=5))
    told = "Sen insats: Handledning i arbetslaget, utlovad till den 31 januari 2026."
    for user in (coordinator, manager):
        page = text(sign_in(user), unit)
        assert told in page
        assert "Nytt besök" not in page  # there is time for it yet
    assert "Handledning" not in text(sign_in(member), unit)
    complete_support_action(SupportAction.objects.get(owner="Rektor Ek"), by=coordinator)
    assert "Sen insats" not in text(sign_in(coordinator), unit)


def test_unit_page_forgets_the_support_from_before_a_new_step_3(
    sign_in: SignIn, unit: Unit, manager: User, coordinator: User
) -> None:
    supported(unit, by=coordinator, days_ago=400)
    routines = StepCompletion.objects.get(step=Step.ROUTINES)
    actions.withdraw_step(routines, reason="Fel", by=coordinator)
    assert "Mer stöd pågår" not in text(sign_in(coordinator), unit)
    on = scenes.days_before(440)
    actions.complete_step(factories.open_round(unit), Step.ROUTINES, on=on, by=coordinator)
    assert "Uppföljningen är försenad" in text(sign_in(coordinator), unit)
