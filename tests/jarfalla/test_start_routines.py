"""What the start page says about routines that wait: for the manager, for those who read, and for the coordinator."""

import datetime as dt
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from courses.models import TrainingState
from jarfalla import clock
from routines import actions as routine_actions
from routines.models import Routine, Template, VersionState
from tests import factories
from tests.conftest import SignIn
from tests.jarfalla import scenes
from tests.routines import stages
from units import actions
from units.models import MembershipRole, Programme, Unit, User

pytestmark = pytest.mark.django_db


def links(client: Client, address: str = "/") -> dict[str, str]:
    """Where each link of the page leads, by its words."""
    page = client.get(address).content.decode().split("<main", 1)[1].split("</main>")[0]
    return {text: href for href, text in re.findall(r'<a href="([^"]*)">([^<]*)</a>', page)}


@pytest.fixture
def template(db: None) -> Template:
    return stages.small_template()


def changed(template: Template, *, by: User) -> None:
    """The template says something that the routines made from it don't."""
    routine_actions.add_section(template, kind="checklist", heading="Resor", after="", by=by, body="Fråga")


# --- The manager -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "text", "page"),
    [
        (VersionState.ENDORSED, "Fastställ rutinen ”Oro för barn”", "routine_approve"),
        (VersionState.RETURNED, "Rutinen ”Oro för barn” behöver ändras", "routine_write"),
        (VersionState.FAILED, "PDF:en till ”Oro för barn” kunde inte skapas", "routine"),
    ],
)
def test_manager_sees_a_routine_that_waits_long_after_step_3(
    state: VersionState, text: str, page: str, unit: Unit, sign_in: SignIn, coordinator: User, manager: User
) -> None:
    scenes.standing_at(3, unit=unit, by=coordinator)
    routine = scenes.routine(unit, title="Oro för barn", state=state, by=coordinator)
    assert links(sign_in(manager))[text] == reverse(page, args=[routine.slug])


def test_manager_is_told_once_of_what_the_next_step_is(
    unit: Unit, sign_in: SignIn, coordinator: User, manager: User
) -> None:
    scenes.standing_at(2, unit=unit, by=coordinator)
    first = scenes.routine(unit, title="Först", state=VersionState.ENDORSED, by=coordinator)
    scenes.routine(unit, title="Sedan", state=VersionState.RETURNED, by=coordinator)
    shown = sign_in(manager).get("/").content.decode()
    assert shown.count(reverse("routine_approve", args=[first.slug])) == 1
    assert "Rutinen ”Sedan” behöver ändras" in shown


def test_manager_sees_that_a_template_has_changed(
    unit: Unit, template: Template, sign_in: SignIn, coordinator: User, manager: User
) -> None:
    routine = stages.routine(unit, title="Oro för barn", template=template, by=coordinator)
    text = "Mallen till ”Oro för barn” har ändrats"
    assert text not in links(sign_in(manager))
    changed(template, by=coordinator)
    assert links(sign_in(manager))[text] == reverse("offers", args=[routine.slug])


def test_nobody_else_is_told_what_waits_for_the_manager(
    unit: Unit, template: Template, sign_in: SignIn, coordinator: User, manager: User, member: User, outsider: User
) -> None:
    scenes.standing_at(3, unit=unit, by=coordinator)
    for state in (VersionState.ENDORSED, VersionState.RETURNED, VersionState.FAILED):
        scenes.routine(unit, title=f"Hemlig {state.value}", state=state, by=coordinator)
    stages.routine(unit, title="Hemlig mall", template=template, by=coordinator)
    changed(template, by=coordinator)
    assert sign_in(manager).get("/").content.decode().count("Hemlig") == 4
    for person in (member, outsider):
        assert "Hemlig" not in sign_in(person).get("/").content.decode()


