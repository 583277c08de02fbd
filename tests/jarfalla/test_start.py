"""The start page: what each role came for."""

import datetime as dt

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from courses.models import Completion
from followups.actions import record_follow_up
from followups.models import Decision, Promise
from jarfalla import clock
from routines.models import VersionState
from tests import factories
from tests.conftest import SignIn
from tests.jarfalla import scenes
from units import actions
from units.models import MembershipRole, ParticipationState, Programme, Unit, User

pytestmark = pytest.mark.django_db


def text(client: Client, address: str = "/") -> str:
    response = client.get(address)
    assert response.status_code == 200
    return scenes.words(response.content)


def test_start_of_the_coordinator_is_what_to_do_this_week(sign_in: SignIn, coordinator: User) -> None:
    scenes.standing_at(3, by=coordinator, name="Björken", days_ago=400)
    page = text(sign_in(coordinator))
    assert "Hej Sam Samordnare!" in page
    assert "Den här veckan 1 försenad uppföljning Försenad Björken Uppföljningen skulle ha gjorts senast" in page
    assert "Görs av: Samordnaren" in page
    assert "Webbkurs 1 av 1 klara" in page


def test_start_of_the_coordinator_shows_the_same_list_as_the_overview(sign_in: SignIn, coordinator: User) -> None:
    for number in range(10):
        scenes.answered(ParticipationState.INVITED, by=coordinator, days_ago=40 + number, name=f"Enhet {number}")
    client = sign_in(coordinator)
    for query in ("", "?visa=alla"):
        start, overview = (
            text(client, f"{page}{query}").split("Den här veckan")[1].split("Så långt")[0]
            for page in ("/", "/oversikt/")
        )
        assert start == overview


def test_start_of_a_manager_offers_the_next_step(sign_in: SignIn, unit: Unit, manager: User) -> None:
    client = sign_in(manager)
    page = text(client)
    assert "Tallbackens förskola" in page
    assert "Nästa steg · Du gör det Gå webbkursen" in page
    assert "Registrera webbkursen Det tar ungefär två minuter." in page
    assert f'href="/enheter/{unit.slug}/steg-1/"' in client.get("/").content.decode()


def test_start_of_a_manager_whose_next_step_is_the_coordinators(
    sign_in: SignIn, unit: Unit, manager: User, coordinator: User
) -> None:
    scenes.standing_at(1, unit=unit, by=coordinator)
    page = text(sign_in(manager))
    assert "Nästa steg · Samordnaren gör det Planera en riktad utbildning Samordnaren hör av sig" in page
    assert "Planera utbildningen" not in page


def test_start_of_a_manager_with_a_booked_training(
    sign_in: SignIn, unit: Unit, manager: User, coordinator: User
) -> None:
    scenes.standing_at(1, unit=unit, by=coordinator)
    scenes.training(unit, title="Att se i tid", days=5, by=coordinator)
    page = text(sign_in(manager))
    assert "Nästa steg · Hela enheten gör det Gå den riktade utbildningen ”Att se i tid” är planerad till" in page


@pytest.mark.parametrize(
    ("state", "sentence", "page"),
    [
        (VersionState.DRAFT, "Nästa steg · Du gör det Skriv er rutin", "skriv"),
        (VersionState.RETURNED, "Nästa steg · Du gör det Ändra i er rutin", "skriv"),
        (VersionState.ENDORSED, "Nästa steg · Du gör det Fastställ rutinen", "faststall"),
    ],
)
def test_start_of_a_manager_with_a_routine_that_waits_for_them(
    sign_in: SignIn, unit: Unit, manager: User, coordinator: User, state: VersionState, sentence: str, page: str
) -> None:
    scenes.standing_at(2, unit=unit, by=coordinator)
    routine = scenes.routine(unit, title="Oro för barn", state=state, by=coordinator)
    client = sign_in(manager)
    assert sentence in text(client)
    assert f'class="btn btn-primary btn-lg" href="/rutiner/{routine.slug}/{page}/"' in client.get("/").content.decode()


