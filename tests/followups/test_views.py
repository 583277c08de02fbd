"""Pages of step 4, by role."""

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from followups.actions import Said, record_follow_up
from followups.models import Decision, FollowUp, Promise, SupportAction
from jarfalla import clock
from tests import factories
from tests.conftest import SignIn
from tests.followups import stages
from units.actions import record_participation
from units.models import MembershipRole, ParticipationState, Round, Step, Unit, User

pytestmark = pytest.mark.django_db

STEP_4 = "/enheter/tallbackens-forskola/steg-4/"
PROTOCOL = f"{STEP_4}protokoll/"
LIST = "/uppfoljningar/"
NOTE, NEED, PROMISED = "Rutinerna står i verksamhetsplanen.", "Mer tid för samtal.", "Handledning i arbetslaget"


@pytest.fixture
def round_(unit: Unit) -> Round:
    """The unit's round, with its follow-up due."""
    return stages.routines_done(unit, stages.due())


@pytest.fixture
def support_action(round_: Round, coordinator: User) -> SupportAction:
    """Promised at a follow-up today, due in a month."""
    follow_up = record_follow_up(
        round_,
        held_on=clock.today(),
        decision=Decision.MORE_SUPPORT,
        by=coordinator,
        said=Said(routines_note=NOTE, needs=NEED),
        support_actions=[Promise(PROMISED, "Rektor Rut", clock.today() + dt.timedelta(days=30))],
    )
    return follow_up.support_actions.get()


def page(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, path
    return " ".join(response.content.decode().split())


def post(client: Client, path: str = PROTOCOL, **typed: object) -> Any:
    return client.post(path, {"round": 1, "held_on": clock.today().isoformat(), **typed}, follow=True)


# --- Step 4 ----------------------------------------------------------------------------------------------------


def test_page_says_when_and_what_the_coordinator_does(unit: Unit, coordinator: User, sign_in: SignIn) -> None:
    stages.routines_done(unit, dt.date(2024, 5, 22))
    html = page(sign_in(coordinator), STEP_4)
    for words in ("den 22 maj 2024", "den 22 oktober 2024", "den 22 november 2024", "den 22 januari 2025", "Försenad"):
        assert words in html
    assert "Samtal 1 av 2" in html
    for words in ("Håll samtalet", "Boka en tid", "Kunde inte hållas"):
        assert f">{words}</a>" in html
    assert f'value="{clock.today().isoformat()}"' in page(sign_in(coordinator), PROTOCOL)


@pytest.mark.parametrize("role", ["manager", "member"])
def test_page_tells_the_unit_who_does_what_without_a_form(
    round_: Round, role: str, request: pytest.FixtureRequest, sign_in: SignIn
) -> None:
    html = page(sign_in(request.getfixturevalue(role)), STEP_4)
    assert "Samordnaren hör av sig och bestämmer en tid" in html
    assert "Håll samtalet" not in html
    assert "Boka en tid" not in html


def test_page_before_step_3_says_what_comes_first(unit: Unit, coordinator: User, sign_in: SignIn) -> None:
    html = page(sign_in(coordinator), STEP_4)
    assert "Steg 1, webbkurs, måste vara klart först." in html
    assert "Samtalen hålls 6 och 12 månader efter att steg 3, rutiner, är klart." in html
    assert "Håll samtalet" not in html
    assert sign_in(coordinator).get(PROTOCOL).status_code == 302


def test_page_of_a_paused_unit_says_so_without_a_form(round_: Round, coordinator: User, sign_in: SignIn) -> None:
    record_participation(round_.unit, state=ParticipationState.PAUSED, by=coordinator)
    html = page(sign_in(coordinator), STEP_4)
    assert "Enheten deltar inte just nu." in html
    assert "Håll samtalet" not in html
    response = sign_in(coordinator).get(PROTOCOL, follow=True)
    assert response.redirect_chain == [(STEP_4, 302)]


def test_done_closes_the_round_and_shows_it(round_: Round, coordinator: User, sign_in: SignIn) -> None:
    client = sign_in(coordinator)
    response = post(client, decision="done", effect="Vi vågar fråga.")
    assert response.redirect_chain == [(STEP_4, 302)]
    html = " ".join(response.content.decode().split())
    assert "Steg 4 är klart och omgången är avslutad." in html
    assert "Vi vågar fråga." in html
    assert "Klart: omgången avslutas" in html
    assert Round.objects.get(pk=round_.pk).closed_on == clock.today()


def test_more_support_shows_what_was_promised(round_: Round, coordinator: User, sign_in: SignIn) -> None:
    row = {"support_1_what": PROMISED, "support_1_owner": "Rut", "support_1_due_on": f"{clock.today().year + 1}-01-31"}
    response = post(sign_in(coordinator), decision="more_support", **row)
    html = " ".join(response.content.decode().split())
    assert "Omgången fortsätter med insatserna här nedanför." in html
    assert f"Rut, senast den 31 januari {clock.today().year + 1}" in html


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"decision": "done", "held_on": "2999-01-01"}, "Datumet ligger i framtiden."),
        ({"decision": "done", "held_on": "i går"}, "Fyll i ett giltigt datum."),
        ({"decision": ""}, "Välj vad uppföljningen leder till."),
        ({"decision": "more_support"}, "Skriv minst en stödinsats"),
        ({"decision": "hitte-på"}, "hitte-på"),
    ],
)
def test_bad_input_gets_a_sentence_and_changes_nothing(
    round_: Round, coordinator: User, sign_in: SignIn, typed: dict[str, str], sentence: str
) -> None:
    response = post(sign_in(coordinator), effect="Det här ska stå kvar.", **typed)
    html = response.content.decode()
    assert sentence in html
    assert "Det här ska stå kvar." in html
    assert "<title>Fel: " in html
    assert not FollowUp.objects.exists()
    assert list(round_.standing()) == [Step.WEB_COURSE, Step.TRAINING, Step.ROUTINES]


