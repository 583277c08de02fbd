"""Deciding, writing and publishing at the same moment, in real threads with connections of their own."""

from collections.abc import Callable

import pytest
from django.db import transaction

from routines import actions, queries
from routines.models import (
    GUARDIANS,
    Contact,
    Routine,
    RoutineVersion,
    SectionKind,
    Template,
    Verdict,
    VersionState,
)
from tests import factories
from tests.conftest import SignIn
from tests.routines import stages
from tests.routines.pages import form_of, send
from tests.together import together
from units.models import MembershipRole, Message, Refused, Unit, User

pytestmark = pytest.mark.django_db(transaction=True)

S = VersionState
OLD, NEW = "<p>Rektor ringer.</p>", "<p>Någon annan ringer.</p>"


@pytest.fixture
def draft(unit: Unit, coordinator: User) -> RoutineVersion:
    """A small draft with nothing left to fill in."""
    template = small_template()
    version = stages.newest(stages.routine(unit, title="Vår rutin", template=template, by=coordinator))
    version.sections.filter(key="ansvar").update(body=OLD)
    return version


def small_template() -> Template:
    """Two texts and a contact."""
    template = Template(name="Liten mall")
    with transaction.atomic():
        template.save()
        template.sections.create(
            key=GUARDIANS, position=1, heading="Vårdnadshavare", body="<p>Vänta.</p>", is_mandatory=True, is_locked=True
        )
        template.sections.create(key="ansvar", position=2, heading="Ansvar", is_mandatory=True)
        contacts = template.sections.create(key="kontakter", position=3, heading="Ring", kind=SectionKind.CONTACTS)
    contacts.contacts.set([Contact.objects.create(name="BRIS", phone="116 111")])
    return template


def attempt(act: Callable[[], object]) -> str:
    """ "" when it went well, else the sentence that refused it."""
    try:
        act()
    except Refused as refused:
        return str(refused)
    return ""


def fresh(version: RoutineVersion) -> RoutineVersion:
    return RoutineVersion.objects.get(pk=version.pk)


def body(version: RoutineVersion) -> str:
    return version.sections.get(key="ansvar").body


def edit(version: RoutineVersion, by: User) -> None:
    """What the page for writing does when it saves one section."""
    actions.write_sections(version, {"ansvar": NEW}, by=by)


def test_two_approvals_at_once_give_one_row_and_one_version_in_force(
    draft: RoutineVersion, unit: Unit, coordinator: User, manager: User
) -> None:
    second_manager = factories.staff(unit, name="Två Chef", role=MembershipRole.MANAGER)
    version = stages.walk_on(draft, S.ENDORSED, by=coordinator, manager=manager)
    people = [manager, second_manager]

    def approve_and_publish(number: int) -> bool:
        approved = actions.approve_version(version, by=people[number % 2])
        return actions.publish(approved).publish_failed_at is None

    assert together(6, approve_and_publish) == [True] * 6
    assert fresh(version).publish_attempts == 1, "who comes while another is at it leaves it to them"
    assert version.approvals.filter(verdict=Verdict.APPROVED).count() == 1
    assert RoutineVersion.objects.in_force().count() == 1
    assert Message.objects.filter(key__startswith="routine_in_force:").count() == 3


@pytest.mark.parametrize("turn", range(4))
def test_approval_during_an_edit_approves_the_reviewed_text_or_nothing(
    turn: int, draft: RoutineVersion, coordinator: User, manager: User
) -> None:
    version = stages.walk_on(draft, S.ENDORSED, by=coordinator, manager=manager)
    acts = [lambda: actions.approve_version(version, by=manager), lambda: edit(version, coordinator)]
    if turn % 2:
        acts.reverse()
    refusals = together(2, lambda number: attempt(acts[number]))
    version = fresh(version)
    if version.approved_at:
        assert (version.state, body(version)) == (S.APPROVED, OLD), "the edit came too late, and was refused"
        assert version.last_approval is not None
        assert version.last_approval.content_sha256 == version.content_sha256()
    else:
        assert (version.state, body(version)) == (S.DRAFT, NEW), "the approval came too late, and was refused"
    assert sum(bool(refusal) for refusal in refusals) == 1


@pytest.mark.parametrize("turn", range(4))
def test_endorsement_during_an_edit_binds_to_the_text_that_was_seen(
    turn: int, draft: RoutineVersion, coordinator: User, manager: User
) -> None:
    version = stages.walk_on(draft, S.IN_REVIEW, by=coordinator, manager=manager)
    seen = version.content_sha256()
    acts = [lambda: actions.endorse_version(version, by=coordinator, seen=seen), lambda: edit(version, manager)]
    if turn % 2:
        acts.reverse()
    together(2, lambda number: attempt(acts[number]))
    assert (fresh(version).state, body(version)) == (S.DRAFT, NEW), "an edit always wins over what came before it"


def test_endorsement_and_return_at_once_leave_one_of_them_last(
    draft: RoutineVersion, coordinator: User, manager: User
) -> None:
    version = stages.walk_on(draft, S.IN_REVIEW, by=coordinator, manager=manager)
    acts: list[Callable[[], object]] = [
        lambda: actions.endorse_version(version, by=coordinator),
        lambda: actions.return_version(version, comment="Mer.", by=coordinator),
    ]
    refusals = together(2, lambda number: attempt(acts[number]))
    verdicts = [row.verdict for row in version.approvals.order_by("pk")][1:]
    assert fresh(version).state == S.RETURNED
    assert (verdicts, refusals) in [
        (["returned"], ["Versionen är inte skickad till granskning.", ""]),
        (["endorsed", "returned"], ["", ""]),
    ]


