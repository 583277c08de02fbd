"""The end of a version, one publication at a time, tries that nobody lived to finish, and managers who leave."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from jarfalla import clock
from routines import actions, mail, queries
from routines.models import Approval, Routine, RoutineVersion, Template, Verdict, VersionState
from tests import factories
from tests.routines import stages
from units.mail import Letter
from units.models import MembershipRole, Message, Refused, Unit, User

pytestmark = pytest.mark.django_db

S = VersionState


@pytest.fixture
def small(db: None) -> Template:
    """A template of three texts."""
    return stages.small_template()


@pytest.fixture
def draft(small: Template, unit: Unit, coordinator: User) -> RoutineVersion:
    return stages.small_draft(unit, template=small, by=coordinator)


def fresh(version: RoutineVersion) -> RoutineVersion:
    return RoutineVersion.objects.get(pk=version.pk)


# --- One at a time, and never backwards -----------------------------------------------------------------------------


@pytest.fixture
def in_force(draft: RoutineVersion, coordinator: User, manager: User) -> RoutineVersion:
    return stages.walk_without_pdf(draft, S.IN_FORCE, by=coordinator, manager=manager)


def correction(version: RoutineVersion, *, by: User) -> RoutineVersion:
    """A correction from the registries, as it waits for its PDF."""
    made = RoutineVersion.objects.create(
        routine=version.routine,
        major=version.major,
        minor=version.minor + 1,
        based_on=version,
        created_by=by,
        approved_at=version.approved_at,
        approved_by=version.approved_by,
    )
    made.approvals.create(verdict=Verdict.CARRIED, by=by, content_sha256=made.content_sha256())
    return made


def test_approval_waits_for_the_pdf_of_another_version(
    in_force: RoutineVersion, coordinator: User, manager: User
) -> None:
    next_ = actions.start_version(in_force.routine, by=manager)
    stages.walk_on(next_, S.ENDORSED, by=coordinator, manager=manager)
    waiting = correction(in_force, by=coordinator)
    with pytest.raises(Refused, match=r"Version 1\.1 väntar på sin PDF"):
        actions.approve_version(next_, by=manager)
    actions.note_publish_failure(waiting, error="Disken är full.")
    with pytest.raises(Refused, match=r"Version 1\.1 är fastställd, men dess PDF kunde inte skapas.*kasta den"):
        actions.approve_version(next_, by=manager)
    actions.discard_version(waiting, by=manager)
    assert actions.approve_version(next_, by=manager).state == S.APPROVED


def test_older_number_never_replaces_a_newer_one(in_force: RoutineVersion, coordinator: User, manager: User) -> None:
    RoutineVersion.objects.filter(pk=in_force.pk).update(ended_at=clock.now())
    newer = RoutineVersion.objects.create(
        routine=in_force.routine,
        major=2,
        created_by=manager,
        approved_at=clock.now(),
        approved_by=manager,
        in_force_at=clock.now(),
        pdf="routines/ny.pdf",
        pdf_sha256="1" * 64,
    )
    waiting = correction(in_force, by=coordinator)
    assert actions.publish(waiting).state == S.FAILED
    assert fresh(waiting).publish_error == "Version 2.0 gäller redan och är nyare än den här."
    assert fresh(newer).state == S.IN_FORCE


def test_discarded_version_makes_room_for_a_new_one_with_its_number(
    in_force: RoutineVersion, coordinator: User, manager: User
) -> None:
    second = actions.start_version(in_force.routine, by=manager)
    actions.discard_version(second, by=manager)
    again = actions.start_version(in_force.routine, by=manager)
    assert (again.pk != second.pk, again.number) == (True, "2.0")
    assert queries.version_by_number(in_force.routine, "2.0") == again


def test_routine_whose_only_version_was_discarded_can_begin_again(draft: RoutineVersion, manager: User) -> None:
    actions.discard_version(draft, by=manager)
    again = actions.start_version(Routine.objects.get(pk=draft.routine_id), by=manager)
    assert again.number == "1.0"
    assert list(again.sections.values_list("key", "body")) == list(draft.sections.values_list("key", "body"))


def test_withdrawn_routine_says_why_and_takes_no_reader_along(
    in_force: RoutineVersion, manager: User, member: User
) -> None:
    assert Routine.objects.readable_by(member).exists()
    actions.withdraw_version(in_force, reason="  Enheten läggs ner. ", by=manager)
    version = fresh(in_force)
    assert (version.state, version.withdrawn_by, version.withdrawal_reason) == (
        S.WITHDRAWN,
        manager,
        "Enheten läggs ner.",
    )
    assert not Routine.objects.readable_by(member).exists()


def test_withdrawal_without_a_reason_is_refused(in_force: RoutineVersion, manager: User) -> None:
    with pytest.raises(Refused, match="Skriv varför"):
        actions.withdraw_version(in_force, reason=" ", by=manager)
    assert fresh(in_force).state == S.IN_FORCE


def test_withdrawal_throws_away_a_correction_that_would_bring_it_back(
    in_force: RoutineVersion, coordinator: User, manager: User
) -> None:
    waiting = correction(in_force, by=coordinator)
    actions.withdraw_version(in_force, reason="Enheten läggs ner.", by=manager)
    actions.publish(waiting)
    assert (fresh(waiting).state, fresh(in_force).state) == (S.DISCARDED, S.WITHDRAWN)


# --- Tries that nobody lived to finish -------------------------------------------------------------------------------


def test_version_that_takes_its_worker_with_it_is_given_up_after_three_tries(
    draft: RoutineVersion, coordinator: User, manager: User
) -> None:
    version = stages.walk_on(draft, S.APPROVED, by=coordinator, manager=manager)
    RoutineVersion.objects.filter(pk=version.pk).update(publish_attempts=3)
    assert actions.publish(version).state == S.FAILED
    assert fresh(version).publish_error == "Portalen började om tre gånger utan att bli klar med PDF:en."
    actions.publish_again(version, by=manager)
    assert fresh(version).publish_attempts == 0
    assert actions.publish(version).state == S.IN_FORCE


@pytest.mark.django_db(transaction=True)
def test_try_is_counted_although_nothing_of_it_is_kept(draft: RoutineVersion, coordinator: User, manager: User) -> None:
    version = stages.walk_on(draft, S.APPROVED, by=coordinator, manager=manager)
    with transaction.atomic():
        assert actions.publish(version).state == S.IN_FORCE
        transaction.set_rollback(True)
    version = fresh(version)
    assert (version.state, version.publish_attempts) == (S.APPROVED, 1)


# --- When a manager leaves ------------------------------------------------------------------------------------------


def letters_to(user: User) -> list[str]:
    return list(Message.objects.filter(recipient=user).order_by("pk").values_list("subject", flat=True))


def test_new_manager_gets_what_waits_for_a_manager_once(
    draft: RoutineVersion, unit: Unit, coordinator: User, manager: User, member: User
) -> None:
    version = stages.walk_on(draft, S.ENDORSED, by=coordinator, manager=manager)
    manager.memberships.update(ended_on=clock.today())
    successor = factories.staff(unit, name="Ny Chef", role=MembershipRole.MANAGER)
    before = Message.objects.count()
    actions.tell_successors()
    actions.tell_successors()
    assert letters_to(successor) == ["Klar att fastställa: Vår rutin"]
    assert Message.objects.count() == before + 1, "nobody else is written to"
    with pytest.raises(Refused, match="enhetens chef som fastställer"):
        actions.approve_version(version, by=manager)
    approved = actions.approve_version(version, by=successor)
    assert approved.approved_by == successor
    assert [row.by.name for row in version.approvals.order_by("pk")] == ["Cia Chef", "Sam Samordnare", "Ny Chef"]


def test_new_manager_gets_what_was_returned(
    draft: RoutineVersion, unit: Unit, coordinator: User, manager: User
) -> None:
    stages.walk_on(draft, S.RETURNED, by=coordinator, manager=manager)
    successor = factories.staff(unit, name="Ny Chef", role=MembershipRole.MANAGER)
    actions.tell_successors()
    assert letters_to(successor) == ["Rutinen behöver ändras: Vår rutin"]


@pytest.mark.parametrize("state", [S.DRAFT, S.IN_REVIEW, S.APPROVED, S.FAILED, S.IN_FORCE, S.DISCARDED])
def test_new_manager_gets_nothing_about_what_waits_for_nobody(
    state: VersionState, draft: RoutineVersion, unit: Unit, coordinator: User, manager: User
) -> None:
    stages.walk_without_pdf(draft, state, by=coordinator, manager=manager)
    successor = factories.staff(unit, name="Ny Chef", role=MembershipRole.MANAGER)
    actions.tell_successors()
    assert letters_to(successor) == []


def test_letter_that_goes_wrong_stops_none_behind_it(
    draft: RoutineVersion, unit: Unit, coordinator: User, manager: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    stages.walk_on(draft, S.ENDORSED, by=coordinator, manager=manager)
    first, second = (factories.staff(unit, name=name, role=MembershipRole.MANAGER) for name in ("A", "B"))
    write = mail.routine_verdict

    def breaks(approval: Approval, to: User) -> Letter:
        if to == first:
            raise ValueError(to.name)
        return write(approval, to)

    monkeypatch.setattr(mail, "routine_verdict", breaks)
    with pytest.raises(ValueError, match="A"):
        actions.tell_successors()
    assert letters_to(second) == ["Klar att fastställa: Vår rutin"]


def test_successors_are_found_with_as_many_queries_for_three_as_for_one(
    draft: RoutineVersion,
    small: Template,
    unit: Unit,
    coordinator: User,
    manager: User,
) -> None:
    stages.walk_on(draft, S.ENDORSED, by=coordinator, manager=manager)
    with CaptureQueriesContext(connection) as one:
        actions.tell_successors()
    for title in ("Två", "Tre"):
        version = stages.small_draft(unit, title=title, template=small, by=coordinator)
        stages.walk_on(version, S.ENDORSED, by=coordinator, manager=manager)
    with CaptureQueriesContext(connection) as three:
        actions.tell_successors()
    assert len(three) == len(one)