def test_start_of_a_manager_with_a_routine_that_waits_for_the_coordinator(
    sign_in: SignIn, unit: Unit, manager: User, coordinator: User
) -> None:
    scenes.standing_at(2, unit=unit, by=coordinator)
    scenes.routine(unit, title="Oro för barn", state=VersionState.IN_REVIEW, by=coordinator)
    page = text(sign_in(manager))
    assert "Nästa steg · Samordnaren gör det Granska rutinen" in page
    assert "Läs och granska" not in page


def test_start_of_a_manager_counts_staff_without_the_course(
    sign_in: SignIn, unit: Unit, manager: User, member: User
) -> None:
    Completion.objects.create(user=member, completed_on=clock.today(), recorded_by=manager)
    assert "1 av 2 i personalen har inte gått webbkursen" in text(sign_in(manager))


def test_start_of_a_manager_while_the_follow_up_waits(
    sign_in: SignIn, unit: Unit, manager: User, coordinator: User
) -> None:
    scenes.standing_at(3, unit=unit, by=coordinator, days_ago=5)
    page = text(sign_in(manager))
    assert "Just nu Arbeta efter rutinerna Uppföljningen öppnar den" in page
    assert "Till dess behöver ingen registrera något." in page


def test_start_of_a_member_has_the_routines_in_force_before_the_steps(
    sign_in: SignIn, unit: Unit, member: User, coordinator: User
) -> None:
    routine = scenes.routine(unit, title="Oro för barn", state=VersionState.IN_FORCE, by=coordinator)
    client = sign_in(member)
    page = text(client)
    assert page.index("Oro för barn") < page.index("De fyra stegen") < page.index("Webbkurs")
    assert "Ladda ner PDF : Oro för barn" in page
    assert f'href="/rutiner/{routine.slug}/pdf/?ladda-ner=1"' in client.get("/").content.decode()


@pytest.mark.parametrize(
    "state", [s for s in VersionState if s not in (VersionState.IN_FORCE, VersionState.SUPERSEDED)]
)
def test_start_of_a_member_never_tells_of_a_draft(
    sign_in: SignIn, unit: Unit, manager: User, member: User, coordinator: User, state: VersionState
) -> None:
    scenes.standing_at(2, unit=unit, by=coordinator)
    routine = scenes.routine(unit, title="Hemligt utkast", state=state, by=coordinator)
    page = sign_in(member).get("/").content.decode()
    assert "Rutinerna skrivs" in page
    assert "Hemligt utkast" not in page
    assert routine.slug not in page


def test_start_of_a_member_without_a_manager(sign_in: SignIn, unit: Unit, member: User) -> None:
    page = text(sign_in(member))
    assert "Lägg till en chef. Samordnaren lägger till er chef i portalen." in page
    assert "Gå webbkursen" not in page


def test_start_asks_the_same_queries_for_1_and_3_units_with_support(
    sign_in: SignIn, unit: Unit, manager: User, coordinator: User
) -> None:
    Programme.current()
    client = sign_in(manager)
    counts = []
    for number in range(3):
        own = unit if number == 0 else factories.taking_part(factories.unit())
        if number:
            actions.add_person(own, name="", email=manager.email, role=MembershipRole.MANAGER, by=coordinator)
        scenes.standing_at(3, unit=own, by=coordinator, days_ago=300)
        record_follow_up(
            factories.open_round(own),
            held_on=clock.today(),
            decision=Decision.MORE_SUPPORT,
            by=coordinator,
            support_actions=[Promise(f"Besök {n}", "Rektor Ek", clock.today()) for n in range(2)],
        )
        with CaptureQueriesContext(connection) as captured:
            page = text(client)
        assert page.count("Rektor Ek gör det Mer stöd pågår Nästa insats: Besök 0.") == number + 1
        counts.append(len(captured))
    assert counts == [counts[0]] * 3