def test_early_follow_up_gets_a_sentence_then_a_reason(unit: Unit, coordinator: User, sign_in: SignIn) -> None:
    stages.routines_done(unit, stages.upcoming())
    client = sign_in(coordinator)
    assert "Skriv varför det görs tidigare." in post(client, decision="done").content.decode()
    html = post(client, decision="done", override_reason="Enheten läggs ned.").content.decode()
    assert "Skäl: Enheten läggs ned." in html


def test_sending_twice_is_one_follow_up(round_: Round, coordinator: User, sign_in: SignIn) -> None:
    client = sign_in(coordinator)
    for _time in range(2):
        response = post(client, decision="new_round")
        assert "en ny har börjat" in response.content.decode()
    assert FollowUp.objects.count() == 1
    assert Round.objects.count() == 2


def test_refusal_by_the_action_is_shown(round_: Round, coordinator: User, sign_in: SignIn) -> None:
    client = sign_in(coordinator)
    record_participation(round_.unit, state=ParticipationState.PAUSED, by=coordinator)
    assert "Enheten deltar inte just nu." in post(client, decision="done").content.decode()
    assert not FollowUp.objects.exists()


def test_form_sent_after_step_3_was_taken_back_explains(unit: Unit, coordinator: User, sign_in: SignIn) -> None:
    html = post(sign_in(coordinator), decision="done").content.decode()
    assert "Steg 1, webbkurs, måste vara klart först." in html
    assert not FollowUp.objects.exists()


@pytest.mark.parametrize("number", ["", "1", "x", "²", "99999999999999999999"])
def test_round_number_in_the_form_may_be_missing_or_wrong(
    round_: Round, coordinator: User, sign_in: SignIn, number: str
) -> None:
    post(sign_in(coordinator), decision="back_to_routines", round=number)
    assert not FollowUp.objects.exclude(round=round_).exists()


@pytest.mark.parametrize(("role", "status"), [("manager", 403), ("member", 403), ("reader", 403), ("outsider", 404)])
def test_only_the_coordinator_records(
    round_: Round, role: str, status: int, request: pytest.FixtureRequest, sign_in: SignIn
) -> None:
    response = post(sign_in(request.getfixturevalue(role)), decision="done")
    assert response.status_code == status
    assert not FollowUp.objects.exists()


# --- Who reads what ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["coordinator", "manager"])
def test_notes_are_for_coordinator_and_manager(
    support_action: SupportAction, role: str, request: pytest.FixtureRequest, sign_in: SignIn
) -> None:
    html = page(sign_in(request.getfixturevalue(role)), STEP_4)
    for text in (NOTE, NEED, PROMISED, "Rektor Rut", "Sam Samordnare"):
        assert text in html


