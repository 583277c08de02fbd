"""Creating, writing, reviewing, approving and logging the step, through the pages."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from jarfalla import clock
from routines import actions
from routines.models import Routine, RoutineVersion, Template, VersionState
from tests import factories
from tests.conftest import SignIn
from tests.routines import stages
from units.actions import complete_step
from units.models import Step, StepCompletion, Unit, User

pytestmark = pytest.mark.django_db

PERSONAL_NUMBER = "850709-9805"


@pytest.fixture
def draft(template: Template, unit: Unit, coordinator: User) -> RoutineVersion:
    return stages.newest(stages.routine(unit, title="Vår rutin", template=template, by=coordinator))


def form_of(version: RoutineVersion, **changed: str) -> dict[str, str]:
    """What the page for writing sends, with some sections changed."""
    fields = {f"section_{section.position}": section.body for section in version.sections.all()}
    return {"seen": version.content_sha256(), **fields, **changed}


def position_of(version: RoutineVersion, heading: str) -> int:
    return version.sections.get(heading=heading).position


def send(client: Client, name: str, slug: str, data: dict[str, str] | None = None) -> str:
    """The page that the click leads to."""
    answer = client.post(reverse(name, args=[slug]), data or {}, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def state(version: RoutineVersion) -> VersionState:
    return RoutineVersion.objects.get(pk=version.pk).state


# --- Step 3 ------------------------------------------------------------------------------------------------------


def test_step_3_offers_the_units_own_template_first(
    template: Template, unit: Unit, coordinator: User, sign_in: SignIn
) -> None:
    shown = sign_in(coordinator).get(reverse("step_3", args=[unit.slug])).content.decode()
    options = re.findall(r"<option[^>]*>([^<]+)</option>", shown)
    assert options[0] == "Förskola och pedagogisk omsorg"
    assert set(options[1:]) == set(Template.objects.exclude(pk=template.pk).values_list("name", flat=True))
    assert 'value="Rutin vid hedersrelaterat våld och förtryck"' in shown


def test_routine_new_makes_a_draft_and_leads_to_it(
    template: Template, unit: Unit, coordinator: User, sign_in: SignIn
) -> None:
    shown = send(sign_in(coordinator), "routine_new", unit.slug, {"template": str(template.pk), "title": "Vår rutin"})
    assert "Rutinen är skapad. Nu kan enhetens chef skriva den." in shown
    assert "Version 1: utkast" in shown
    assert Routine.objects.get().title == "Vår rutin"


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"title": ""}, "Skriv en titel."),
        ({"title": f"Rutin {PERSONAL_NUMBER}"}, "Texten ser ut att innehålla ett personnummer."),
        ({"title": "x" * 151}, "Texten är 151 tecken lång, och högst 150 får plats. Korta den."),
        ({"title": "Rutin 🙂"}, "PDF:en kan inte visa de här tecknen: 🙂."),
        ({"template": "0"}, "Välj en mall."),
        ({"template": "abc"}, "Välj en mall."),
        ({"template": ""}, "Välj en mall."),
    ],
)
def test_routine_new_with_bad_input_says_so_at_the_field(
    sent: dict[str, str], sentence: str, template: Template, unit: Unit, coordinator: User, sign_in: SignIn
) -> None:
    shown = send(
        sign_in(coordinator), "routine_new", unit.slug, {"template": str(template.pk), "title": "Vår rutin", **sent}
    )
    assert sentence in shown
    assert "Det är något som behöver rättas" in shown
    assert not Routine.objects.exists()


def test_routine_new_with_a_title_in_use_says_so_at_the_field(
    template: Template, unit: Unit, coordinator: User, manager: User, sign_in: SignIn
) -> None:
    stages.walked(unit, VersionState.IN_REVIEW, template=template, by=coordinator, manager=manager)
    shown = send(sign_in(coordinator), "routine_new", unit.slug, {"template": str(template.pk), "title": "VÅR RUTIN"})
    assert 'href="#id_title"' in shown
    assert "Enheten har redan en rutin med den titeln." in shown
    assert Routine.objects.count() == 1


@pytest.fixture
def ready(unit: Unit, coordinator: User) -> Unit:
    for step in (Step.WEB_COURSE, Step.TRAINING):
        complete_step(factories.open_round(unit), step, on=clock.today(), by=coordinator)
    return unit


def test_routines_complete_logs_the_step(ready: Unit, coordinator: User, manager: User, sign_in: SignIn) -> None:
    stages.in_force_without_pdf(ready, title="Gäller", by=coordinator)
    shown = send(sign_in(manager), "routines_complete", ready.slug, {"on": clock.today().isoformat()})
    assert "Steg 3 är klart. Nu använder ni rutinerna, och sedan följer vi upp." in shown
    assert StepCompletion.objects.filter(step=Step.ROUTINES, recorded_by=manager).count() == 1


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"on": "2999-01-01"}, "Datumet ligger i framtiden. Välj dagens datum eller ett tidigare."),
        ({"on": "i går"}, "Fyll i ett giltigt datum."),
        ({}, "Fyll i det här."),
        ({"on": "2026-01-01"}, "Enheten har ingen rutin som gäller än."),
        # A manager's reason is no field of theirs: it changes nothing.
        ({"on": "2026-01-01", "override_reason": "Ändå"}, "Enheten har ingen rutin som gäller än."),
    ],
)
def test_routines_complete_with_bad_input_says_so(
    sent: dict[str, str], sentence: str, ready: Unit, manager: User, sign_in: SignIn
) -> None:
    assert sentence in send(sign_in(manager), "routines_complete", ready.slug, sent)
    assert not StepCompletion.objects.filter(step=Step.ROUTINES).exists()


def test_routines_complete_as_an_exception_is_for_the_coordinator(
    ready: Unit, coordinator: User, sign_in: SignIn
) -> None:
    shown = send(
        sign_in(coordinator),
        "routines_complete",
        ready.slug,
        {"on": clock.today().isoformat(), "override_reason": "Rutinen finns på intranätet"},
    )
    assert "Steg 3 är klart." in shown
    step_3 = sign_in(coordinator).get(reverse("step_3", args=[ready.slug])).content.decode()
    assert "Undantag: Rutinen finns på intranätet" in step_3


# --- Writing -----------------------------------------------------------------------------------------------------


def test_write_shows_every_section_with_its_guidance(draft: RoutineVersion, manager: User, sign_in: SignIn) -> None:
    shown = sign_in(manager).get(reverse("routine_write", args=[draft.routine.slug])).content.decode()
    for section in draft.sections.all():
        assert f'<label class="write-row__label" for="id_section_{section.position}">{section.heading}</label>' in shown
        assert f'aria-describedby="vagledning-{section.position} id_section_{section.position}_helptext"' in shown
        assert f'id="vagledning-{section.position}"' in shown
    assert "Skriv hellre roller än namn" in shown
    assert "En punkt på varje rad." in shown


def test_write_saves_and_leads_back(draft: RoutineVersion, manager: User, sign_in: SignIn) -> None:
    shown = send(sign_in(manager), "routine_write", draft.routine.slug, form_of(draft, section_1="Ring 112\nStanna"))
    assert "Texten är sparad." in shown
    assert draft.sections.get(position=1).body == "Ring 112\nStanna"
    assert state(draft) == VersionState.DRAFT


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (f"Ring om {PERSONAL_NUMBER}", "Texten ser ut att innehålla ett personnummer."),
        ("Hjärta 🙂 och hej", "PDF:en kan inte visa de här tecknen: 🙂."),
        ("å" * 20_001, "Texten är 20001 tecken lång, och högst 20000 får plats. Korta den."),
        ("noll\x00tecken", "Texten innehåller ett tecken som inte går att spara. Skriv om den."),
    ],
)
def test_write_with_bad_input_says_so_at_the_field_and_keeps_the_words(
    text: str, sentence: str, draft: RoutineVersion, manager: User, sign_in: SignIn
) -> None:
    before = draft.content_sha256()
    shown = send(sign_in(manager), "routine_write", draft.routine.slug, form_of(draft, section_2=text))
    assert sentence in shown
    assert 'href="#id_section_2"' in shown
    assert 'id="id_section_2_error"' in shown
    assert 'aria-describedby="vagledning-2 id_section_2_helptext id_section_2_error"' in shown
    assert text[:4] in shown
    assert draft.content_sha256() == before


def test_write_with_nothing_sent_empties_nothing(draft: RoutineVersion, manager: User, sign_in: SignIn) -> None:
    before = draft.content_sha256()
    for name in ("routine_write", "routine_submit"):
        send(sign_in(manager), name, draft.routine.slug)
    assert (draft.content_sha256(), state(draft)) == (before, VersionState.DRAFT)


def test_write_over_a_colleagues_words_asks_once(
    draft: RoutineVersion, coordinator: User, manager: User, sign_in: SignIn
) -> None:
    old = form_of(draft, section_1="Chefens ord")
    actions.write_sections(draft, {1: "Samordnarens ord"}, by=coordinator)
    shown = send(sign_in(manager), "routine_write", draft.routine.slug, old)
    assert "Någon annan har ändrat texten medan du skrev." in shown
    assert "Chefens ord" in shown
    assert draft.sections.get(position=1).body == "Samordnarens ord"
    seen = re.search(r'name="seen" value="(\w+)"', shown)
    assert seen
    send(sign_in(manager), "routine_write", draft.routine.slug, {**old, "seen": seen[1]})
    assert draft.sections.get(position=1).body == "Chefens ord"


def test_submit_without_what_must_be_there_saves_and_says_so_at_the_field(
    draft: RoutineVersion, manager: User, sign_in: SignIn
) -> None:
    position = position_of(draft, "Ansvar")
    shown = send(sign_in(manager), "routine_submit", draft.routine.slug, form_of(draft, section_1="Ring 112"))
    assert "Fyll i det här avsnittet innan du skickar. Det du har skrivit är sparat." in shown
    assert f'href="#id_section_{position}"' in shown
    assert draft.sections.get(position=1).body == "Ring 112"
    assert state(draft) == VersionState.DRAFT


def test_submit_sends_it_to_the_coordinator(draft: RoutineVersion, manager: User, sign_in: SignIn) -> None:
    filled = {f"section_{position_of(draft, 'Ansvar')}": stages.WORDS}
    for _click in range(2):
        send(sign_in(manager), "routine_submit", draft.routine.slug, form_of(draft, **filled))
    assert state(draft) == VersionState.IN_REVIEW
    assert draft.approvals.count() == 1


@pytest.mark.parametrize("state_", [VersionState.IN_REVIEW, VersionState.ENDORSED, VersionState.APPROVED])
def test_write_of_a_version_that_is_decided_on_leads_back_and_changes_nothing(
    state_: VersionState, draft: RoutineVersion, coordinator: User, manager: User, sign_in: SignIn
) -> None:
    stages.walk_on(draft, state_, by=coordinator, manager=manager)
    before = draft.content_sha256()
    for name in ("routine_write", "routine_submit"):
        shown = send(sign_in(manager), name, draft.routine.slug, form_of(draft, section_1="Smuget in"))
        assert f"Texten kan inte ändras nu. Läge: {state_.label}." in shown
    assert (draft.content_sha256(), state(draft)) == (before, state_)


# --- Deciding ------------------------------------------------------------------------------------------------------


@pytest.fixture
def in_review(draft: RoutineVersion, coordinator: User, manager: User) -> RoutineVersion:
    return stages.walk_on(draft, VersionState.IN_REVIEW, by=coordinator, manager=manager)


def seen(client: Client, name: str, version: RoutineVersion) -> dict[str, str]:
    """What the page's form says was on the page."""
    shown = client.get(reverse(name, args=[version.routine.slug])).content.decode()
    found = re.search(r'name="seen" value="(\w+)"', shown)
    assert found
    return {"seen": found[1]}


