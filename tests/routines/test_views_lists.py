"""The lists of routines: one's own, and all of them for the coordinator."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from routines import actions
from routines.models import Routine, Template, VersionState
from tests import factories
from tests.conftest import SignIn
from tests.routines import stages
from units.models import Kind, Unit, User

pytestmark = pytest.mark.django_db


def page(client: Client, query: str = "") -> str:
    answer = client.get(reverse("routines") + query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_member_without_routines_is_told_what_to_do(sign_in: SignIn, member: User) -> None:
    assert "Din enhet har ingen rutin som gäller än." in page(sign_in(member))


def rows(shown: str) -> list[str]:
    """The titles in a list, in order."""
    return [part.split(">", 1)[1].split("<", 1)[0] for part in shown.split('<p class="routine-list__title">')[1:]]


@pytest.fixture
def municipality(template: Template, unit: Unit, coordinator: User, manager: User) -> dict[str, Routine]:
    """Routines of two units in several states."""
    school = factories.unit(name="Åsens skola", kind=Kind.COMPULSORY_SCHOOL)
    waiting = stages.walked(
        unit, VersionState.IN_REVIEW, template=template, by=coordinator, manager=manager, title="Väntar"
    )
    return {
        "Åttan": stages.in_force_without_pdf(school, title="Åttan", by=coordinator),
        "Ängen": stages.routine(school, title="Ängen", template=template, by=coordinator),
        "Väntar": waiting.routine,
    }


def test_coordinator_sees_first_what_waits_for_review(
    municipality: dict[str, Routine], sign_in: SignIn, coordinator: User
) -> None:
    shown = page(sign_in(coordinator))
    assert rows(shown) == ["Väntar", "Åttan", "Ängen"]
    assert "3 rutiner" in shown


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("?q=åttan", ["Åttan"]),
        ("?q=åsens", ["Åttan", "Ängen"]),
        ("?kind=compulsory_school&state=draft", ["Ängen"]),
        ("?kind=preschool", ["Väntar"]),
        ("?state=in_force", ["Åttan"]),
        ("?state=in_review", ["Väntar"]),
        ("?state=superseded", ["Väntar", "Åttan", "Ängen"]),  # not a choice: left out
        ("?kind=%00&page=99&q=%00", ["Väntar", "Åttan", "Ängen"]),
        ("?q=finns+inte", []),
    ],
)
def test_coordinator_filters_the_list(
    query: str, titles: list[str], municipality: dict[str, Routine], sign_in: SignIn, coordinator: User
) -> None:
    shown = page(sign_in(coordinator), query)
    assert rows(shown) == titles
    assert ("Ingen rutin stämmer med det du har valt." in shown) == (not titles)


def test_list_is_paged_and_keeps_the_filter(unit: Unit, sign_in: SignIn, coordinator: User) -> None:
    for number in range(26):
        stages.in_force_without_pdf(unit, title=f"Rutin-{number:02}", by=coordinator)
    first = page(sign_in(coordinator), "?q=rutin")
    assert (len(rows(first)), "Sida 1 av 2" in first) == (25, True)
    assert 'href="?q=rutin&amp;page=2"' in first
    assert rows(page(sign_in(coordinator), "?q=rutin&page=2")) == ["Rutin-25"]


def queries(client: Client, address: str) -> int:
    client.get(address)  # whatever the first visit alone costs
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


@pytest.mark.parametrize("who", ["coordinator", "manager", "member"])
@pytest.mark.parametrize("name", ["routines", "step_3"])
def test_list_takes_the_same_queries_for_one_and_three(
    name: str,
    who: str,
    request: pytest.FixtureRequest,
    template: Template,
    unit: Unit,
    sign_in: SignIn,
    coordinator: User,
    manager: User,
) -> None:
    client = sign_in(request.getfixturevalue(who))
    address = reverse(name, args=[unit.slug] if name == "step_3" else [])
    counts = []
    for number in range(3):
        made = stages.in_force_without_pdf(unit, title=f"Gäller{number}", by=coordinator)
        factories.write_what_is_missing(actions.start_version(made, by=manager), by=manager)
        actions.submit_version(stages.newest(made), by=manager)
        actions.return_version(stages.newest(made), comment="Mer", by=coordinator)
        counts.append(queries(client, address))
    assert counts[0] == counts[2]


@pytest.mark.parametrize("who", ["member", "coordinator"])
def test_search_for_somebodys_number_says_why_it_is_not_done(
    request: pytest.FixtureRequest, sign_in: SignIn, who: str
) -> None:
    page = sign_in(request.getfixturevalue(who)).get(reverse("routines"), {"q": "19811218-9876"}).content.decode()
    assert "Texten ser ut att innehålla ett personnummer." in page
