"""The unit's own page."""

import datetime as dt

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from courses import actions as courses
from courses.models import Completion
from jarfalla import clock
from routines.models import VersionState
from tests import factories
from tests.conftest import SignIn
from tests.jarfalla import scenes
from units import actions
from units.models import Kind, MembershipRole, ParticipationState, Programme, Step, StepCompletion, Unit, User

pytestmark = pytest.mark.django_db


def text(client: Client, unit: Unit) -> str:
    response = client.get(f"/enheter/{unit.slug}/")
    assert response.status_code == 200
    return scenes.words(response.content)


def test_unit_page_tells_what_the_unit_is(sign_in: SignIn, coordinator: User) -> None:
    unit = factories.unit(
        name="Åsens skola", kind=Kind.COMPULSORY_SCHOOL, department="Utbildningsförvaltningen", district="Viksjö"
    )
    for name in ("Östen Chef", "Anna Chef"):
        factories.staff(unit, name=name, role=MembershipRole.MANAGER)
    page = text(sign_in(coordinator), unit)
    assert "Grundskola Åsens skola Kommunal · Utbildningsförvaltningen · Viksjö · 2 anställda" in page
    assert "Chef Anna Chef, Östen Chef Deltagande Inte inbjuden" in page


def test_unit_page_never_names_a_protected_person(sign_in: SignIn, unit: Unit, coordinator: User) -> None:
    protected = factories.staff(unit, name="Hedda Hemlig", role=MembershipRole.MANAGER)
    User.objects.filter(pk=protected.pk).update(is_protected=True)
    actions.complete_step(factories.open_round(unit), Step.WEB_COURSE, on=clock.today(), by=protected)
    first = StepCompletion.objects.get()
    page = sign_in(coordinator).get(f"/enheter/{unit.slug}/").content.decode()
    assert "Hedda" not in page
    assert "Registrerat av skyddad person" in page
    actions.withdraw_step(first, reason="Fel", by=protected)
    page = sign_in(coordinator).get(f"/enheter/{unit.slug}/").content.decode()
    assert "Hedda" not in page
    assert "Ingen chef är registrerad" in page


def test_unit_page_shows_coverage(sign_in: SignIn, unit: Unit, manager: User, member: User) -> None:
    Completion.objects.create(user=member, completed_on=clock.today(), recorded_by=manager)
    page = text(sign_in(manager), unit)
    assert "50 % 1 av 2 har gått webbkursen" in page
    assert "Steget kan registreras vid 80 procent." in page


def test_unit_page_shows_who_recorded_a_step_and_when_it_happened(
    sign_in: SignIn, unit: Unit, coordinator: User
) -> None:
    round_ = factories.open_round(unit)
    actions.complete_step(
        round_, Step.WEB_COURSE, on=dt.date(2026, 3, 12), by=coordinator, override_reason="Alla gick kursen 2024"
    )
    page = text(sign_in(coordinator), unit)
    assert "Klart 12 mars 2026 Registrerat av Sam Samordnare," in page
    assert "Undantag: Alla gick kursen 2024" in page
    assert "Återta steg 1" in page


def test_unit_page_lets_only_the_latest_step_be_withdrawn(sign_in: SignIn, unit: Unit, coordinator: User) -> None:
    scenes.standing_at(2, unit=unit, by=coordinator)
    page = text(sign_in(coordinator), unit)
    assert "Återta steg 2" in page
    assert "Återta steg 1" not in page


def test_unit_page_of_a_closed_round_withdraws_nothing(sign_in: SignIn, unit: Unit, coordinator: User) -> None:
    scenes.standing_at(4, unit=unit, by=coordinator)
    actions.close_round(factories.open_round(unit), by=coordinator)
    page = text(sign_in(coordinator), unit)
    assert "Just nu Alla fyra steg är klara" in page
    assert "Återta" not in page


@pytest.mark.parametrize(
    ("steps", "days_ago", "button", "page"),
    [
        (0, 1, "Registrera webbkursen", "steg-1"),
        (1, 1, "Planera utbildningen", "steg-2/boka"),
        (2, 1, "Skapa rutinen", "steg-3"),
        (3, 200, "Boka uppföljningen", "steg-4"),
        (3, 400, "Boka uppföljningen", "steg-4"),
    ],
)
def test_unit_page_gives_the_coordinator_the_button(
    sign_in: SignIn, unit: Unit, coordinator: User, steps: int, days_ago: int, button: str, page: str
) -> None:
    factories.staff(unit, role=MembershipRole.MANAGER)
    scenes.standing_at(steps, unit=unit, by=coordinator, days_ago=days_ago)
    client = sign_in(coordinator)
    assert button in text(client, unit)
    address = f'class="btn btn-primary btn-lg" href="/enheter/{unit.slug}/{page}/"'
    assert address in client.get(f"/enheter/{unit.slug}/").content.decode()