def test_review_shows_it_as_it_will_look_and_endorses(
    in_review: RoutineVersion, coordinator: User, sign_in: SignIn
) -> None:
    client = sign_in(coordinator)
    shown = client.get(reverse("routine_review", args=[in_review.routine.slug])).content.decode()
    assert '<h2 id="rubrik-1">Vad du gör akut</h2>' in shown
    assert "Skriv hellre roller än namn" not in shown
    assert "Skickad till granskning" in shown
    sent = seen(client, "routine_review", in_review)
    for _click in range(2):
        assert "Texten är godkänd. Nu kan enhetens chef fastställa rutinen." in send(
            client, "routine_review", in_review.routine.slug, sent
        )
    assert [row.verdict for row in in_review.approvals.order_by("pk")] == ["submitted", "endorsed"]


def test_review_of_a_text_that_has_changed_meanwhile_is_refused(
    in_review: RoutineVersion, coordinator: User, manager: User, sign_in: SignIn
) -> None:
    sent = seen(sign_in(coordinator), "routine_review", in_review)
    actions.return_version(in_review, comment="Mer", by=coordinator)
    actions.write_sections(in_review, {1: "Något nytt"}, by=manager)
    actions.submit_version(in_review, by=manager)
    shown = send(sign_in(coordinator), "routine_review", in_review.routine.slug, sent)
    assert "Texten har ändrats sedan du öppnade sidan." in shown
    assert "Något nytt" in shown
    assert state(in_review) == VersionState.IN_REVIEW


