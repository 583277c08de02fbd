"""What the coordinator has to do this week: on the start page and the overview."""

import datetime as dt
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.formats import date_format

from followups.actions import Said, book_contact, record_follow_up
from followups.models import Booking, Decision, FollowUp, Promise, SupportAction
from jarfalla import clock
from routines.models import VersionState
from tests import factories
from tests.conftest import SignIn
from tests.jarfalla import scenes
from units import actions
from units.models import Message, ParticipationState, Programme, Step, StepCompletion, Unit, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(sign_in: SignIn, coordinator: User) -> Client:
    return sign_in(coordinator)


def text(client: Client, address: str = "/oversikt/") -> str:
    """What a person reads on the page."""
    return scenes.words(client.get(address).content)


def week(client: Client, query: str = "") -> list[str]:
    """The list of what to do this week, one sentence a line, without who does it."""
    page = client.get(f"/oversikt/{query}").content.decode()
    return [scenes.fragment(found) for found in re.findall(r'<p class="todo__what">(.*?)</p>', page, re.DOTALL)]


def passed(unit: Unit, *, by: User, days: float) -> Booking:
    """The unit's next contact was booked, so many days ago, and nobody has written how it went."""
    booking = book_contact(factories.open_round(unit), starts_at=clock.now() + dt.timedelta(days=3), by=by)
    Booking.objects.filter(pk=booking.pk).update(starts_at=clock.now() - dt.timedelta(days=days))
    return booking


def test_this_week_most_urgent_first(client: Client, coordinator: User) -> None:
    scenes.answered(ParticipationState.INVITED, by=coordinator, days_ago=31, name="Inbjuden")
    trained = scenes.standing_at(1, by=coordinator, name="Utbildas")
    scenes.training(trained, title="Snart", days=2, by=coordinator)
    scenes.training(trained, title="Förbi", days=-3, by=coordinator)
    written = scenes.standing_at(2, by=coordinator, name="Skriver")
    scenes.routine(written, title="Oro", state=VersionState.IN_REVIEW, by=coordinator)
    scenes.routine(written, title="Trasig", state=VersionState.FAILED, by=coordinator)
    scenes.standing_at(3, by=coordinator, name="Försenad", days_ago=400)
    scenes.standing_at(3, by=coordinator, name="Bråttom", days_ago=350)
    scenes.standing_at(3, by=coordinator, name="Gott om tid", days_ago=200)
    assert [line.split()[0] for line in week(client, "?visa=alla")] == [
        "Försenad",
        "Bråttom",
        "Skriver",
        "Skriver",
        "Utbildas",
        "Utbildas",
        "Gott",
        "Inbjuden",
    ]


def test_this_week_sentences(client: Client, coordinator: User) -> None:
    invited = scenes.answered(ParticipationState.INVITED, by=coordinator, days_ago=40, name="Björken")
    trained = scenes.standing_at(1, by=coordinator, name="Almen")
    training = scenes.training(trained, title="Att se i tid", days=-3, by=coordinator)
    routine = scenes.routine(trained, title="Oro för barn", state=VersionState.IN_REVIEW, by=coordinator)
    page = client.get("/oversikt/").content.decode()
    assert re.fullmatch(r"Almen Granska rutinen ”Oro för barn”, inskickad \d+ \w+ \d{4}\.", week(client)[0])
    assert re.search(
        r"Hölls utbildningen ”Att se i tid” den \d+ \w+ \d{4}\? Svara ja eller nej\.", scenes.fragment(page)
    )
    assert re.search(r"Björken Inbjuden den \d+ \w+ \d{4} och har inte svarat\. Hör av dig\.", scenes.fragment(page))
    for address in (
        f"/rutiner/{routine.slug}/granska/",
        f"/utbildningar/{training.pk}/",
        f"/enheter/{invited.slug}/deltagande/",
    ):
        assert f'href="{address}"' in page
    assert "1 rutin att granska 1 utbildning att bocka av 1 inbjudan utan svar" in scenes.fragment(page)


def test_this_week_has_one_line_for_a_training_of_several_units(client: Client, coordinator: User) -> None:
    trained = scenes.standing_at(1, by=coordinator, name="Utbildas")
    training = scenes.training(trained, title="Tillsammans", days=2, by=coordinator)
    for name in ("Östen", "Almen"):
        training.training_rounds.create(round=factories.open_round(scenes.standing_at(1, by=coordinator, name=name)))
    open_to_all = scenes.training(trained, title="Öppen", days=3, by=coordinator)
    open_to_all.training_rounds.all().delete()
    first, second = week(client)
    assert first.startswith("Almen, Utbildas, Östen Utbildningen ”Tillsammans” hålls")
    assert second.startswith("Öppet tillfälle Utbildningen ”Öppen” hålls")


