"""The protocol: kept while it is typed, recorded once, beside what the portal knows of the unit."""

import datetime as dt
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from followups.actions import Said, record_follow_up
from followups.models import Decision, FollowUp, Promise, ProtocolDraft
from jarfalla import clock
from routines.actions import note_read
from tests import factories
from tests.conftest import SignIn
from tests.followups import stages
from tests.jarfalla import scenes
from tests.routines import shelf
from units.models import Round, Unit, User, UserRole

pytestmark = pytest.mark.django_db

STEP_4 = "/enheter/tallbackens-forskola/steg-4/"
PAGE, KEEP = f"{STEP_4}protokoll/", f"{STEP_4}protokoll/spara/"


@pytest.fixture
def round_(unit: Unit) -> Round:
    """The unit's round, with its follow-up due."""
    return stages.routines_done(unit, stages.due())


def typed(**more: str) -> dict[str, str]:
    return {"round": "1", "number": "1", "seen": "", "held_on": clock.today().isoformat(), **more}


def keep(client: Client, **more: str) -> Any:
    """What the page does when the fingers rest."""
    return client.post(KEEP, typed(**more))


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


# --- Kept while it is typed ---------------------------------------------------------------------------------------


def test_what_is_typed_is_there_when_the_page_is_opened_again(
    round_: Round, coordinator: User, sign_in: SignIn
) -> None:
    client = sign_in(coordinator)
    answer = keep(
        client, effect="Vi vågar fråga.", process="yes", decision="more_support", support_2_what="Handledning"
    )
    assert answer.status_code == 200
    assert answer.json()["sentence"].startswith("Utkastet sparat kl. ")
    html = text(client.get(PAGE))
    assert "Vi vågar fråga.</textarea>" in html
    assert 'value="Handledning"' in html
    assert html.count(" checked") == 2
    assert answer.json()["seen"].split("+")[0] in html
    assert "Fortsätt protokollet" in text(client.get(STEP_4))


def test_each_time_is_kept_and_the_same_again_changes_nothing(
    round_: Round, coordinator: User, sign_in: SignIn
) -> None:
    client = sign_in(coordinator)
    first = keep(client, effect="Vi").json()["seen"]
    second = keep(client, effect="Vi vågar", seen=first).json()["seen"]
    assert second != first
    assert keep(client, effect="Vi vågar", seen="gammalt").json()["seen"] == second
    assert ProtocolDraft.objects.get().answers == {"effect": "Vi vågar", "held_on": clock.today().isoformat()}


def test_another_screen_is_never_written_over(round_: Round, coordinator: User, sign_in: SignIn) -> None:
    keep(sign_in(factories.user(name="Siv Samordnare", role=UserRole.COORDINATOR)), effect="Sivs ord.")
    client = sign_in(coordinator)
    answer = keep(client, effect="Mina ord.")
    assert answer.status_code == 409
    assert answer.json()["sentence"].startswith("Siv Samordnare har sparat något annat i protokollet")
    assert ProtocolDraft.objects.get().answers["effect"] == "Sivs ord."
    # Nor is it thrown away by somebody who records without having read it; the second time they have been told.
    for page in (
        client.post(PAGE, typed(effect="Mina ord.", decision="done")),
        client.post(PAGE, typed(effect="Mina ord.", draft="1")),
    ):
        html = text(page)
        assert "Siv Samordnare har sparat något annat i protokollet" in html
        assert "Mina ord.</textarea>" in html
        assert not FollowUp.objects.exists()
    seen = page.context["form"]["seen"].value()
    assert client.post(PAGE, typed(effect="Mina ord.", decision="done", seen=seen)).status_code == 302
    assert FollowUp.objects.get().effect == "Mina ord."
    assert not ProtocolDraft.objects.exists()


@pytest.mark.parametrize(
    "bad", [{"effect": "Vi talade om 19811218-9876."}, {"needs": "x" * 4001}, {"process": "kanske"}]
)
def test_what_may_not_be_kept_is_not(round_: Round, coordinator: User, sign_in: SignIn, bad: dict[str, str]) -> None:
    answer = keep(sign_in(coordinator), **bad)
    assert answer.status_code == 422
    assert answer.json()["sentence"].startswith("Inte sparat. ")
    assert not ProtocolDraft.objects.exists()


def test_draft_of_a_contact_that_is_over_is_refused(round_: Round, coordinator: User, sign_in: SignIn) -> None:
    client = sign_in(coordinator)
    keep(client, effect="Vi")
    assert client.post(PAGE, typed(decision="go_on", seen=client.get(PAGE).context["form"]["seen"].value()))
    assert not ProtocolDraft.objects.exists()
    answer = keep(client, effect="Vi vågar")
    assert (answer.status_code, answer.json()["sentence"]) == (422, "Samtal 1 är redan registrerat.")