@pytest.mark.parametrize(
    ("state", "sentence", "button"),
    [
        (ParticipationState.INVITED, "Väntar på svar Enheten bjöds in den", "Registrera svaret"),
        (ParticipationState.DECLINED, "Enheten har tackat nej", "Ändra deltagandet"),
        (ParticipationState.PAUSED, "Enheten har en paus", "Ändra deltagandet"),
    ],
)
def test_unit_page_of_a_unit_that_does_not_take_part(
    sign_in: SignIn, coordinator: User, state: ParticipationState, sentence: str, button: str
) -> None:
    unit = scenes.answered(state, by=coordinator)
    page = text(sign_in(coordinator), unit)
    assert sentence in page
    assert button in page


def test_unit_page_of_a_unit_that_is_not_invited(sign_in: SignIn, coordinator: User) -> None:
    assert "Nästa steg · Du gör det Bjud in enheten" in text(sign_in(coordinator), factories.unit())


def test_unit_page_shows_a_member_no_draft_and_no_button(
    sign_in: SignIn, unit: Unit, member: User, coordinator: User
) -> None:
    scenes.standing_at(2, unit=unit, by=coordinator)
    scenes.routine(unit, title="Gällande rutin", state=VersionState.IN_FORCE, by=coordinator)
    draft = scenes.routine(unit, title="Hemligt utkast", state=VersionState.ENDORSED, by=coordinator)
    page = sign_in(member).get(f"/enheter/{unit.slug}/").content.decode()
    assert "Gällande rutin" in page
    for leak in ("Hemligt utkast", draft.slug, "aterta", "/personal/", "/andra/", "/deltagande/", "btn-primary"):
        assert leak not in page.split("<main")[1]


def test_unit_page_shows_a_manager_the_draft_and_the_staff_list(
    sign_in: SignIn, unit: Unit, manager: User, coordinator: User
) -> None:
    scenes.routine(unit, title="Utkastet", state=VersionState.DRAFT, by=coordinator)
    page = sign_in(manager).get(f"/enheter/{unit.slug}/").content.decode()
    assert "Utkastet" in page
    assert f'href="/enheter/{unit.slug}/personal/"' in page
    assert f'href="/enheter/{unit.slug}/andra/"' not in page


def test_unit_page_shows_trainings(sign_in: SignIn, unit: Unit, manager: User, coordinator: User) -> None:
    scenes.standing_at(1, unit=unit, by=coordinator)
    scenes.training(unit, title="Bokad kurs", days=3, by=coordinator)
    scenes.training(unit, title="Hållen kurs", days=-3, by=coordinator, held=True)
    page = text(sign_in(coordinator), unit)
    assert "Planerad Bokad kurs" in page
    assert "Genomförd Hållen kurs" in page
    assert "Registrera steg 2 Utbildningen har hållits." in page


def test_unit_page_waits_for_every_part_of_a_series(
    sign_in: SignIn, unit: Unit, manager: User, member: User, coordinator: User
) -> None:
    round_ = scenes.standing_at(1, unit=unit, by=coordinator).open_round
    assert round_ is not None
    now = clock.now()
    first, second = courses.plan_trainings(
        [round_],
        times=[(now - dt.timedelta(days=1), None), (now + dt.timedelta(days=5), None)],
        title="Två föreläsningar",
        by=coordinator,
    )
    assert "”Två föreläsningar” skulle hållas" in text(sign_in(coordinator), unit)
    # Step 1 was done yesterday, so the first part alone could complete the step if it were not part of a series.
    courses.hold_training(first, on=clock.today(), by=coordinator)
    for user in (coordinator, manager, member):
        page = text(sign_in(user), unit)
        assert "”Två föreläsningar”, del 2, är planerad till" in page
        assert "Registrera steg 2" not in page
        assert f'href="/utbildningar/{second.pk}/"' in sign_in(user).get(unit.get_absolute_url()).content.decode()


def test_unit_page_shows_a_training_that_waits_for_an_answer_as_such(
    sign_in: SignIn, unit: Unit, coordinator: User
) -> None:
    scenes.standing_at(1, unit=unit, by=coordinator)
    scenes.training(unit, title="Var den?", days=-3, by=coordinator)
    assert "Väntar på besked Var den?" in text(sign_in(coordinator), unit)