def test_review_without_having_seen_the_page_is_refused(
    in_review: RoutineVersion, coordinator: User, sign_in: SignIn
) -> None:
    shown = send(sign_in(coordinator), "routine_review", in_review.routine.slug)
    assert "Läs rutinen på den här sidan innan du bestämmer dig." in shown
    assert state(in_review) == VersionState.IN_REVIEW


def test_return_needs_a_comment_and_shows_it_to_the_writer(
    in_review: RoutineVersion, coordinator: User, manager: User, sign_in: SignIn
) -> None:
    client, slug = sign_in(coordinator), in_review.routine.slug
    shown = send(client, "routine_review", slug, {"return": "1", "comment": "  "})
    assert "Skriv vad som behöver ändras." in shown
    assert state(in_review) == VersionState.IN_REVIEW
    shown = send(client, "routine_review", slug, {"return": "1", "comment": "Skriv vem som ringer."})
    assert "Rutinen är återlämnad" in shown
    for name in ("routine", "routine_write"):
        assert "Skriv vem som ringer." in sign_in(manager).get(reverse(name, args=[slug])).content.decode()


def test_approve_is_for_the_manager_of_a_reviewed_version(
    in_review: RoutineVersion, coordinator: User, manager: User, sign_in: SignIn
) -> None:
    slug = in_review.routine.slug
    sent = seen(sign_in(coordinator), "routine_review", in_review)
    assert "Samordnaren måste granska versionen först." in send(sign_in(manager), "routine_approve", slug, sent)
    actions.endorse_version(in_review, by=coordinator)
    shown = send(sign_in(coordinator), "routine_approve", slug, sent)
    assert "Det är enhetens chef som fastställer rutinen." in shown
    assert state(in_review) == VersionState.ENDORSED
    for _click in range(2):
        shown = send(sign_in(manager), "routine_approve", slug, seen_again(in_review))
        assert "Rutinen är fastställd. Den gäller så snart PDF:en är klar." in shown
    assert in_review.approvals.filter(verdict="approved").count() == 1
    assert "Portalen skapar PDF:en." in shown