def test_draft_without_scripts(round_: Round, coordinator: User, sign_in: SignIn) -> None:
    client = sign_in(coordinator)
    response = client.post(PAGE, typed(effect="Vi vågar fråga.", draft="1"), follow=True)
    assert response.redirect_chain == [(PAGE, 302)]
    assert "Utkastet är sparat." in text(response)
    assert "Vi vågar fråga.</textarea>" in text(response)
    html = text(client.post(PAGE, typed(effect="Vi talade om 19811218-9876.", draft="1")))
    assert "<title>Fel: " in html
    assert ProtocolDraft.objects.get().answers["effect"] == "Vi vågar fråga."


def test_draft_with_nothing_written_is_not_kept(round_: Round, coordinator: User, sign_in: SignIn) -> None:
    client = sign_in(coordinator)
    assert keep(client, needs=" ").json() == {"sentence": "", "seen": ""}
    html = text(client.post(PAGE, typed(draft="1"), follow=True))
    assert "Inget är skrivet än, så det finns inget utkast att spara." in html
    assert "Utkastet är sparat." not in html
    assert not ProtocolDraft.objects.exists()


def test_draft_in_the_way_from_ones_own_other_tab(round_: Round, coordinator: User, sign_in: SignIn) -> None:
    client = sign_in(coordinator)
    keep(client, effect="Vi")
    answer = keep(client, effect="Vi vågar")
    assert answer.status_code == 409
    own = "Du har själv sparat något annat i protokollet ("
    assert answer.json()["sentence"].startswith(own)
    assert own in text(client.post(PAGE, typed(effect="Vi vågar", decision="done")))


@pytest.mark.parametrize(("role", "status"), [("manager", 403), ("member", 403), ("reader", 403), ("outsider", 404)])
def test_only_the_coordinator_writes(
    round_: Round, role: str, status: int, request: pytest.FixtureRequest, sign_in: SignIn
) -> None:
    client = sign_in(request.getfixturevalue(role))
    assert client.get(PAGE).status_code == status
    assert keep(client, effect="Vi").status_code == status
    assert not ProtocolDraft.objects.exists()


# --- Recorded -----------------------------------------------------------------------------------------------------


def test_go_on_sent_twice_is_recorded_once(round_: Round, coordinator: User, sign_in: SignIn) -> None:
    client = sign_in(coordinator)
    answers = {"process": "yes", "routines_used": "partly", "in_plan": "no", "lesson": "Fråga tidigt."}
    for _time in range(2):
        response = client.post(PAGE, typed(decision="go_on", lesson_may_be_shared="on", **answers), follow=True)
        assert response.redirect_chain == [(STEP_4, 302)]
        assert "Nästa samtal står här nedanför." in text(response)
    follow_up = FollowUp.objects.get()
    assert {name: getattr(follow_up, name) for name in answers} == answers
    assert follow_up.lesson_may_be_shared
    assert follow_up.contact is not None
    assert follow_up.contact.number == 1
    html = text(response)
    for words in ("Samtal 2 av 2", "Samtal 1 hölls den", "Delvis", "Enheten vill dela den."):
        assert words in html


def test_first_contact_typed_anew_is_never_the_second(round_: Round, coordinator: User, sign_in: SignIn) -> None:
    client = sign_in(coordinator)
    client.post(PAGE, typed(decision="go_on"))
    assert "Samtal 1 är redan registrerat." in text(client.post(PAGE, typed(decision="go_on", effect="Andra ord.")))
    assert FollowUp.objects.count() == 1


@pytest.mark.parametrize(
    ("decision", "saved"),
    [
        ("back_to_training", "Enheten är tillbaka på steg 2."),
        ("back_to_routines", "Enheten är tillbaka på steg 3."),
    ],
)
def test_decision_that_goes_back_sent_twice_is_recorded_once(
    round_: Round, coordinator: User, sign_in: SignIn, decision: str, saved: str
) -> None:
    """After the first there is no contact to come; the second is the same press, not a new one."""
    client = sign_in(coordinator)
    for _time in range(2):
        response = client.post(PAGE, typed(decision=decision, effect="Alla är nya."), follow=True)
        assert response.redirect_chain == [(STEP_4, 302)]
        assert [str(message) for message in response.context["messages"]] == [f"Uppföljningen är registrerad. {saved}"]
    assert FollowUp.objects.count() == 1