def test_what_waits_takes_the_same_queries_for_1_and_3_units(
    unit: Unit, template: Template, sign_in: SignIn, coordinator: User, manager: User
) -> None:
    Programme.current()
    counts, client = [], sign_in(manager)
    for number in range(3):
        own = unit if number == 0 else factories.taking_part(factories.unit())
        if number:
            actions.add_person(own, name="", email=manager.email, role=MembershipRole.MANAGER, by=coordinator)
        scenes.standing_at(3, unit=own, by=coordinator)
        scenes.routine(own, title="Väntar", state=VersionState.ENDORSED, by=coordinator)
        scenes.routine(own, title="Gäller", state=VersionState.IN_FORCE, by=coordinator)
        stages.routine(own, title="Ur mall", template=template, by=coordinator)
        if number == 0:
            changed(template, by=coordinator)
        else:
            Routine.objects.get(unit=own, title="Ur mall").versions.get().sections.filter(heading="Resor").delete()
        with CaptureQueriesContext(connection) as captured:
            page = client.get("/").content.decode()
        assert page.count("Fastställ rutinen ”Väntar”") == page.count("Mallen till ”Ur mall”") == number + 1
        assert page.count("Du har inte läst den än") == number + 1
        counts.append(len(captured))
    assert counts == [counts[0]] * 3


# --- Those who read --------------------------------------------------------------------------------------------------


def test_start_says_which_routines_remain_to_be_read(
    unit: Unit, sign_in: SignIn, coordinator: User, member: User
) -> None:
    routine = scenes.routine(unit, title="Oro för barn", state=VersionState.IN_FORCE, by=coordinator)
    client, version = sign_in(member), routine.in_force
    assert version is not None
    assert "Du har inte läst den än" in client.get("/").content.decode()
    with CaptureQueriesContext(connection) as captured:
        client.get("/")
    assert len([row for row in captured if "routines_readreceipt" in row["sql"]]) == 1
    routine_actions.note_read(version, by=member)
    assert "läst den" not in client.get("/").content.decode()


def test_page_of_the_unit_asks_nobody_to_read(unit: Unit, sign_in: SignIn, coordinator: User) -> None:
    scenes.routine(unit, title="Oro för barn", state=VersionState.IN_FORCE, by=coordinator)
    shown = sign_in(coordinator).get(unit.get_absolute_url()).content.decode()
    assert "Oro för barn" in shown
    assert "läst den" not in shown


# --- The coordinator -------------------------------------------------------------------------------------------------


def test_counts_of_the_week_lead_to_lists_of_just_those(
    unit: Unit, sign_in: SignIn, coordinator: User, monkeypatch: Any
) -> None:
    for title in ("Ett", "Två"):
        scenes.routine(unit, title=title, state=VersionState.IN_REVIEW, by=coordinator)
    scenes.routine(unit, title="Tre", state=VersionState.FAILED, by=coordinator)
    scenes.training(unit, title="Att se i tid", days=-3, by=coordinator)
    late = scenes.routine(unit, title="Fyra", state=VersionState.IN_FORCE, by=coordinator).in_force
    assert late is not None
    assert late.review_on is not None
    client = sign_in(coordinator)
    there = {
        "2 rutiner att granska": "/rutiner/?state=in_review",
        "1 rutin utan PDF": "/rutiner/?state=failed",
        "1 utbildning att bocka av": f"/utbildningar/?visa={TrainingState.AWAITING_ANSWER.value}",
    }
    assert there.items() <= links(client).items()
    assert there.items() <= links(client, reverse("overview")).items()
    for text, address in there.items():
        listed = client.get(address).content.decode()
        assert listed.count('class="routine-list__title"') in (0, int(text.split()[0]))
    day = late.review_on + dt.timedelta(days=1)
    monkeypatch.setattr(clock, "today", lambda: day)
    assert links(client)["1 rutin att se över"] == "/rutiner/?state=late"
    assert "Fyra" in client.get("/rutiner/?state=late").content.decode()


def test_count_without_a_list_of_its_own_is_no_link(unit: Unit, sign_in: SignIn, coordinator: User) -> None:
    scenes.training(unit, title="Att se i tid", days=3, by=coordinator)
    page = sign_in(coordinator).get("/").content.decode()
    assert "<li>1 utbildning i veckan</li>" in page
