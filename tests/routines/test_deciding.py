"""The way of a version: every state and everything that can be done in it, who may, and what it binds to."""

from collections.abc import Callable

import pytest
from django.db import transaction

from routines import actions
from routines.models import RoutineVersion, SectionKind, Template, Verdict, VersionState
from tests import factories
from tests.routines import stages
from units.models import MembershipRole, Refused, Unit, User, UserRole

pytestmark = pytest.mark.django_db

S = VersionState
Act = Callable[[RoutineVersion, User, User], RoutineVersion]


@pytest.fixture
def small(db: None) -> Template:
    """A template of three texts."""
    return stages.small_template()


@pytest.fixture
def draft(small: Template, unit: Unit, coordinator: User) -> RoutineVersion:
    return stages.small_draft(unit, template=small, by=coordinator)


def fresh(version: RoutineVersion) -> RoutineVersion:
    return RoutineVersion.objects.get(pk=version.pk)


# --- Every state and everything that can be done in it -------------------------------------------------------------

ACTIONS: dict[str, Act] = {
    "submit": lambda v, c, m: actions.submit_version(v, by=m),
    "return": lambda v, c, m: actions.return_version(v, comment="Mer.", by=c),
    "endorse": lambda v, c, m: actions.endorse_version(v, by=c),
    "approve": lambda v, c, m: actions.approve_version(v, by=m),
    "reopen": lambda v, c, m: actions.reopen(v, by=m),
    "discard": lambda v, c, m: actions.discard_version(v, by=m),
    "fail": lambda v, c, m: actions.note_publish_failure(v, error="Disken är full."),
    "again": lambda v, c, m: actions.publish_again(v, by=m),
    "withdraw": lambda v, c, m: actions.withdraw_version(v, reason="Enheten läggs ner.", by=m),
}
# What each leads to: a state, or a part of the sentence that refuses it. What is not listed changes nothing.
REVIEWED = "redan granskad"
FIRST = "måste granska versionen först"
NOT_SENT = "inte skickad till granskning"
NO_RETURN = "kan lämnas tillbaka"
NOT_POSSIBLE = "Det går inte"
HAS_APPLIED = "kan inte kastas"
NOT_IN_FORCE = "Bara en version som gäller kan upphävas"
TABLE: dict[VersionState, dict[str, VersionState | str]] = {
    S.DRAFT: {
        "submit": S.IN_REVIEW,
        "return": NO_RETURN,
        "endorse": NOT_SENT,
        "approve": FIRST,
        "discard": S.DISCARDED,
        "withdraw": NOT_IN_FORCE,
    },
    S.IN_REVIEW: {
        "return": S.RETURNED,
        "endorse": S.ENDORSED,
        "approve": FIRST,
        "reopen": S.DRAFT,
        "discard": S.DISCARDED,
        "withdraw": NOT_IN_FORCE,
    },
    S.RETURNED: {
        "submit": S.IN_REVIEW,
        "endorse": NOT_SENT,
        "approve": FIRST,
        "discard": S.DISCARDED,
        "withdraw": NOT_IN_FORCE,
    },
    S.ENDORSED: {
        "submit": REVIEWED,
        "return": S.RETURNED,
        "approve": S.APPROVED,
        "reopen": S.DRAFT,
        "discard": S.DISCARDED,
        "withdraw": NOT_IN_FORCE,
    },
    S.APPROVED: {
        "submit": REVIEWED,
        "return": NO_RETURN,
        "reopen": NOT_POSSIBLE,
        "discard": "skapar PDF:en just nu",
        "fail": S.FAILED,
        "withdraw": NOT_IN_FORCE,
    },
    S.FAILED: {
        "submit": REVIEWED,
        "return": NO_RETURN,
        "reopen": NOT_POSSIBLE,
        "discard": S.DISCARDED,
        "again": S.APPROVED,
        "withdraw": NOT_IN_FORCE,
    },
    S.IN_FORCE: {
        "submit": REVIEWED,
        "return": NO_RETURN,
        "reopen": NOT_POSSIBLE,
        "discard": HAS_APPLIED,
        "withdraw": S.WITHDRAWN,
    },
    S.SUPERSEDED: {
        "submit": NOT_POSSIBLE,
        "return": NO_RETURN,
        "endorse": NOT_POSSIBLE,
        "approve": NOT_POSSIBLE,
        "reopen": NOT_POSSIBLE,
        "discard": HAS_APPLIED,
        "withdraw": NOT_IN_FORCE,
    },
    S.WITHDRAWN: {
        "submit": NOT_POSSIBLE,
        "return": NO_RETURN,
        "endorse": NOT_POSSIBLE,
        "approve": NOT_POSSIBLE,
        "reopen": NOT_POSSIBLE,
        "discard": HAS_APPLIED,
    },
    S.DISCARDED: {
        "submit": NOT_POSSIBLE,
        "return": NO_RETURN,
        "endorse": NOT_POSSIBLE,
        "approve": NOT_POSSIBLE,
        "reopen": NOT_POSSIBLE,
        "withdraw": NOT_IN_FORCE,
    },
}


