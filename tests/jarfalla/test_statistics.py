"""Figures only, for the coordinator and readers."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests import factories
from tests.conftest import SignIn
from tests.jarfalla import scenes
from units import actions
from units.models import Kind, MembershipRole, ParticipationState, Programme, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(sign_in: SignIn, reader: User) -> Client:
    return sign_in(reader)


def text(client: Client, query: str = "") -> str:
    response = client.get(f"/statistik/?{query}")
    assert response.status_code == 200
    return scenes.words(response.content)


def test_statistics_share_of_each_kind(client: Client, coordinator: User) -> None:
    for steps in (0, 1, 2):
        scenes.standing_at(steps, by=coordinator, kind=Kind.PRESCHOOL)
    scenes.standing_at(3, by=coordinator, kind=Kind.COMPULSORY_SCHOOL)
    factories.unit(kind=Kind.COMPULSORY_SCHOOL)
    page = text(client)
    assert "4 av 5 enheter deltar." in page
    assert "Förskola 3 3 2 (66 %) 1 (33 %) 0 (0 %) 0 (0 %)" in page
    assert "Grundskola 2 1 1 (100 %) 1 (100 %) 1 (100 %) 0 (0 %)" in page
    assert "Alla 5 4 3 (75 %) 2 (50 %) 1 (25 %) 0 (0 %)" in page


def test_statistics_kind_where_nobody_takes_part_has_no_share(client: Client) -> None:
    factories.unit(kind=Kind.ASSOCIATION)
    assert "Förening 1 0 – ingen deltar" in text(client)


def test_statistics_of_participation_and_follow_ups(client: Client, coordinator: User) -> None:
    for state in (ParticipationState.INVITED, ParticipationState.DECLINED, ParticipationState.PAUSED):
        scenes.answered(state, by=coordinator)
    for days_ago in (30, 200, 400, 410):
        scenes.standing_at(3, by=coordinator, days_ago=days_ago)
    done = scenes.standing_at(4, by=coordinator)
    actions.close_round(factories.open_round(done), by=coordinator)
    page = text(client)
    assert "Deltar 5 Inte inbjuden 0 Inbjuden 1 Tackat nej 1 Pausad 1" in page
    assert "Gjorda 1 Att göra nu 1 Försenade 2 Senare 1" in page


def test_statistics_filtered_by_place(client: Client, coordinator: User) -> None:
    scenes.standing_at(1, by=coordinator, department="Socialförvaltningen", district="Viksjö")
    scenes.standing_at(0, by=coordinator, department="Utbildningsförvaltningen", district="Viksjö")
    assert "1 av 1 enheter deltar." in text(client, "department=Socialförvaltningen")
    assert "2 av 2 enheter deltar." in text(client, "district=Viksjö")
    assert "2 av 2 enheter deltar." in text(client)


def test_statistics_without_units(client: Client) -> None:
    assert "Här finns inga enheter att räkna." in text(client)


@pytest.mark.parametrize("query", ["district=evil", "district=%00", "department=a%00b", "district=%ff&page=abc"])
def test_statistics_leave_out_what_they_do_not_understand(client: Client, query: str) -> None:
    factories.unit()
    assert "0 av 1 enheter deltar." in text(client, query)


def test_statistics_name_no_unit_and_no_person(client: Client, coordinator: User) -> None:
    unit = scenes.standing_at(1, by=coordinator, name="Hemliga förskolan", district="Viksjö")
    factories.staff(unit, name="Hedda Hemlig", role=MembershipRole.MANAGER)
    for address in ("/statistik/", "/statistik/?district=Viksjö", "/"):
        page = client.get(address).content.decode()
        assert "Hemlig" not in page
        assert unit.slug not in page
        assert coordinator.name not in page


def test_statistics_bars_have_no_inline_style(client: Client, coordinator: User) -> None:
    scenes.standing_at(1, by=coordinator)
    page = client.get("/statistik/").content.decode()
    assert re.findall(r'class="bar__part" width="(\d+)"', page)[:2] == ["100", "0"]
    assert "style=" not in page


def test_statistics_are_not_for_those_who_work_in_a_unit(sign_in: SignIn, manager: User, member: User) -> None:
    for user in (manager, member):
        response = sign_in(user).get("/statistik/")
        assert response.status_code == 404
        assert "enheter deltar" not in response.content.decode()


def test_statistics_ask_the_same_queries_for_1_and_3_units(client: Client, coordinator: User) -> None:
    Programme.current()
    counts = []
    for kind in (Kind.PRESCHOOL, Kind.COMPULSORY_SCHOOL, Kind.ASSOCIATION):
        scenes.standing_at(2, by=coordinator, kind=kind)
        with CaptureQueriesContext(connection) as captured:
            client.get("/statistik/")
        counts.append(len(captured))
    assert counts == [counts[0]] * 3