ADD_MANAGER = 'class="btn btn-primary btn-lg" href="/enheter/tallbackens-forskola/personal/"'


@pytest.mark.parametrize("why", ["none", "declared", "former", "closed account"])
def test_unit_page_without_a_manager_asks_the_coordinator_to_add_one(
    sign_in: SignIn, unit: Unit, member: User, coordinator: User, why: str
) -> None:
    if why == "declared":
        actions.declare_headcount(unit, headcount=12, on=clock.today(), by=None)
    elif why != "none":
        gone = factories.staff(unit, role=MembershipRole.MANAGER)
        User.objects.filter(pk=gone.pk).update(is_active=why != "closed account")
        if why == "former":
            actions.end_membership(gone.memberships.get(), on=clock.today(), by=coordinator)
    page = text(sign_in(coordinator), unit)
    assert "Nästa steg · Du gör det Lägg till en chef Enheten har ingen chef i portalen." in page
    assert "Innan du har lagt till en kan ingen på enheten registrera steg." in page
    assert ADD_MANAGER in sign_in(coordinator).get(f"/enheter/{unit.slug}/").content.decode()
    page = text(sign_in(member), unit)
    assert "Nästa steg · Samordnaren gör det Lägg till en chef Samordnaren lägger till er chef i portalen." in page
    assert ADD_MANAGER not in sign_in(member).get(f"/enheter/{unit.slug}/").content.decode()


@pytest.mark.parametrize("steps", [0, 1, 2])
def test_unit_page_asks_for_a_manager_until_there_is_one(
    sign_in: SignIn, unit: Unit, coordinator: User, steps: int
) -> None:
    scenes.standing_at(steps, unit=unit, by=coordinator)
    assert "Lägg till en chef" in text(sign_in(coordinator), unit)
    factories.staff(unit, role=MembershipRole.MANAGER)
    assert "Lägg till en chef" not in text(sign_in(coordinator), unit)


def test_unit_page_keeps_withdrawn_steps_and_earlier_rounds(sign_in: SignIn, unit: Unit, coordinator: User) -> None:
    scenes.standing_at(4, unit=unit, by=coordinator)
    actions.close_round(factories.open_round(unit), by=coordinator)
    actions.start_round(unit, by=coordinator)
    scenes.standing_at(1, unit=unit, by=coordinator)
    standing = StepCompletion.objects.get(round=factories.open_round(unit))
    actions.withdraw_step(standing, reason="Fel vecka", by=coordinator)
    page = text(sign_in(coordinator), unit)
    assert "omgång 2 Tallbackens förskola" in page
    assert "Historik Tidigare omgångar Omgång 1, avslutad" in page
    assert "Återtagna steg Steg 1, webbkurs, som var daterat" in page
    assert "av Sam Samordnare. Skäl: Fel vecka" in page


def test_unit_page_is_not_for_outsiders_and_readers(sign_in: SignIn, unit: Unit, outsider: User, reader: User) -> None:
    for user in (outsider, reader):
        response = sign_in(user).get(f"/enheter/{unit.slug}/")
        assert response.status_code == 404
        assert "Tallbacken" not in response.content.decode().split("<main")[1]


def test_unit_page_does_not_hide_the_fixed_words(sign_in: SignIn, coordinator: User) -> None:
    assert "Lägg till en enhet" in scenes.words(sign_in(coordinator).get("/enheter/ny/").content)


def test_unit_page_asks_the_same_queries_for_1_and_3_of_everything(
    sign_in: SignIn, unit: Unit, coordinator: User
) -> None:
    Programme.current()
    client = sign_in(coordinator)
    scenes.standing_at(2, unit=unit, by=coordinator)
    counts = []
    for number in range(3):
        factories.staff(unit, role=MembershipRole.MANAGER)
        scenes.training(unit, title=f"Kurs {number}", days=number + 1, by=coordinator)
        scenes.routine(unit, title=f"Gäller {number}", state=VersionState.IN_FORCE, by=coordinator)
        scenes.routine(unit, title=f"Skrivs {number}", state=VersionState.DRAFT, by=coordinator)
        again = StepCompletion.objects.get(round=factories.open_round(unit), step=2, withdrawn_at=None)
        actions.withdraw_step(again, reason="Fel", by=coordinator)
        scenes.standing_at(2, unit=unit, by=coordinator)
        with CaptureQueriesContext(connection) as captured:
            assert f"Skrivs {number}" in text(client, unit)
        counts.append(len(captured))
    assert counts == [counts[0]] * 3