def test_start_of_a_member_does_not_tell_who_lacks_the_course(
    sign_in: SignIn, unit: Unit, manager: User, member: User
) -> None:
    page = text(sign_in(member))
    assert "har inte gått webbkursen" not in page
    assert manager.name not in page


def test_start_of_an_outsider_shows_nothing_of_the_unit(
    sign_in: SignIn, unit: Unit, outsider: User, coordinator: User
) -> None:
    scenes.routine(unit, title="Tallbackens rutin", state=VersionState.IN_FORCE, by=coordinator)
    page = sign_in(outsider).get("/").content.decode()
    assert "Granbackens skola" in page
    assert "Tallbacken" not in page


def test_start_of_a_former_member_shows_nothing_of_the_unit(sign_in: SignIn, unit: Unit, member: User) -> None:
    actions.end_membership(member.memberships.get(), on=clock.today(), by=member)
    page = text(sign_in(member))
    assert "Tallbackens" not in page
    assert "Du hör inte till någon enhet än" in page


def test_start_of_a_reader_is_the_figures(sign_in: SignIn, reader: User, coordinator: User) -> None:
    scenes.standing_at(1, by=coordinator, name="Hemliga förskolan")
    page = text(sign_in(reader))
    assert "Järfällamodellen i siffror" in page
    assert "Webbkurs 100 % 1 av 1 enheter" in page
    assert "Hemliga" not in page


def test_start_without_a_unit_explains_what_to_do(sign_in: SignIn) -> None:
    page = text(sign_in(factories.user(name="Nils Ny")))
    assert "Hej Nils Ny!" in page
    assert "Be din chef lägga till dig i enhetens personallista." in page


def test_start_leads_an_anonymous_visitor_to_the_sign_in(sign_in: SignIn) -> None:
    response = sign_in(None).get("/")
    assert response.headers["Location"] == "/logga-in/?next=/"


def test_start_asks_the_same_queries_for_1_and_3_units(
    sign_in: SignIn, unit: Unit, manager: User, coordinator: User
) -> None:
    Programme.current()
    client = sign_in(manager)
    counts = []
    for number in range(3):
        own = unit if number == 0 else factories.taking_part(factories.unit())
        if number:
            actions.add_person(own, name="", email=manager.email, role=MembershipRole.MANAGER, by=coordinator)
        scenes.standing_at(2, unit=own, by=coordinator)
        scenes.training(own, title="Att se i tid", days=5, by=coordinator)
        scenes.routine(own, title="Gäller", state=VersionState.IN_FORCE, by=coordinator)
        scenes.routine(own, title="Skrivs", state=VersionState.RETURNED, by=coordinator)
        with CaptureQueriesContext(connection) as captured:
            page = text(client)
        assert page.count("Rutiner som gäller") == number + 1
        counts.append(len(captured))
    assert counts == [counts[0]] * 3


def test_start_of_a_manager_puts_the_managed_units_first(sign_in: SignIn, coordinator: User) -> None:
    works, leads = (factories.taking_part(factories.unit(name=name)) for name in ("Almen", "Zinken"))
    user = factories.staff(works)
    actions.add_person(leads, name="", email=user.email, role=MembershipRole.MANAGER, by=coordinator)
    page = text(sign_in(user))
    assert page.index("Zinken") < page.index("Almen")


def test_start_dates_a_training_in_swedish_time(sign_in: SignIn, unit: Unit, manager: User, coordinator: User) -> None:
    scenes.standing_at(1, unit=unit, by=coordinator)
    training = scenes.training(unit, title="Sent", days=5, by=coordinator)
    training.starts_at = dt.datetime(2100, 7, 1, 12, 30, tzinfo=dt.UTC)
    training.save()
    assert "torsdag 1 juli, 14:30" in text(sign_in(manager))
