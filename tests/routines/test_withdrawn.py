"""A routine that has been withdrawn says so, to each as much as they may know."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.formats import date_format

from jarfalla import clock
from routines import actions
from routines.models import Routine, VersionState
from tests import factories
from tests.conftest import SignIn
from tests.routines import shelf
from tests.routines.test_leaks import without_tokens
from units.models import MembershipRole, Unit, User

pytestmark = pytest.mark.django_db

TITLE, REASON, DRAFTED = "När du blir orolig", "Enheten läggs ner i höst.", "utkastskvasten"
OLD_LINKS = ["routine", "routine_pdf", "routine_version", "routine_version_pdf"]


@pytest.fixture
def withdrawn(unit: Unit, manager: User) -> Routine:
    """A routine that was in force and is withdrawn, with a new version being written."""
    routine = shelf.put(unit, TITLE, "Ring 112.", by=manager)
    actions.withdraw_version(shelf.in_force(routine), reason=REASON, by=manager)
    shelf.draft(routine, DRAFTED, by=manager, change_note=DRAFTED)
    return routine


def today() -> str:
    return date_format(clock.today(), "j F Y")


def get(client: Client, name: str, routine: Routine) -> tuple[int, str]:
    arguments = [routine.slug, "1.0"] if name.startswith("routine_version") else [routine.slug]
    answer = client.get(reverse(name, args=arguments))
    return answer.status_code, answer.content.decode()


@pytest.mark.parametrize("who", ["manager", "coordinator"])
def test_those_who_manage_it_see_since_when_and_why(
    who: str, withdrawn: Routine, request: pytest.FixtureRequest, sign_in: SignIn
) -> None:
    client = sign_in(request.getfixturevalue(who))
    status, shown = get(client, "routine", withdrawn)
    assert status == 200
    assert f"Rutinen är upphävd sedan {today()}." in shown
    assert REASON in shown
    assert "gäller inte än" not in shown
    assert "En ny version är på väg</h2>" in shown
    listed = client.get(reverse("routines")).content.decode()
    assert f"Upphävd sedan {today()}" in listed
    assert "Rutinen är upphävd, så ingen har något att läsa." in get(client, "receipts", withdrawn)[1]


def test_list_says_when_no_version_is_left(unit: Unit, manager: User, sign_in: SignIn) -> None:
    routine = Routine.objects.create(unit=unit, title="Tom", slug="tom", created_by=manager)
    actions.discard_version(shelf.draft(routine, "Text", by=manager, major=1), by=manager)
    assert "Ingen version gäller" in sign_in(manager).get(reverse("routines")).content.decode()


def test_routine_that_is_in_force_again_is_not_withdrawn(withdrawn: Routine, manager: User, sign_in: SignIn) -> None:
    shelf.approve(withdrawn.versions.get(major=2), by=manager)
    for name in ("routine", "receipts"):
        assert "upphävd" not in get(sign_in(manager), name, withdrawn)[1]
    assert "Upphävd" not in sign_in(manager).get(reverse("routines")).content.decode()
    assert Routine.objects.get().withdrawn is None


def test_version_that_was_replaced_is_not_withdrawn(unit: Unit, manager: User) -> None:
    routine = shelf.put(unit, TITLE, "Ring 112.", by=manager)
    first = shelf.in_force(routine)
    shelf.publish(routine, ["Ring 112!"], by=manager, major=2)
    actions.withdraw_version(shelf.in_force(routine), reason=REASON, by=manager)
    first.refresh_from_db()
    withdrawn = Routine.objects.get().withdrawn
    assert withdrawn is not None
    assert (withdrawn.number, withdrawn.state, first.state) == ("2.0", VersionState.WITHDRAWN, VersionState.SUPERSEDED)


@pytest.mark.parametrize("name", OLD_LINKS)
def test_staff_who_follow_an_old_link_are_told(name: str, withdrawn: Routine, member: User, sign_in: SignIn) -> None:
    status, shown = get(sign_in(member), name, withdrawn)
    assert status == 410
    assert f"”{TITLE}” är upphävd sedan {today()}." in shown
    assert f'href="{reverse("step_3", args=[withdrawn.unit.slug])}"' in shown
    for kept_from_staff in (REASON, DRAFTED, "utkast", "Cia Chef", "Ring 112."):
        assert kept_from_staff not in shown.replace("ring 112.", "")


def test_button_on_a_page_that_was_open_meanwhile_tells_it_too(
    withdrawn: Routine, member: User, sign_in: SignIn
) -> None:
    answer = sign_in(member).post(reverse("routine_read", args=[withdrawn.slug]), {"version": "1"})
    assert answer.status_code == 410
    assert "Rutinen gäller inte längre" in answer.content.decode()


@pytest.mark.parametrize("name", OLD_LINKS)
@pytest.mark.parametrize("who", ["outsider", "reader", "former", "former manager"])
def test_everybody_else_gets_the_answer_of_a_routine_that_does_not_exist(
    who: str, name: str, withdrawn: Routine, request: pytest.FixtureRequest, sign_in: SignIn
) -> None:
    person = former(withdrawn.unit, who) if who.startswith("former") else request.getfixturevalue(who)
    client = sign_in(person)
    status, shown = get(client, name, withdrawn)
    unknown_status, unknown = get(client, name, Routine(slug="finns-inte"))
    assert status == unknown_status == 404
    told, untold = (without_tokens(page.encode()) for page in (shown, unknown))
    assert told.replace(withdrawn.slug, "") == untold.replace("finns-inte", "")


def former(unit: Unit, who: str) -> User:
    """Somebody who has left the unit."""
    person = factories.staff(unit, role=MembershipRole.MANAGER if who == "former manager" else MembershipRole.MEMBER)
    membership = person.memberships.get()
    membership.ended_on = membership.started_on
    membership.save()
    return person


@pytest.mark.parametrize("name", OLD_LINKS)
def test_draft_that_was_never_in_force_is_no_withdrawn_routine(
    name: str, unit: Unit, manager: User, member: User, sign_in: SignIn
) -> None:
    routine = Routine.objects.create(unit=unit, title=DRAFTED, slug=DRAFTED, created_by=manager)
    draft = shelf.draft(routine, DRAFTED, by=manager, major=1)
    for _ in range(2):
        status, shown = get(sign_in(member), name, routine)
        assert status == 404
        assert "Sidan finns inte" in shown
        assert DRAFTED not in shown.replace(f"/{DRAFTED}/", "")
        actions.discard_version(draft, by=manager)