def test_table_has_every_state() -> None:
    assert set(TABLE) == set(VersionState)


@pytest.mark.parametrize("state", list(VersionState))
def test_everything_done_in_a_state_leads_on_or_is_refused_with_a_sentence(
    state: VersionState, draft: RoutineVersion, coordinator: User, manager: User
) -> None:
    version = stages.walk_without_pdf(draft, state, by=coordinator, manager=manager)
    assert version.state == state
    for name, act in ACTIONS.items():
        rows, expected = version.approvals.count(), TABLE[state].get(name, state)
        with transaction.atomic():
            if isinstance(expected, VersionState):
                act(fresh(version), coordinator, manager)
                act(fresh(version), coordinator, manager)  # a second click changes nothing more
                found = fresh(version)
            else:
                with pytest.raises(Refused, match=expected):
                    act(fresh(version), coordinator, manager)
                found, expected = fresh(version), state
            assert (name, found.state) == (name, expected)
            decided = 1 if expected != state and name in ("submit", "return", "endorse", "approve", "reopen") else 0
            assert (name, found.approvals.count() - rows) == (name, decided)
            transaction.set_rollback(True)


@pytest.mark.parametrize("state", [state for state in VersionState if state != S.APPROVED])
def test_publication_touches_only_what_is_approved_and_waits(
    state: VersionState, draft: RoutineVersion, coordinator: User, manager: User
) -> None:
    version = stages.walk_without_pdf(draft, state, by=coordinator, manager=manager)
    before = RoutineVersion.objects.filter(pk=version.pk).values().get()
    actions.publish(version)
    assert RoutineVersion.objects.filter(pk=version.pk).values().get() == before


# --- Who may, and what it binds to -----------------------------------------------------------------------------


def test_whole_walk_puts_a_version_in_force(draft: RoutineVersion, coordinator: User, manager: User) -> None:
    version = stages.walk_on(draft, S.IN_FORCE, by=coordinator, manager=manager)
    assert version.state == S.IN_FORCE
    assert [(row.verdict, row.by) for row in version.approvals.order_by("pk")] == [
        ("submitted", manager),
        ("endorsed", coordinator),
        ("approved", manager),
    ]
    assert {row.content_sha256 for row in version.approvals.all()} == {version.content_sha256()}
    assert version.approved_by == manager


def test_submit_without_what_must_be_there_is_refused(draft: RoutineVersion, manager: User) -> None:
    draft.sections.filter(key="ansvar").update(body="<p> </p>")
    draft.sections.create(key="tabell", position=4, kind=SectionKind.DECISIONS, heading="Tabell", is_mandatory=True)
    with pytest.raises(Refused, match=r"Det här måste fyllas i innan rutinen skickas: Ansvar, Tabell\."):
        actions.submit_version(draft, by=manager)
    draft.sections.filter(key="ansvar").update(body="<p>Rektor</p>")
    draft.sections.filter(key="tabell").update(cells={"adult_risk": "Ring"})
    assert actions.submit_version(draft, by=manager).state == S.IN_REVIEW


def test_submit_of_a_locked_section_behind_its_template_is_refused(
    small: Template, unit: Unit, coordinator: User, manager: User
) -> None:
    small.sections.filter(key="ansvar").update(is_mandatory=False)
    small.sections.filter(key="syfte").update(is_locked=True)
    version = stages.newest(stages.routine(unit, title="Vår rutin", template=small, by=coordinator))
    small.sections.filter(key="syfte").update(body="<p>Nya ord.</p>")
    with pytest.raises(Refused, match=r"måste tas över därifrån innan rutinen skickas: Syfte\."):
        actions.submit_version(version, by=manager)