def test_this_week_leaves_out_what_can_wait(client: Client, coordinator: User) -> None:
    scenes.answered(ParticipationState.INVITED, by=coordinator, days_ago=30, name="Nyss inbjuden")
    unit = scenes.standing_at(1, by=coordinator, name="Senare")
    scenes.training(unit, title="Om två veckor", days=14, by=coordinator)
    scenes.training(unit, title="Hölls", days=-3, by=coordinator, held=True)
    cancelled = scenes.training(unit, title="Inställd", days=-3, by=coordinator)
    cancelled.cancelled_at, cancelled.cancelled_by, cancelled.cancelled_reason = clock.now(), coordinator, "Sjukdom"
    cancelled.save()
    for state in (VersionState.DRAFT, VersionState.RETURNED, VersionState.ENDORSED, VersionState.IN_FORCE):
        scenes.routine(unit, title=state.value, state=state, by=coordinator)
    scenes.standing_at(3, by=coordinator, name="Fönstret är stängt än", days_ago=30)
    paused = scenes.standing_at(3, by=coordinator, name="Pausad", days_ago=400)
    actions.record_participation(paused, state=ParticipationState.PAUSED, by=coordinator)
    assert week(client) == []


def test_this_week_shows_eight_and_then_all(client: Client, coordinator: User) -> None:
    for number in range(10):
        scenes.standing_at(3, by=coordinator, name=f"Enhet {number:02}", days_ago=400)
    assert len(week(client)) == 8
    assert "Visa alla (2 till)" in text(client)
    assert len(week(client, "?visa=alla")) == 10
    assert "Visa alla (" not in text(client, "/oversikt/?visa=alla")


def test_this_week_counts_failed_mail_once(client: Client, coordinator: User) -> None:
    for number in range(3):
        Message.objects.create(
            key=f"x{number}", recipient=coordinator, subject="Hej", text="Hej", html="Hej", failed_at=clock.now()
        )
    Message.objects.create(key="sent", recipient=coordinator, subject="H", text="H", html="H", sent_at=clock.now())
    assert week(client) == ["Utkorgen 3 mejl kom inte fram."]


def test_this_week_support_action_with_its_owner(client: Client, coordinator: User) -> None:
    unit = scenes.standing_at(3, by=coordinator, days_ago=30, name="Almen")
    follow_up = FollowUp.objects.create(
        round=factories.open_round(unit),
        held_on=clock.today(),
        decision=Decision.MORE_SUPPORT,
        recorded_by=coordinator,
    )
    for what, days in (("Handledning", 2), ("Om en månad", 30)):
        SupportAction.objects.create(
            follow_up=follow_up, what=what, owner="Rektor Ek", due_on=clock.today() + dt.timedelta(days)
        )
    assert len(week(client)) == 1
    assert "Handledning. Görs av: Rektor Ek" in text(client)


def test_this_week_has_the_next_contact_when_it_is_time_whatever_is_promised(client: Client, coordinator: User) -> None:
    for name, days_ago, held in (("Almen", 400, 200), ("Björken", 200, 0)):
        unit = scenes.standing_at(3, by=coordinator, days_ago=days_ago, name=name)
        record_follow_up(
            factories.open_round(unit),
            held_on=scenes.days_before(held),
            decision=Decision.MORE_SUPPORT,
            by=coordinator,
            support_actions=[Promise("Handledning", "Rektor Ek", clock.today() + dt.timedelta(30))],
        )
    scenes.standing_at(3, by=coordinator, days_ago=400, name="Utan stöd")
    assert [line.split()[0] for line in week(client)] == ["Utan", "Almen"]


def test_this_week_has_a_booked_contact_instead_of_its_window(client: Client, coordinator: User) -> None:
    unit = scenes.standing_at(3, by=coordinator, days_ago=400, name="Almen")
    booking = book_contact(factories.open_round(unit), starts_at=clock.now() + dt.timedelta(days=3), by=coordinator)
    [line] = week(client)
    assert line.startswith("Almen Uppföljningen är bokad ")
    Booking.objects.filter(pk=booking.pk).update(starts_at=clock.now() + dt.timedelta(days=30))
    assert week(client) == []


def test_this_week_follows_up_again_after_a_new_step_3(client: Client, coordinator: User) -> None:
    unit = scenes.standing_at(3, by=coordinator, days_ago=300, name="Almen")
    record_follow_up(
        factories.open_round(unit),
        held_on=scenes.days_before(200),
        decision=Decision.MORE_SUPPORT,
        by=coordinator,
        support_actions=[Promise("Handledning", "Rektor Ek", clock.today() + dt.timedelta(30))],
    )
    assert week(client) == []
    actions.withdraw_step(StepCompletion.objects.get(step=Step.ROUTINES), reason="Fel", by=coordinator)
    actions.complete_step(factories.open_round(unit), Step.ROUTINES, on=scenes.days_before(440), by=coordinator)
    assert week(client)[0].startswith("Almen Uppföljningen skulle ha gjorts senast")


