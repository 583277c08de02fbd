"""The coordinator's dashboard."""

import datetime as dt
import html
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.formats import date_format

from followups.actions import complete_support_action, record_follow_up
from followups.models import Decision, FollowUp, Promise, SupportAction
from jarfalla import clock
from routines.models import VersionState
from tests import factories
from tests.conftest import SignIn
from tests.jarfalla import scenes
from units import actions
from units.models import Kind, Message, ParticipationState, Programme, Step, StepCompletion, Unit, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(sign_in: SignIn, coordinator: User) -> Client:
    return sign_in(coordinator)


def text(client: Client, address: str = "/oversikt/") -> str:
    """What a person reads on the page."""
    response = client.get(address)
    assert response.status_code == 200
    return scenes.words(response.content)


def fragment(markup: str) -> str:
    """What a person reads in a part of a page."""
    return scenes.words(f"<main>{markup}</main>".encode())


def listed(client: Client, query: str) -> list[str]:
    """The names in the table, in order."""
    page = client.get(f"/oversikt/?{query}").content.decode()
    return [html.unescape(name) for name in re.findall(r'role="rowheader"><a href="[^"]+">([^<]+)</a>', page)]


def week(client: Client, query: str = "") -> list[str]:
    """The list of what to do this week, one sentence a line, without who does it."""
    page = client.get(f"/oversikt/{query}").content.decode()
    return [fragment(found) for found in re.findall(r'<p class="todo__what">(.*?)</p>', page, re.DOTALL)]


def test_overview_counts_each_step_of_those_taking_part(client: Client, coordinator: User) -> None:
    for steps in (0, 1, 3, 4):
        scenes.standing_at(steps, by=coordinator)
    factories.unit(name="Utanför")
    page = text(client)
    assert "Webbkurs 3 av 4 klara 1 har det som nästa steg" in page
    assert "Riktad utbildning 2 av 4 klara 1 har det som nästa steg" in page
    assert "Rutiner 2 av 4 klara" in page
    assert "Uppföljning 1 av 4 klara 1 väntar" in page
    assert "4 av 5 enheter deltar. Inte inbjuden: 1 Inbjuden: 0 Tackat nej: 0 Pausad: 0" in page


def test_overview_row_shows_when_each_step_was_done_and_what_is_next(client: Client, coordinator: User) -> None:
    scenes.standing_at(1, by=coordinator, name="Åsens skola", kind=Kind.COMPULSORY_SCHOOL, days_ago=3)
    day = date_format(scenes.days_before(3), "j b Y")
    assert f"Åsens skola Grundskola Steg 1 klart {day} Steg 2 nästa Steg 3 – väntar" in text(client)


def test_overview_tiles_lead_to_the_units_they_count(client: Client, coordinator: User) -> None:
    scenes.standing_at(1, by=coordinator, name="Har ett")
    scenes.standing_at(2, by=coordinator, name="Har två")
    factories.unit(name="Inte med")
    page = client.get("/oversikt/").content.decode()
    assert 'href="/oversikt/?done=2#enheter"' in page
    assert listed(client, "done=1") == ["Har ett", "Har två"]
    assert listed(client, "done=2") == ["Har två"]
    assert listed(client, "status=step_2") == ["Har ett"]
    assert listed(client, "status=not_invited") == ["Inte med"]


def test_overview_done_filter_leaves_out_a_paused_unit_that_no_tile_counts(client: Client, coordinator: User) -> None:
    paused = scenes.standing_at(1, by=coordinator)
    actions.record_participation(paused, state=ParticipationState.PAUSED, by=coordinator)
    assert listed(client, "done=1") == []
    assert "Webbkurs 0 av 0 klara" in text(client)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("kind=preschool", ["Alens förskola"]),
        ("department=Socialförvaltningen", ["Stödteamet"]),
        ("district=Viksjö", ["Alens förskola"]),
        ("q=STÖD", ["Stödteamet"]),
        ("kind=preschool&district=Jakobsberg", []),
    ],
)
def test_overview_filters(client: Client, query: str, names: list[str]) -> None:
    factories.unit(name="Alens förskola", kind=Kind.PRESCHOOL, district="Viksjö", department="Utbildningsförvaltningen")
    factories.unit(
        name="Stödteamet", kind=Kind.SOCIAL_SERVICES, district="Jakobsberg", department="Socialförvaltningen"
    )
    assert listed(client, query) == names