def test_many_edits_at_once_lose_none_silently(
    draft: RoutineVersion, unit: Unit, coordinator: User, manager: User
) -> None:
    section = draft.sections.get(key="ansvar")
    seen = {"ansvar": queries.seen_of([section])[section.pk]}
    said = [f"<p>Svar {number}</p>" for number in range(4)]
    more = [factories.staff(unit, name=name, role=MembershipRole.MANAGER) for name in ("Två Chef", "Tre Chef")]
    people = [coordinator, manager, *more]
    answers = together(
        4, lambda number: actions.write_sections(draft, {"ansvar": said[number]}, by=people[number], seen=seen)
    )
    [winner] = [number for number, overlaps in enumerate(answers) if not overlaps]
    assert body(draft) == said[winner], "the one that was not warned is what stands there"
    for number, overlaps in enumerate(answers):
        for overlap in overlaps:
            assert f"Svar {number}" in overlap.merged.body, "the others get both texts back"
            assert f"Svar {winner}" in overlap.merged.body


@pytest.fixture
def in_force(draft: RoutineVersion, coordinator: User, manager: User) -> RoutineVersion:
    return stages.walk_on(draft, S.IN_FORCE, by=coordinator, manager=manager)


@pytest.mark.parametrize("turn", range(4))
def test_republishing_during_an_approval_puts_them_in_force_one_after_the_other(
    turn: int, in_force: RoutineVersion, coordinator: User, manager: User
) -> None:
    second = actions.start_version(in_force.routine, by=manager)
    stages.walk_on(second, S.ENDORSED, by=coordinator, manager=manager)
    actions.change_entry(Contact.objects.get(), {"phone": "112"}, by=coordinator)
    acts: list[Callable[[], object]] = [
        lambda: actions.approve_version(second, by=manager),
        lambda: actions.republish(in_force, by=coordinator),
    ]
    if turn % 2:
        acts.reverse()
    refusals = together(2, lambda number: attempt(acts[number]))
    assert sum(bool(refusal) for refusal in refusals) == 1, "the later of the two waits for the PDF of the other"
    waiting = RoutineVersion.objects.waiting_to_be_published().get()
    assert actions.publish(waiting).state == S.IN_FORCE
    if waiting != second:
        actions.publish(actions.approve_version(second, by=manager))
    assert RoutineVersion.objects.in_force().get() == second
    assert second.sections.get(key="kontakter").placed_contacts.get().printed_revision == 2


def test_publications_and_a_withdrawal_at_once_leave_one_end(
    in_force: RoutineVersion, coordinator: User, manager: User
) -> None:
    second = actions.start_version(in_force.routine, by=manager)
    stages.walk_on(second, S.APPROVED, by=coordinator, manager=manager)
    acts: list[Callable[[], object]] = [
        lambda: actions.publish(second),
        lambda: actions.publish(second),
        lambda: actions.withdraw_version(in_force, reason="Fel.", by=manager),
    ]
    together(3, lambda number: attempt(acts[number]))
    assert RoutineVersion.objects.in_force().get() == second
    first = fresh(in_force)
    assert first.ended_at is not None
    assert first.state in (S.SUPERSEDED, S.WITHDRAWN)
    assert fresh(second).publish_attempts == 1


def test_publication_and_discarding_of_a_failed_version_leave_one_answer(
    draft: RoutineVersion, coordinator: User, manager: User
) -> None:
    version = stages.walk_on(draft, S.FAILED, by=coordinator, manager=manager)

    def again() -> None:
        actions.publish(actions.publish_again(version, by=manager))

    acts: list[Callable[[], object]] = [again, lambda: actions.discard_version(version, by=manager)]
    together(2, lambda number: attempt(acts[number]))
    version = fresh(version)
    assert version.state in (S.IN_FORCE, S.DISCARDED)
    assert bool(version.in_force_at) != bool(version.discarded_at)


def test_two_new_versions_at_once_are_one(in_force: RoutineVersion, coordinator: User, manager: User) -> None:
    people = [coordinator, manager] * 2
    routine = Routine.objects.get(pk=in_force.routine_id)
    made = together(4, lambda number: actions.start_version(routine, by=people[number]).pk)
    assert len(set(made)) == 1


def test_cell_that_a_colleague_emptied_stays_empty_on_the_page_that_shows_both(
    draft: RoutineVersion, coordinator: User, manager: User, sign_in: SignIn
) -> None:
    cells = {"adult_crime": "Ring polisen", "adult_risk": "Ring socialtjänsten"}
    draft.sections.create(key="beslut", position=9, kind=SectionKind.DECISIONS, heading="Beslut", cells=cells)
    began = form_of(draft)
    emptied = {**began, "beslut-cells_adult_crime": ""}
    send(sign_in(coordinator), "routine_write", draft.routine.slug, emptied)
    mine = {**began, "beslut-cells_adult_risk": "Ring socialjouren"}
    shown = send(sign_in(manager), "routine_write", draft.routine.slug, mine)
    assert "Här står nu bådas ändringar." in shown
    assert "Ring socialjouren</textarea>" in shown
    assert "Ring polisen" not in shown