@pytest.mark.parametrize("days_ago", [100, 200, 400])
def test_this_week_asks_about_a_booked_contact_that_has_passed_whatever_its_window(
    client: Client, coordinator: User, days_ago: int
) -> None:
    unit = scenes.standing_at(3, by=coordinator, days_ago=days_ago, name="Almen")
    passed(unit, by=coordinator, days=9)
    day = date_format(timezone.localdate(clock.now() - dt.timedelta(days=9)), "j F Y")
    assert week(client) == [f"Almen Hölls uppföljningen den {day}? Skriv protokollet, eller boka om."]
    page = client.get("/oversikt/").content.decode()
    assert f'<a href="/enheter/{unit.slug}/steg-4/">Almen</a>' in page
    assert "1 samtal att skriva protokoll för" in scenes.fragment(page)
    assert "uppföljning att boka" not in scenes.fragment(page)


def test_this_week_asks_from_the_minute_the_contact_begins(client: Client, coordinator: User) -> None:
    unit = scenes.standing_at(3, by=coordinator, days_ago=200, name="Almen")
    booking = passed(unit, by=coordinator, days=1)
    Booking.objects.filter(pk=booking.pk).update(starts_at=clock.now() - dt.timedelta(minutes=1))
    assert week(client)[0].startswith("Almen Hölls uppföljningen den ")


def test_this_week_does_not_ask_about_a_contact_that_is_over_or_called_off_or_of_who_does_not_follow_up(
    client: Client, coordinator: User
) -> None:
    held, called_off, paused, back = (
        scenes.standing_at(3, by=coordinator, days_ago=200, name=name) for name in ("Hållen", "Avbokad", "Paus", "Åter")
    )
    for unit in (held, called_off, paused, back):
        passed(unit, by=coordinator, days=3)
    record_follow_up(factories.open_round(held), held_on=clock.today(), decision=Decision.GO_ON, by=coordinator)
    Booking.objects.filter(round__unit=called_off).update(
        cancelled_at=clock.now(), cancelled_by=coordinator, cancelled_reason="Sjukdom"
    )
    actions.record_participation(paused, state=ParticipationState.PAUSED, by=coordinator)
    routines = StepCompletion.objects.get(round__unit=back, step=Step.ROUTINES)
    actions.withdraw_step(routines, reason="Fel", by=coordinator)
    [line] = week(client)
    assert line.startswith("Avbokad Boka uppföljningen. Den ska göras senast ")


def test_this_week_contact_that_has_passed_stands_among_what_is_late(client: Client, coordinator: User) -> None:
    scenes.standing_at(3, by=coordinator, days_ago=235, name="Bråttom")
    scenes.standing_at(3, by=coordinator, days_ago=400, name="Försenad")
    scenes.standing_at(3, by=coordinator, days_ago=250, name="Nyss försenad")
    for name, days_ago, days in (("Nyss", 200, 0.1), ("Länge sedan", 400, 100)):
        passed(scenes.standing_at(3, by=coordinator, days_ago=days_ago, name=f"Var {name}"), by=coordinator, days=days)
    assert [line.split(" Hölls")[0].split(" Upp")[0].split(" Boka")[0] for line in week(client)] == [
        "Försenad",
        "Var Länge sedan",
        "Nyss försenad",
        "Var Nyss",
        "Bråttom",
    ]


def test_this_week_counts_follow_ups_to_book_as_such(client: Client, coordinator: User) -> None:
    for name in ("Almen", "Björken"):
        scenes.standing_at(3, by=coordinator, days_ago=200, name=name)
    assert [line.split(" senast")[0] for line in week(client)] == [
        "Almen Boka uppföljningen. Den ska göras",
        "Björken Boka uppföljningen. Den ska göras",
    ]
    page = text(client)
    assert "2 uppföljningar att boka" in page
    assert "uppföljningar att göra" not in page


def test_this_week_names_the_page_of_what_concerns_no_unit(client: Client, coordinator: User) -> None:
    unit = scenes.standing_at(3, by=coordinator, days_ago=200, name="Almen")
    record_follow_up(
        factories.open_round(unit),
        held_on=clock.today(),
        decision=Decision.GO_ON,
        by=coordinator,
        said=Said(lesson="Börja i arbetslaget.", lesson_may_be_shared=True),
    )
    assert week(client) == ["Lärdomar 1 lärdom väntar: skriv om den så att ingen känns igen, och publicera."]


def test_this_week_asks_the_same_queries_for_1_and_3_contacts_that_have_passed(
    client: Client, coordinator: User
) -> None:
    Programme.current()
    counts = []
    for number in range(3):
        passed(scenes.standing_at(3, by=coordinator, days_ago=200, name=f"Enhet {number}"), by=coordinator, days=1)
        with CaptureQueriesContext(connection) as captured:
            assert len(week(client)) == number + 1
        counts.append(len(captured))
    assert counts == [counts[0]] * 3