def test_other_words_after_a_decision_that_goes_back_are_refused(
    round_: Round, coordinator: User, sign_in: SignIn
) -> None:
    client = sign_in(coordinator)
    client.post(PAGE, typed(decision="back_to_training", effect="Alla är nya."), follow=True)
    for more in ({"effect": "Andra ord."}, {"effect": "Alla är nya.", "draft": "1"}, {"effect": "19811218-9876"}):
        response = client.post(PAGE, typed(decision="back_to_training", **more), follow=True)
        assert response.redirect_chain == [(STEP_4, 302)]
        told = [str(message) for message in response.context["messages"]]
        assert told == ["Steg 2, riktad utbildning, måste vara klart först."]
    assert FollowUp.objects.get().effect == "Alla är nya."
    assert not ProtocolDraft.objects.exists()


# --- Beside the questions -----------------------------------------------------------------------------------------


def test_page_shows_what_the_portal_knows_of_this_unit_only(
    rows: Any, coordinator: User, sign_in: SignIn, unit: Unit
) -> None:
    other = scenes.standing_at(3, by=coordinator, days_ago=200, name="Granskogen")
    record_follow_up(
        factories.open_round(other),
        held_on=clock.today(),
        decision=Decision.MORE_SUPPORT,
        by=coordinator,
        said=Said(needs="Andras behov"),
        support_actions=[Promise("Andras insats", "Rut", clock.today() + dt.timedelta(days=9))],
    )
    html = text(sign_in(coordinator).get(PAGE))
    assert "100 % (2 av 2)" in html
    assert "Vår rutin: 1 av 2" in html  # whoever approved it has read it
    assert "2,0 → 4,0" in html
    assert "Gå igenom rutinen (Chefen, senast den" in html
    assert "Cia Chef" in html
    assert "Hemlig möteslänk" in html
    for words in ("Andras insats", "Andras behov"):
        assert words not in html


def test_page_of_a_unit_without_anything_says_so(round_: Round, coordinator: User, sign_in: SignIn) -> None:
    html = text(sign_in(coordinator).get(PAGE))
    for words in ("Ingen personal är registrerad.", "Ingen rutin gäller i portalen.", "Inget resultat att visa än."):
        assert words in html


def test_page_takes_the_same_queries_for_one_routine_and_three(
    round_: Round, unit: Unit, coordinator: User, manager: User, sign_in: SignIn
) -> None:
    client, counts = sign_in(coordinator), []
    for number in range(3):
        made = shelf.put(unit, f"Rutin {number}", "Ring 112.", by=manager)
        note_read(shelf.in_force(made), by=factories.staff(unit))
        client.get(PAGE)
        with CaptureQueriesContext(connection) as captured:
            html = text(client.get(PAGE))
        counts.append(len(captured))
    assert counts[0] == counts[2]
    for number in range(3):
        assert f"Rutin {number}: 2 av 4" in html  # the manager has approved it


def test_page_keeps_what_it_was_filled_with_out_of_the_browsers_memory(
    round_: Round, coordinator: User, sign_in: SignIn
) -> None:
    """Firefox gives fields their old values when a page is loaded again; the hidden ones say which draft it shows."""
    html = text(sign_in(coordinator).get(PAGE))
    for name in ("round", "number", "seen"):
        tag = re.search(rf'<input type="hidden" name="{name}"[^>]*>', html)
        assert tag is not None, name
        assert 'autocomplete="off"' in tag[0]


def test_page_is_asked_for_anew_when_the_browser_goes_back(round_: Round, coordinator: User, sign_in: SignIn) -> None:
    """A copy of one's own would hold the text and not know the draft that it was kept in."""
    page = sign_in(coordinator).get(PAGE)
    assert "no-store" in page["Cache-Control"]
    tag = re.search(r'<form class="protocol__form"[^>]*>', text(page))
    assert tag is not None
    assert 'autocomplete="off"' in tag[0]


OPTIONAL = '<span class="optional">(frivilligt)</span>'


@pytest.mark.parametrize("refused", [False, True])
def test_page_says_which_questions_may_be_left(
    round_: Round, coordinator: User, sign_in: SignIn, refused: bool
) -> None:
    """The draft that is refused needs no answer either, but the protocol still does."""
    client = sign_in(coordinator)
    html = text(client.post(PAGE, typed(effect="19811218-9876", draft="1")) if refused else client.get(PAGE))
    assert ("error-summary" in html) is refused
    for question in (
        "Fungerar arbetssättet?",
        "Används rutinerna?",
        "Finns de i verksamhetsplanen?",
        "Mer om rutinerna",
    ):
        assert f"{question} {OPTIONAL}" in html
    for question in ("Beslut", "Dag för samtalet"):
        assert question in html
        assert f"{question} {OPTIONAL}" not in html
