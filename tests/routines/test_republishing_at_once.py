"""A changed contact or law when things go wrong, and while others publish, withdraw or approve at the same time."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

from routines import actions, queries, tasks
from routines.actions import republishing
from routines.actions.locking import lock_version
from routines.models import (
    Approval,
    Contact,
    LegalReference,
    PlacedContact,
    RoutineVersion,
    Verdict,
    VersionState,
)
from tests import factories
from tests.routines import printed
from tests.routines.republished import NEW, OLD, call_another, corrections, stale
from tests.together import together
from units.models import Refused, Unit, User, UserRole

pytestmark = pytest.mark.django_db


@pytest.fixture
def contact(coordinator: User) -> Contact:
    return printed.contact()


@pytest.fixture
def law(coordinator: User) -> LegalReference:
    return printed.law()


@pytest.fixture
def version(unit: Unit, manager: User, contact: Contact, law: LegalReference) -> RoutineVersion:
    """In force, with a PDF that shows the contact and the law."""
    return printed.in_force(unit, by=manager, contacts=[contact], laws=[law])


@contextmanager
def when_read(table: str, happens: Any) -> Iterator[list[str]]:
    """Right after this connection has first read `table`, `happens()` is done and committed on another one."""
    done: list[str] = []

    def in_another_connection() -> None:
        try:
            happens()
        finally:
            connection.close()

    def wrapper(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        answer = execute(sql, params, many, context)
        if not done and sql.startswith("SELECT") and f'FROM "{table}"' in sql:
            done.append(sql)
            thread = threading.Thread(target=in_another_connection)
            thread.start()
            thread.join(timeout=20)
        return answer

    with connection.execute_wrapper(wrapper):
        yield done


@pytest.mark.django_db(transaction=True)
def test_contact_changed_while_its_version_is_published_leaves_the_version_marked(
    unit: Unit, manager: User, contact: Contact, coordinator: User
) -> None:
    """The number is read once: the PDF has the old one, and so has what the version says that it printed."""
    version = printed.approved(unit, by=manager, contacts=[contact])
    with when_read("routines_contact", lambda: call_another(contact)) as done:
        published = printed.publish(version)
    assert done
    assert Contact.objects.get().phone == NEW
    assert OLD in printed.pdf_text(published)
    assert PlacedContact.objects.get().printed_revision == 1
    assert stale() == [published]


@pytest.mark.django_db(transaction=True)
def test_law_taken_out_while_a_version_is_published_leaves_the_version_marked(
    unit: Unit, manager: User, law: LegalReference, coordinator: User
) -> None:
    version = printed.approved(unit, by=manager, laws=[law])
    with when_read("routines_legalreference", lambda: actions.retire_entry(law, by=coordinator)) as done:
        published = printed.publish(version)
    assert done
    assert stale() == [published]


@pytest.mark.django_db(transaction=True)
def test_contact_changed_while_its_version_is_stored_leaves_the_version_marked(
    unit: Unit, manager: User, contact: Contact, coordinator: User
) -> None:
    """Also at the last moment, after everything is read."""
    version = printed.approved(unit, by=manager, contacts=[contact])
    with when_read("units_programme", lambda: call_another(contact)) as done:
        published = printed.publish(version)
    assert done
    assert (OLD in printed.pdf_text(published)) == (stale() == [published])


@pytest.mark.django_db(transaction=True)
def test_coordinators_who_press_at_once_make_one_correction_of_each_routine(
    contact: Contact, unit: Unit, manager: User, coordinator: User
) -> None:
    versions = [printed.in_force(unit, by=manager, contacts=[contact], title=title) for title in ("A", "B", "C")]
    people = [coordinator, factories.user(role=UserRole.COORDINATOR)] * 2
    call_another(contact)
    results = together(4, lambda number: actions.republish_affected(by=people[number]))
    assert [corrections(row) for row in versions] == [["1.1"]] * 3
    assert Approval.objects.filter(verdict=Verdict.CARRIED).count() == 3
    assert all(result.passed_over == [] for result in results)


@pytest.mark.django_db(transaction=True)
def test_withdrawal_and_republishing_at_once_never_bring_the_routine_back(
    version: RoutineVersion, contact: Contact, coordinator: User
) -> None:
    call_another(contact)

    def work(number: int) -> object:
        if number:
            return actions.withdraw_version(version, reason="Slogs ihop", by=coordinator)
        return actions.republish_affected(by=coordinator)

    together(2, work)
    tasks.publish_approved_versions()
    assert not RoutineVersion.objects.in_force().exists()


@pytest.mark.django_db(transaction=True)
def test_managers_first_save_and_republishing_at_once_lose_neither(
    version: RoutineVersion, contact: Contact, coordinator: User, manager: User
) -> None:
    call_another(contact)

    def work(number: int) -> object:
        if number:
            return actions.start_version(version.routine, by=manager, is_minor=True)
        return actions.republish_affected(by=coordinator)

    together(2, work)
    tasks.publish_approved_versions()
    assert [row.number for row in RoutineVersion.objects.in_force()] == ["1.1"]
    draft = actions.start_version(version.routine, by=manager, is_minor=True)
    assert (draft.number, draft.state) == ("1.2", VersionState.DRAFT)


@pytest.mark.django_db(transaction=True)
def test_approval_and_republishing_at_once_publish_both_or_one_after_the_other(
    version: RoutineVersion, contact: Contact, coordinator: User, manager: User
) -> None:
    newer = actions.start_version(version.routine, by=manager)
    actions.submit_version(newer, by=manager)
    actions.endorse_version(newer, by=coordinator)
    call_another(contact)

    def work(number: int) -> str:
        if number:
            return ",".join(row.number for row in actions.republish_affected(by=coordinator).versions)
        try:
            return actions.approve_version(newer, by=manager).number
        except Refused:
            return "refused"

    assert together(2, work) in (["2.0", ""], ["refused", "1.1"])
    tasks.publish_approved_versions()
    [newest] = RoutineVersion.objects.in_force()
    assert NEW in printed.pdf_text(newest)
    assert stale() == []


@pytest.mark.django_db(transaction=True)
def test_second_press_does_not_wait_for_the_worker(
    version: RoutineVersion, contact: Contact, coordinator: User, manager: User
) -> None:
    """Whoever makes a PDF holds its routine; what waits for its PDF already is only told about."""
    call_another(contact)
    first = actions.republish_affected(by=coordinator)

    def press() -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '2s'")
            seen.append(actions.republish_affected(by=coordinator))
        finally:
            connection.close()

    seen: list[actions.Republished] = []
    with transaction.atomic():
        lock_version(first.versions[0])
        thread = threading.Thread(target=press)
        thread.start()
        thread.join(timeout=20)
    assert seen == [first]


def test_routine_that_goes_wrong_stops_none_behind_it(
    version: RoutineVersion,
    contact: Contact,
    coordinator: User,
    manager: User,
    unit: Unit,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = printed.in_force(unit, by=manager, contacts=[contact], title="Annan")
    call_another(contact)
    republish = republishing.republish

    def breaks(row: RoutineVersion, **values: Any) -> RoutineVersion | None:
        if row == version:
            raise ValueError(row.number)
        return republish(row, **values)

    monkeypatch.setattr(republishing, "republish", breaks)
    with pytest.raises(ValueError, match=r"1\.0"):
        actions.republish_affected(by=coordinator)
    assert (corrections(version), corrections(other)) == ([], ["1.1"])


# --- When the PDF can't be made ----


def test_failed_correction_leaves_the_old_version_in_force_and_is_tried_again(
    version: RoutineVersion, contact: Contact, coordinator: User, settings: Any, tmp_path: Path
) -> None:
    call_another(contact)
    [made] = actions.republish_affected(by=coordinator).versions
    good, in_the_way = settings.MEDIA_ROOT, tmp_path / "in_the_way"
    in_the_way.write_text("no folder")
    settings.MEDIA_ROOT = in_the_way
    tasks.publish_version(made.pk)
    made = printed.now(made)
    assert (made.state, printed.now(version).state) == (VersionState.FAILED, VersionState.IN_FORCE)
    assert stale() == [version]
    progress = queries.republishing_progress()
    assert progress is not None
    assert (progress.total, progress.done, progress.failed, progress.remaining) == (1, 0, 1, 0)
    assert actions.republish_affected(by=coordinator).passed_over == [version]
    settings.MEDIA_ROOT = good
    call_another(Contact.objects.get(pk=contact.pk), "08-333 33 33")
    actions.publish_again(made, by=coordinator)
    tasks.publish_approved_versions()
    made = printed.now(made)
    assert (made.number, made.state, stale()) == ("1.1", VersionState.IN_FORCE, [])
    assert "08-333 33 33" in printed.pdf_text(made)
    assert corrections(version) == ["1.1"]


def test_failed_correction_that_is_thrown_away_makes_room_for_another(
    version: RoutineVersion, contact: Contact, coordinator: User
) -> None:
    call_another(contact)
    [made] = actions.republish_affected(by=coordinator).versions
    actions.note_publish_failure(made, error="Disken är full.")
    actions.discard_version(made, by=coordinator)
    [another] = actions.republish_affected(by=coordinator).versions
    assert (another.number, another.pk != made.pk) == ("1.1", True)
