"""Reviewing and approving, through the pages."""

import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.formats import date_format

from jarfalla import clock
from routines import actions
from routines.models import RoutineVersion, Template, Verdict, VersionState
from tests.conftest import SignIn
from tests.routines import stages
from tests.routines.pages import send, state
from units.models import Unit, User

pytestmark = pytest.mark.django_db

PERSONAL_NUMBER = "850709-9805"


@pytest.fixture
def draft(template: Template, unit: Unit, coordinator: User) -> RoutineVersion:
    actions.seed_contacts()
    return stages.newest(stages.routine(unit, title="Vår rutin", template=template, by=coordinator))


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


@pytest.mark.parametrize(
    ("at", "name", "who", "lead"),
    [
        (VersionState.IN_REVIEW, "routine_review", "coordinator", "Längst ner godkänner du den"),
        (VersionState.IN_REVIEW, "routine_approve", "manager", ""),
        (VersionState.ENDORSED, "routine_approve", "manager", "Längst ner fastställer du den"),
        (VersionState.ENDORSED, "routine_approve", "coordinator", ""),
        (VersionState.ENDORSED, "routine_review", "coordinator", ""),
        (VersionState.IN_FORCE, "routine_review", "coordinator", ""),
        (VersionState.IN_FORCE, "routine_approve", "manager", ""),
        (VersionState.WITHDRAWN, "routine_approve", "manager", ""),
    ],
)
def test_page_promises_a_decision_only_to_those_who_can_make_it(
    at: VersionState, name: str, who: str, lead: str, unit: Unit, request: pytest.FixtureRequest, sign_in: SignIn
) -> None:
    coordinator, manager = (request.getfixturevalue(role) for role in ("coordinator", "manager"))
    version = stages.small_draft(unit, template=stages.small_template(), by=coordinator)
    version = stages.walk_without_pdf(version, at, by=coordinator, manager=manager)
    client = sign_in(request.getfixturevalue(who))
    shown = client.get(reverse(name, args=[version.routine.slug])).content.decode()
    assert ("Längst ner" in shown) == bool(lead)
    assert lead in shown
    assert ("som den kommer att se ut" in shown) == (at in (VersionState.IN_REVIEW, VersionState.ENDORSED))


def test_correction_says_whose_work_it_is_and_whose_approval_it_is_not(
    unit: Unit, coordinator: User, manager: User, sign_in: SignIn
) -> None:
    version = stages.small_draft(unit, template=stages.small_template(), by=coordinator)
    version = stages.walk_without_pdf(version, VersionState.IN_FORCE, by=coordinator, manager=manager)
    version.approvals.create(verdict=Verdict.CARRIED, by=coordinator, content_sha256="0" * 64)
    shown = sign_in(manager).get(reverse("routine_versions", args=[version.routine.slug])).content.decode()
    history = " ".join(re.sub(r"<[^>]*>", " ", shown.split('class="decisions"')[1]).split())
    day = date_format(clock.today(), "j F Y")
    assert f"Rättad av Sam Samordnare, {day}. Fastställandet gäller fortfarande." in history
    assert f"Fastställd av Cia Chef, {day}" in history
    assert "gäller fortfarande av" not in history


def test_review_of_a_text_that_has_changed_meanwhile_is_refused(
    in_review: RoutineVersion, coordinator: User, manager: User, sign_in: SignIn
) -> None:
    sent = seen(sign_in(coordinator), "routine_review", in_review)
    actions.return_version(in_review, comment="Mer", by=coordinator)
    actions.write_sections(in_review, {"akut": "Något nytt"}, by=manager)
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
    assert "Ingen version väntar på sin PDF." in send(sign_in(manager), "routine_publish_again", slug)


def test_new_version_leads_to_writing_and_the_old_one_applies_meanwhile(
    unit: Unit, coordinator: User, manager: User, member: User, sign_in: SignIn
) -> None:
    routine = stages.in_force_without_pdf(unit, title="Gäller", by=coordinator)
    for _click in range(2):
        shown = send(sign_in(manager), "routine_new_version", routine.slug)
        assert "Version 2.0 är ett utkast. Den gamla gäller tills den nya är fastställd." in shown
    assert [version.major for version in routine.versions.all()] == [1, 2]
    assert "Version 1.0, gäller sedan" in sign_in(member).get(reverse("routine", args=[routine.slug])).content.decode()


def test_write_without_a_version_to_write_on_leads_back(
    unit: Unit, coordinator: User, manager: User, sign_in: SignIn
) -> None:
    routine = stages.in_force_without_pdf(unit, title="Gäller", by=coordinator)
    shown = sign_in(manager).get(reverse("routine_write", args=[routine.slug]), follow=True).content.decode()
    assert "Börja på en ny version om du vill ändra rutinen." in shown
