"""The person registers the own course, and takes a mistake back."""

import pytest
from django.test import Client
from django.urls import reverse

from courses import queries
from courses.models import Completion
from jarfalla import clock
from tests import factories
from tests.conftest import SignIn
from tests.courses import rows
from tests.courses.rows import DAY
from units.actions import change_programme
from units.models import Unit, User

pytestmark = pytest.mark.django_db

WITHDRAW = "Återta min registrering"


def url(name: str, unit: Unit) -> str:
    return reverse(name, args=[unit.slug])


def page(client: Client, unit: Unit) -> str:
    return " ".join(client.get(url("step_1", unit)).content.decode().split())


def test_member_registers_the_own_course_and_takes_it_back(unit: Unit, member: User, sign_in: SignIn) -> None:
    client, day = sign_in(member), clock.today() - 2 * DAY
    assert "Du är inte registrerad än." in page(client, unit)
    response = client.post(url("own_completion_new", unit), {"on": str(day)}, follow=True)
    html = " ".join(response.content.decode().split())
    assert "Tack! Nu är du registrerad." in html
    assert f"Du är registrerad: du gick kursen den {day.day} " in html
    assert "Jag har gått kursen" not in html
    completion = Completion.objects.get()
    assert (completion.user, completion.completed_on, completion.recorded_by) == (member, day, member)
    assert queries.coverage(unit).named == 1
    assert WITHDRAW in html
    response = client.post(url("own_completion_withdraw", unit), follow=True)
    assert "Din registrering är återtagen." in response.content.decode()
    assert queries.coverage(unit).named == 0


def test_what_the_manager_registered_is_not_the_persons_to_take_back(
    unit: Unit, manager: User, member: User, sign_in: SignIn
) -> None:
    rows.taken(unit, [member])
    client = sign_in(member)
    assert WITHDRAW not in page(client, unit)
    response = client.post(url("own_completion_withdraw", unit), follow=True)
    assert "Någon annan har registrerat att du gått kursen." in response.content.decode()
    assert Completion.objects.standing().get().user == member


def test_manager_sees_who_registered_themselves(unit: Unit, manager: User, member: User, sign_in: SignIn) -> None:
    sign_in(member).post(url("own_completion_new", unit), {"on": str(clock.today())})
    html = page(sign_in(manager), unit)
    assert f"{member.name}</p>" in html
    assert "registrerade sig själv" in html


def test_person_counted_without_a_name_says_so(unit: Unit, member: User, sign_in: SignIn) -> None:
    rows.crew(unit, 2)
    session = rows.session(unit, headcount=2, on=clock.today() - 5 * DAY)
    client = sign_in(member)
    assert "Räknades du utan namn på en gruppträff?" in page(client, unit)
    client.post(url("own_completion_new", unit), {"on": str(clock.today()), "counted_in": session.pk})
    reached = queries.coverage(unit)
    assert (reached.named, reached.headcount, reached.covered) == (1, 1, 2)


def test_expired_course_is_said_and_can_be_taken_again(
    unit: Unit, member: User, coordinator: User, sign_in: SignIn
) -> None:
    rows.crew(unit, 1)
    rows.taken(unit, [member], on=clock.today() - 300 * DAY)
    change_programme(by=coordinator, course_validity_months=6)
    client = sign_in(member)
    html = page(client, unit)
    assert "så det är dags att gå den igen." in html
    assert "Du är registrerad: du gick kursen den" not in html
    client.post(url("own_completion_new", unit), {"on": str(clock.today())})
    assert "Du är registrerad: du gick kursen den" in page(client, unit)
    assert member.course_completions.standing().count() == 2


def test_own_course_in_the_future_is_refused_at_its_field(unit: Unit, member: User, sign_in: SignIn) -> None:
    response = sign_in(member).post(url("own_completion_new", unit), {"on": str(clock.today() + DAY)})
    html = " ".join(response.content.decode().split())
    assert "<title>Fel: Steg 1" in html
    assert html.count("Datumet ligger i framtiden. Välj dagens datum eller ett tidigare.") == 2  # summary and field
    assert 'href="#id_own_on"' in html
    assert '<details class="reveal" open> <summary>Jag har gått kursen' in html
    assert not Completion.objects.exists()


def test_only_those_who_work_here_register_themselves(
    unit: Unit, coordinator: User, reader: User, outsider: User, sign_in: SignIn
) -> None:
    colleague = factories.staff(unit)
    rows.taken(unit, [colleague])
    for user, status in ((coordinator, 403), (reader, 403), (outsider, 404)):
        client = sign_in(user)
        for name in ("own_completion_new", "own_completion_withdraw"):
            assert client.post(url(name, unit), {"on": str(clock.today())}).status_code == status
    assert "Din egen kurs" not in page(sign_in(coordinator), unit)
    assert Completion.objects.standing().get().user == colleague