def test_overview_figures_follow_the_filter(client: Client, coordinator: User) -> None:
    scenes.standing_at(1, by=coordinator, district="Viksjö")
    scenes.standing_at(0, by=coordinator, district="Jakobsberg")
    assert "Webbkurs 1 av 1 klara" in text(client, "/oversikt/?district=Viksjö")
    assert "Webbkurs 0 av 1 klara" in text(client, "/oversikt/?district=Jakobsberg")


def test_overview_says_when_no_unit_matches(client: Client) -> None:
    factories.unit(name="Alens förskola")
    assert "Ingen enhet passar in på filtret." in text(client, "/oversikt/?q=finns-inte")


def test_overview_without_units_leads_to_the_import(client: Client) -> None:
    page = text(client)
    assert "Här finns inga enheter än. Importera en lista" in page
    assert "Inget väntar på dig just nu." in page


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("name", ["Bo", "Zen", "Åre"]),
        ("-name", ["Åre", "Zen", "Bo"]),
        ("step_1", ["Åre", "Bo", "Zen"]),
        ("-step_1", ["Bo", "Åre", "Zen"]),
        ("kind", ["Zen", "Åre", "Bo"]),
        ("deadline", ["Åre", "Bo", "Zen"]),
    ],
)
def test_overview_sorts_with_empty_cells_last(client: Client, coordinator: User, sort: str, names: list[str]) -> None:
    scenes.standing_at(3, by=coordinator, name="Åre", kind=Kind.COMPULSORY_SCHOOL, days_ago=300)
    scenes.standing_at(3, by=coordinator, name="Bo", kind=Kind.OPEN_PRESCHOOL, days_ago=30)
    scenes.standing_at(0, by=coordinator, name="Zen", kind=Kind.PRESCHOOL)
    assert listed(client, f"sort={sort}") == names


def test_overview_heading_tells_the_order_and_turns_it(client: Client) -> None:
    factories.unit()
    page = client.get("/oversikt/?sort=step_2&kind=preschool").content.decode()
    assert re.findall(r'aria-sort="(\w+)"', page) == ["ascending"]
    assert 'href="/oversikt/?kind=preschool&amp;sort=-step_2#enheter"' in page


def test_overview_pages_keep_the_filter(client: Client) -> None:
    for number in range(1, 28):
        factories.unit(name=f"Skola {number:02}", kind=Kind.COMPULSORY_SCHOOL)
    factories.unit(name="Förskola", kind=Kind.PRESCHOOL)
    page = client.get("/oversikt/?kind=compulsory_school&sort=-name").content.decode()
    assert "27 enheter" in fragment(page)
    assert 'href="?kind=compulsory_school&amp;sort=-name&amp;page=2"' in page
    assert listed(client, "kind=compulsory_school&sort=-name&page=2") == ["Skola 02", "Skola 01"]


@pytest.mark.parametrize(
    "query",
    [
        "page=abc",
        "page=0",
        "page=-1",
        "page=99999999999999999999999999",
        "sort=evil",
        "sort=-",
        "sort=password",
        "kind=evil",
        "status=evil",
        "done=9",
        "done=-1",
        "done=x",
        "department=%00",
        "q=%00",
        "q=a%00b",
        "kind=%00&sort=%00&page=%00",
        "q=" + "x" * 5000,
        "q=%ff%fe",
        "q=%25_%27%22%5C",
        "district[]=a&district=b&district=c",
        "visa=%00",
    ],
)
def test_overview_leaves_out_what_it_does_not_understand(client: Client, query: str) -> None:
    factories.unit(name="Alens förskola")
    response = client.get(f"/oversikt/?{query}")
    assert response.status_code == 200
    main = response.content.decode().split("<main")[1]
    assert "Översikt" in main
    assert "evil" not in main


def test_overview_with_an_unknown_filter_lists_all(client: Client) -> None:
    factories.unit(name="Alens förskola")
    assert listed(client, "kind=evil&status=evil&sort=evil&page=abc&department=Finns+inte") == ["Alens förskola"]


def test_overview_search_with_a_personnummer_is_dropped(client: Client) -> None:
    factories.unit(name="Alens förskola")
    page = client.get("/oversikt/?q=19121212-1212").content.decode()
    assert "19121212" not in page.split("<main")[1]
    assert listed(client, "q=19121212-1212") == ["Alens förskola"]