def test_member_sees_date_and_decision_but_no_notes(
    support_action: SupportAction, member: User, sign_in: SignIn
) -> None:
    html = page(sign_in(member), STEP_4)
    assert "Mer stöd: omgången fortsätter" in html
    for text in (NOTE, NEED, PROMISED, "Rektor Rut", "Sam Samordnare"):
        assert text not in html


def test_member_does_not_see_why_a_follow_up_was_early(
    unit: Unit, coordinator: User, member: User, sign_in: SignIn
) -> None:
    round_ = stages.routines_done(unit, stages.upcoming())
    record_follow_up(
        round_, held_on=clock.today(), decision=Decision.DONE, by=coordinator, override_reason="Hemligt skäl."
    )
    html = page(sign_in(member), STEP_4)
    assert "Steg 4 blev klart den" in html
    assert "Hemligt skäl." not in html


@pytest.mark.parametrize("role", ["outsider", "reader"])
def test_others_do_not_find_the_page(
    support_action: SupportAction, role: str, request: pytest.FixtureRequest, sign_in: SignIn
) -> None:
    response = sign_in(request.getfixturevalue(role)).get(STEP_4)
    assert response.status_code == 404
    assert NOTE not in response.content.decode()


def test_page_makes_as_many_queries_for_one_follow_up_as_for_three(
    round_: Round, coordinator: User, sign_in: SignIn
) -> None:
    client = sign_in(coordinator)

    def add(days: int) -> None:
        record_follow_up(
            round_,
            held_on=clock.today() - dt.timedelta(days=days),
            decision=Decision.MORE_SUPPORT,
            by=coordinator,
            support_actions=[Promise(PROMISED, "Rut", clock.today())] * 2,
        )

    add(1)
    one = queries_of(client, STEP_4)
    add(2)
    add(3)
    assert one == queries_of(client, STEP_4)


def queries_of(client: Client, path: str) -> int:
    client.get(path)
    with CaptureQueriesContext(connection) as seen:
        page(client, path)
    return len(seen)


# --- Support actions ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["coordinator", "manager"])
def test_support_action_is_marked_as_done(
    support_action: SupportAction, role: str, request: pytest.FixtureRequest, sign_in: SignIn
) -> None:
    user = request.getfixturevalue(role)
    client = sign_in(user)
    path = f"/uppfoljningar/insats/{support_action.pk}/klar/"
    for _time in range(2):
        response = client.post(path, {"from": "list"}, follow=True)
        assert response.redirect_chain == [(LIST, 302)]
        assert f"Klart: {PROMISED}" in response.content.decode()
    support_action.refresh_from_db()
    assert (support_action.done_on, support_action.done_by) == (clock.today(), user)
    assert client.post(path, follow=True).redirect_chain == [(STEP_4, 302)]


@pytest.mark.parametrize(("role", "status"), [("member", 403), ("reader", 403), ("outsider", 404)])
def test_others_do_not_mark_support_actions(
    support_action: SupportAction, role: str, status: int, request: pytest.FixtureRequest, sign_in: SignIn
) -> None:
    response = sign_in(request.getfixturevalue(role)).post(f"/uppfoljningar/insats/{support_action.pk}/klar/")
    assert response.status_code == status
    support_action.refresh_from_db()
    assert support_action.done_on is None


# --- The list --------------------------------------------------------------------------------------------------------


def test_list_is_grouped_by_urgency_with_days_and_managers(coordinator: User, sign_in: SignIn) -> None:
    for number, day in enumerate([stages.upcoming(), stages.due(), stages.closing(), stages.overdue()]):
        unit = factories.taking_part(factories.unit(name=f"Enhet nr {number}"))
        factories.staff(unit, name=f"Chef nr {number}", role=MembershipRole.MANAGER)
        stages.routines_done(unit, day)
    html = page(sign_in(coordinator), LIST)
    order = ["Försenade", "Enhet nr 3", "Stänger inom en månad", "Enhet nr 2", "Dags nu", "Enhet nr 1"]
    order += ["Öppnar snart", "Enhet nr 0", "Stödinsatser som återstår"]
    places = [html.index(f">{words}<") for words in order]
    assert places == sorted(places)
    assert html.index("Chef: Chef nr 3 <") < html.index("Chef: Chef nr 0 <")
    assert "dagar kvar" in html
    assert "Öppnar om" in html
    assert "/enheter/enhet-nr-3/steg-4/" in html