def seen_again(version: RoutineVersion) -> dict[str, str]:
    return {"seen": version.content_sha256()}


def test_manager_gives_back_what_was_reviewed(
    in_review: RoutineVersion, coordinator: User, manager: User, sign_in: SignIn
) -> None:
    actions.endorse_version(in_review, by=coordinator)
    send(
        sign_in(manager),
        "routine_approve",
        in_review.routine.slug,
        {"return": "1", "comment": f"Fel {PERSONAL_NUMBER}"},
    )
    assert state(in_review) == VersionState.ENDORSED, "a personnummer is refused here too"
    send(sign_in(manager), "routine_approve", in_review.routine.slug, {"return": "1", "comment": "Jag såg ett fel."})
    assert state(in_review) == VersionState.RETURNED


def test_decisions_name_no_protected_person(
    in_review: RoutineVersion, coordinator: User, manager: User, sign_in: SignIn
) -> None:
    User.objects.filter(pk=manager.pk).update(is_protected=True)
    shown = sign_in(coordinator).get(reverse("routine_review", args=[in_review.routine.slug])).content.decode()
    assert manager.name not in shown


def test_failed_pdf_says_what_happened_and_is_tried_again_in_one_click(
    draft: RoutineVersion, coordinator: User, manager: User, sign_in: SignIn
) -> None:
    stages.walk_on(draft, VersionState.FAILED, by=coordinator, manager=manager)
    slug = draft.routine.slug
    shown = sign_in(manager).get(reverse("routine", args=[slug])).content.decode()
    assert "fastställd, men PDF:en kunde inte skapas" in shown
    assert "Disken är full." in shown
    assert "Portalen försöker skapa PDF:en igen." in send(sign_in(manager), "routine_publish_again", slug)
    assert state(draft) == VersionState.APPROVED
    actions.publish(draft)
    assert "PDF:en finns redan, och rutinen gäller." in send(sign_in(manager), "routine_publish_again", slug)


def test_new_version_leads_to_writing_and_the_old_one_applies_meanwhile(
    unit: Unit, coordinator: User, manager: User, member: User, sign_in: SignIn
) -> None:
    routine = stages.in_force_without_pdf(unit, title="Gäller", by=coordinator)
    for _click in range(2):
        shown = send(sign_in(manager), "routine_new_version", routine.slug)
        assert "Version 2 är ett utkast. Den gamla gäller tills den nya är fastställd." in shown
    assert [version.number for version in routine.versions.all()] == [1, 2]
    assert "Version 1, gäller sedan" in sign_in(member).get(reverse("routine", args=[routine.slug])).content.decode()


def test_write_without_a_version_to_write_on_leads_back(
    unit: Unit, coordinator: User, manager: User, sign_in: SignIn
) -> None:
    routine = stages.in_force_without_pdf(unit, title="Gäller", by=coordinator)
    shown = sign_in(manager).get(reverse("routine_write", args=[routine.slug]), follow=True).content.decode()
    assert "Börja på en ny version om du vill ändra rutinen." in shown