def test_overview_tells_htmx_the_clean_address(client: Client) -> None:
    response = client.get("/oversikt/?q=&kind=preschool&status=&page=1&sort=name", headers={"HX-Request": "true"})
    assert response.headers["HX-Push-Url"] == "/oversikt/?kind=preschool"


# --- This week --------------------------------------------------------------------------------------------------


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
    assert re.search(r"Hölls utbildningen ”Att se i tid” den \d+ \w+ \d{4}\? Svara ja eller nej\.", fragment(page))
    assert re.search(r"Björken Inbjuden den \d+ \w+ \d{4} och har inte svarat\. Hör av dig\.", fragment(page))
    for address in (
        f"/rutiner/{routine.slug}/granska/",
        f"/utbildningar/{training.pk}/",
        f"/enheter/{invited.slug}/deltagande/",
    ):
        assert f'href="{address}"' in page
    assert "1 rutin att granska 1 utbildning att bocka av 1 inbjudan utan svar" in fragment(page)


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


def test_this_week_leaves_the_follow_up_out_while_support_is_given(client: Client, coordinator: User) -> None:
    for name, days_ago in (("Almen", 400), ("Björken", 200)):
        unit = scenes.standing_at(3, by=coordinator, days_ago=days_ago, name=name)
        record_follow_up(
            factories.open_round(unit),
            held_on=clock.today(),
            decision=Decision.MORE_SUPPORT,
            by=coordinator,
            support_actions=[Promise("Handledning", "Rektor Ek", clock.today() + dt.timedelta(30))],
        )
    scenes.standing_at(3, by=coordinator, days_ago=400, name="Utan stöd")
    assert [line.split(" Uppf")[0] for line in week(client)] == ["Utan stöd"]
    for promise in SupportAction.objects.all():
        complete_support_action(promise, by=coordinator)
    assert {line.split()[0] for line in week(client)} == {"Almen", "Björken", "Utan"}


def test_this_week_follows_up_again_after_a_new_step_3(client: Client, coordinator: User) -> None:
    unit = scenes.standing_at(3, by=coordinator, days_ago=400, name="Almen")
    record_follow_up(
        factories.open_round(unit),
        held_on=clock.today(),
        decision=Decision.MORE_SUPPORT,
        by=coordinator,
        support_actions=[Promise("Handledning", "Rektor Ek", clock.today() + dt.timedelta(30))],
    )
    assert week(client) == []
    actions.withdraw_step(StepCompletion.objects.get(step=Step.ROUTINES), reason="Fel", by=coordinator)
    actions.complete_step(factories.open_round(unit), Step.ROUTINES, on=scenes.days_before(400), by=coordinator)
    assert week(client)[0].startswith("Almen Uppföljningen skulle ha gjorts senast")


# --- The same number of queries, however many units ------------------------------------------------------------


def municipality(units: int, *, by: User, first: int = 0) -> None:
    """Units in every state, most of them past some step, some with something to do."""
    for number in range(first, first + units):
        fields: dict[str, Any] = {
            "name": f"Enhet {number:03}",
            "district": f"Del {number % 4}",
            "declared_headcount": 5,
        }
        if number % 5 == 0:
            scenes.answered(ParticipationState.INVITED, by=by, days_ago=40, **fields)
            continue
        unit = scenes.standing_at(number % 5 - 1, by=by, days_ago=400, **fields)
        if number % 5 == 2:
            # Nobody there has the course: let past, and now looked at for whether it has fallen since.
            StepCompletion.objects.filter(round__unit=unit, step=1).update(override_reason="Ny enhet")
            scenes.routine(unit, title="Oro", state=VersionState.IN_REVIEW, by=by)
            scenes.training(unit, title="Kurs", days=1, by=by)


def queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


@pytest.mark.parametrize("address", ["/oversikt/", "/oversikt/?visa=alla&status=invited&sort=-deadline&district=Del+0"])
def test_overview_asks_at_most_ten_queries_for_3_and_for_300_units(
    client: Client, coordinator: User, address: str
) -> None:
    Programme.current()  # the row is made by whoever asks first, in any portal once
    municipality(3, by=coordinator)
    for_three = queries(client, address)
    municipality(297, by=coordinator, first=3)
    assert Unit.objects.count() == 300
    assert queries(client, address) == for_three
    assert for_three <= 10