def test_only_a_coordinator_endorses(draft: RoutineVersion, coordinator: User, manager: User) -> None:
    version = stages.walk_on(draft, S.IN_REVIEW, by=coordinator, manager=manager)
    with pytest.raises(Refused, match="samordnaren som granskar"):
        actions.endorse_version(version, by=manager)


def test_only_a_manager_of_the_unit_approves(
    draft: RoutineVersion, coordinator: User, manager: User, outsider: User, member: User
) -> None:
    version = stages.walk_on(draft, S.ENDORSED, by=coordinator, manager=manager)
    for person in (coordinator, outsider, member):
        with pytest.raises(Refused, match="enhetens chef som fastställer"):
            actions.approve_version(version, by=person)


@pytest.mark.parametrize("comment", ["", " \n "])
def test_return_without_a_comment_is_refused(
    comment: str, draft: RoutineVersion, coordinator: User, manager: User
) -> None:
    version = stages.walk_on(draft, S.IN_REVIEW, by=coordinator, manager=manager)
    with pytest.raises(Refused, match="vad som behöver ändras"):
        actions.return_version(version, comment=comment, by=coordinator)


def test_same_person_never_reviews_and_approves(draft: RoutineVersion, unit: Unit, manager: User) -> None:
    both = factories.staff(unit, name="Båda", role=MembershipRole.MANAGER)
    both.role = UserRole.COORDINATOR
    both.save()
    version = stages.walk_on(draft, S.ENDORSED, by=both, manager=manager)
    with pytest.raises(Refused, match="Du har granskat den här versionen"):
        actions.approve_version(version, by=both)
    assert actions.approve_version(version, by=manager).approved_by == manager


def test_text_that_changed_behind_the_back_is_not_approved(
    draft: RoutineVersion, coordinator: User, manager: User
) -> None:
    version = stages.walk_on(draft, S.ENDORSED, by=coordinator, manager=manager)
    version.sections.filter(position=1).update(body="<p>Smuget in</p>")
    with pytest.raises(Refused, match="Texten är inte den som granskades"):
        actions.approve_version(version, by=manager)
    actions.return_version(version, comment="Texten har ändrats.", by=manager)
    stages.walk_on(version, S.APPROVED, by=coordinator, manager=manager)


@pytest.mark.parametrize(
    "changed",
    [
        {"owner_title": "Rektor"},
        {"applies_to": "Alla"},
        {"diary_number": "KS 2026/1"},
        {"review_months": 6},
        {"change_note": "Ny"},
        {"document_type": "plan"},
        {"minor": 3},
    ],
)
def test_approval_binds_to_what_is_printed_about_the_document(
    changed: dict[str, object], draft: RoutineVersion, coordinator: User, manager: User
) -> None:
    version = stages.walk_on(draft, S.ENDORSED, by=coordinator, manager=manager)
    RoutineVersion.objects.filter(pk=version.pk).update(**changed)
    with pytest.raises(Refused, match="Texten är inte den som granskades"):
        actions.approve_version(version, by=manager)


def test_endorsement_binds_to_the_text_that_was_seen(draft: RoutineVersion, coordinator: User, manager: User) -> None:
    version = stages.walk_on(draft, S.IN_REVIEW, by=coordinator, manager=manager)
    seen = version.content_sha256()
    version.sections.filter(position=1).update(body="<p>Nytt</p>")
    with pytest.raises(Refused, match="Texten har ändrats sedan du öppnade sidan"):
        actions.endorse_version(version, by=coordinator, seen=seen)


def test_reopened_version_is_reviewed_again_and_says_who_changed_it(
    draft: RoutineVersion, coordinator: User, manager: User
) -> None:
    version = stages.walk_on(draft, S.ENDORSED, by=coordinator, manager=manager)
    actions.reopen(version, by=manager)
    assert [(row.verdict, row.by) for row in version.approvals.order_by("pk")][-1] == (Verdict.REOPENED, manager)
    with pytest.raises(Refused, match=FIRST):
        actions.approve_version(version, by=manager)
    assert stages.walk_on(version, S.APPROVED, by=coordinator, manager=manager).state == S.APPROVED