def test_list_shows_a_manager_the_own_units_only(
    support_action: SupportAction, outsider: User, manager: User, sign_in: SignIn
) -> None:
    other = Unit.objects.get(name="Granbackens skola")
    stages.routines_done(other, stages.due())
    own = page(sign_in(manager), LIST)
    assert "Tallbackens förskola" in own
    assert PROMISED in own
    assert "Granbackens skola" not in own
    assert "Uno Utomstående" not in own
    others = page(sign_in(outsider), LIST)
    assert "Granbackens skola" in others
    assert "Tallbackens förskola" not in others
    assert PROMISED not in others


@pytest.mark.parametrize("role", ["member", "reader"])
def test_list_is_not_for_members_and_readers(
    support_action: SupportAction, role: str, request: pytest.FixtureRequest, sign_in: SignIn
) -> None:
    response = sign_in(request.getfixturevalue(role)).get(LIST)
    assert response.status_code == 404
    assert PROMISED not in response.content.decode()


def test_list_puts_late_support_actions_first_and_leaves_out_done_ones(
    support_action: SupportAction, coordinator: User, sign_in: SignIn
) -> None:
    follow_up = support_action.follow_up
    FollowUp.objects.update(held_on=stages.ago(months=3))
    follow_up.support_actions.create(what="Sen insats", owner="Rut", due_on=clock.today() - dt.timedelta(days=1))
    follow_up.support_actions.create(
        what="Gjord insats", owner="Rut", due_on=clock.today(), done_on=clock.today(), done_by=coordinator
    )
    html = page(sign_in(coordinator), LIST)
    assert html.index("Sen insats") < html.index(PROMISED)
    assert html.count("<span>Försenad</span>") == 1
    assert "Gjord insats" not in html


def test_empty_list_says_so(coordinator: User, sign_in: SignIn) -> None:
    html = page(sign_in(coordinator), LIST)
    assert "Inga uppföljningar är på gång." in html
    assert "Inget återstår av det som har lovats." in html


def test_list_makes_as_many_queries_for_one_row_as_for_three(
    support_action: SupportAction, manager: User, coordinator: User, sign_in: SignIn
) -> None:
    client = sign_in(coordinator)
    one = queries_of(client, LIST)
    for number in range(2):
        unit = factories.taking_part(factories.unit())
        factories.staff(unit, name=f"Chef {number}", role=MembershipRole.MANAGER)
        record_follow_up(
            stages.routines_done(unit, stages.due()),
            held_on=clock.today(),
            decision=Decision.MORE_SUPPORT,
            by=coordinator,
            support_actions=[Promise(PROMISED, "Rut", clock.today())],
        )
    assert page(client, LIST).count(PROMISED) >= 3
    assert one == queries_of(client, LIST)


def test_list_is_paged(coordinator: User, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("followups.views.lists.ROWS", 2)
    for number in range(3):
        stages.routines_done(factories.taking_part(factories.unit(name=f"Sida {number}")), stages.due())
    client = sign_in(coordinator)
    assert "Sida 1 av 2" in page(client, LIST)
    last = page(client, f"{LIST}?page=2")
    assert ("/enheter/sida-2/" in last, "/enheter/sida-0/" in last) == (True, False)


def test_step_4_does_not_name_a_protected_person_who_recorded_a_follow_up(
    sign_in: SignIn, support_action: SupportAction, coordinator: User, manager: User
) -> None:
    assert coordinator.name in page(sign_in(manager), STEP_4)
    User.objects.filter(pk=coordinator.pk).update(is_protected=True)
    html = page(sign_in(manager), STEP_4)
    assert "skyddad person" in html
    assert coordinator.name not in html


@pytest.mark.parametrize("number", ["9" * 5000, "²", "-1", "eller"])
def test_step_4_with_a_round_that_is_no_number_is_about_the_latest(
    sign_in: SignIn, round_: Round, coordinator: User, number: str
) -> None:
    response = post(sign_in(coordinator), round=number, decision="")
    assert "Välj vad uppföljningen leder till." in response.content.decode()
