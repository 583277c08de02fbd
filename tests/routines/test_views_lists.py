"""The lists of routines: one's own, and all of them for the coordinator."""

import datetime as dt

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from jarfalla import clock
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
        ("?state=late", []),
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


def test_coordinator_filters_out_what_was_not_looked_over_in_time(
    municipality: dict[str, Routine], sign_in: SignIn, coordinator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = municipality["Åttan"].in_force
    assert version is not None
    review_on = version.review_on
    assert review_on is not None
    for day, titles in ((review_on, []), (review_on + dt.timedelta(days=1), ["Åttan"])):
        monkeypatch.setattr(clock, "today", lambda day=day: day)
        assert rows(page(sign_in(coordinator), "?state=late")) == titles
    assert '<option value="late" selected>Skulle ha setts över</option>' in page(sign_in(coordinator), "?state=late")


def test_filter_keeps_the_capitals_of_its_words(sign_in: SignIn, coordinator: User) -> None:
    shown = page(sign_in(coordinator))
    assert ">Fastställd, PDF skapas</option>" in shown
    assert ">Fastställd, men PDF:en kunde inte skapas</option>" in shown


def test_list_says_in_how_many_sections_the_template_has_changed(
    municipality: dict[str, Routine],
    template: Template,
    sign_in: SignIn,
    coordinator: User,
    manager: User,
    member: User,
) -> None:
    sentence = "Mallen har ändrats i 1 avsnitt"
    assert sentence not in page(sign_in(manager))
    actions.add_section(template, kind="checklist", heading="Resor", after="", by=coordinator, body="Fråga")
    shown = page(sign_in(manager))
    assert shown.count(sentence) == 1
    assert f'href="{reverse("offers", args=[municipality["Väntar"].slug])}"' in shown
    assert page(sign_in(coordinator)).count(sentence) == 2
    stages.in_force_without_pdf(municipality["Väntar"].unit, title="Gäller", by=coordinator)
    assert "Gäller" in page(sign_in(member))
    assert sentence not in page(sign_in(member))


def test_changed_templates_take_the_same_queries_for_one_and_three(
    template: Template, unit: Unit, sign_in: SignIn, coordinator: User, manager: User
) -> None:
    made = [stages.routine(unit, title=f"Rutin {n}", template=template, by=coordinator) for n in range(3)]
    Routine.objects.filter(pk__in=[row.pk for row in made[1:]]).update(template=None)
    actions.add_section(template, kind="checklist", heading="Resor", after="", by=coordinator, body="Fråga")
    client = sign_in(manager)
    counts = [queries(client, reverse("routines"))]
    assert page(client).count("Mallen har ändrats") == 1
    Routine.objects.update(template=template)
    counts.append(queries(client, reverse("routines")))
    assert page(client).count("Mallen har ändrats") == 3
    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    "name", ["routines", "contacts", "contact_new", "laws", "law_new", "routine_templates", "exports"]
)
def test_coordinators_menu_marks_routines_where_one_comes_from_there(
    name: str, sign_in: SignIn, coordinator: User
) -> None:
    shown = sign_in(coordinator).get(reverse(name)).content.decode()
    current = "page" if name == "routines" else "true"
    assert shown.count(f'<a href="/rutiner/" aria-current="{current}">Rutiner</a>') == 2  # the wide menu and the narrow
    assert shown.count("aria-current=") == 2


def test_coordinator_finds_contacts_and_laws_from_the_routines(sign_in: SignIn, coordinator: User) -> None:
    shown = page(sign_in(coordinator))
    assert '<a href="/kontakter/">Kontakter</a> · <a href="/lagrum/">Lagrum</a>' in shown
    assert '<a href="/lagrum/">Lagrum</a>' in sign_in(coordinator).get("/kontakter/").content.decode()


def test_menu_of_staff_marks_contacts_on_the_page_of_laws(sign_in: SignIn, member: User) -> None:
    for address, current in (("/kontakter/", "page"), ("/lagrum/", "true")):
        shown = sign_in(member).get(address).content.decode()
        assert shown.count(f'<a href="/kontakter/" aria-current="{current}">Kontakter</a>') == 2
        assert shown.count("aria-current=") == 2


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
