"""The coordinator's dashboard."""

import html
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.formats import date_format

from routines.models import VersionState
from tests import factories
from tests.conftest import SignIn
from tests.jarfalla import scenes
from tests.planning import counted
from units import actions
from units.models import Kind, ParticipationState, Programme, StepCompletion, Unit, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(sign_in: SignIn, coordinator: User) -> Client:
    return sign_in(coordinator)


def text(client: Client, address: str = "/oversikt/") -> str:
    """What a person reads on the page."""
    response = client.get(address)
    assert response.status_code == 200
    return scenes.words(response.content)


def listed(client: Client, query: str) -> list[str]:
    """The names in the table, in order."""
    page = client.get(f"/oversikt/?{query}").content.decode()
    return [html.unescape(name) for name in re.findall(r'role="rowheader"><a href="[^"]+">([^<]+)</a>', page)]


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
    assert "27 enheter" in scenes.fragment(page)
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
    counted()
    assert Unit.objects.count() == 300
    assert queries(client, address) == for_three
    assert for_three <= 10
