"""How many work in a unit whose staff have no accounts: said by those who log its steps, with a date."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from courses import queries
from jarfalla import clock
from tests.conftest import SignIn
from tests.courses import rows
from tests.courses.rows import DAY
from units.actions import declare_headcount
from units.models import DeclaredHeadcount, Unit, User

pytestmark = pytest.mark.django_db


def page(client: Client, unit: Unit) -> str:
    return " ".join(client.get(reverse("step_1", args=[unit.slug])).content.decode().split())


def declare(client: Client, unit: Unit, **fields: object) -> str:
    response = client.post(reverse("headcount_declare", args=[unit.slug]), fields, follow=True)
    return " ".join(response.content.decode().split())


def test_manager_declares_a_headcount_and_everybody_reads_since_when(
    unit: Unit, manager: User, member: User, sign_in: SignIn
) -> None:
    day = clock.today() - 10 * DAY
    html = declare(sign_in(manager), unit, headcount=20, declared_on=day)
    assert "Antalet är sparat." in html
    assert f"Angivet antal: 20, från och med {day.day} " in html
    assert f"angivet av {manager.name} den {clock.today().day} " in html
    assert [queries.coverage(unit, on).size for on in (day - DAY, day)] == [2, 20]
    read = page(sign_in(member), unit)
    assert f"Arbetar här, angivet antal från och med {day.day} " in read
    assert manager.name not in read


def test_empty_headcount_lets_the_staff_list_count_again(unit: Unit, manager: User, sign_in: SignIn) -> None:
    declare_headcount(unit, headcount=20, on=clock.today() - 10 * DAY, by=manager)
    html = declare(sign_in(manager), unit, headcount="", declared_on=clock.today())
    assert "Nu räknas personallistan." in html
    assert "Personallistan räknas: 1 person i dag." in html
    assert [queries.coverage(unit, on).size for on in (clock.today() - DAY, clock.today())] == [20, 1]
    assert html.index('records__title">Personallistan räknas') < html.index('records__title">20 personer')


def test_unit_of_a_headcount_alone_logs_a_group_session(unit: Unit, coordinator: User, sign_in: SignIn) -> None:
    declare_headcount(unit, headcount=25, on=clock.today() - 10 * DAY, by=coordinator)
    client = sign_in(coordinator)
    html = page(client, unit)
    assert "Hur många var med?" in html
    assert "Vilka var med?" not in html
    response = client.post(
        reverse("group_session_new", args=[unit.slug]),
        {"held_on": str(clock.today()), "headcount": "21"},
        follow=True,
    )
    assert "21 / 25 = 84 %" in response.content.decode()


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({"headcount": "0"}, "headcount", "Antalet anställda måste vara minst 1."),
        ({"headcount": "9999999"}, "headcount", "Antalet anställda är orimligt stort."),
        ({"declared_on": str(clock.today() + 9 * DAY)}, "declared_on", "Datumet ligger i framtiden."),
        ({"declared_on": ""}, "declared_on", "Fyll i det här."),
    ],
)
def test_wrong_headcount_is_refused_at_its_field(
    fields: dict[str, str], field: str, sentence: str, unit: Unit, manager: User, sign_in: SignIn
) -> None:
    data = {"headcount": "20", "declared_on": str(clock.today()), **fields}
    response = sign_in(manager).post(reverse("headcount_declare", args=[unit.slug]), data)
    html = " ".join(response.content.decode().split())
    assert sentence in response.context["form"].errors[field][0]
    assert f'href="#id_size_{field}"' in html
    assert html.count(sentence) >= 2  # summary and field
    assert not DeclaredHeadcount.objects.exists()


def test_headcount_is_closed_to_others(unit: Unit, member: User, reader: User, outsider: User, sign_in: SignIn) -> None:
    rows.crew(unit, 1)
    data = {"headcount": "1", "declared_on": str(clock.today())}
    address = reverse("headcount_declare", args=[unit.slug])
    assert [sign_in(user).post(address, data).status_code for user in (member, reader, outsider)] == [403, 403, 404]
    assert not DeclaredHeadcount.objects.exists()


def test_declarations_make_no_query_each(unit: Unit, manager: User, sign_in: SignIn) -> None:
    client, counted = sign_in(manager), []
    for days in ((9,), (8, 7)):
        for ago in days:
            declare_headcount(unit, headcount=30 - ago, on=clock.today() - ago * DAY, by=manager)
        page(client, unit)
        with CaptureQueriesContext(connection) as made:
            page(client, unit)
        counted.append(len(made))
    assert counted[0] == counted[1]
