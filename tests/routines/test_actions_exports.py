"""Exports: asked for once, made whole or not at all, cancelled, told about."""

import datetime as dt
import errno
import io
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import FileSystemStorage
from django.db import IntegrityError, transaction
from pypdf import PdfReader

from jarfalla import clock, work
from routines import actions, documents
from routines.actions import exports as at_exports
from routines.models import Export, ExportKind, ExportState, RoutineVersion, Template, VersionState
from tests import factories
from tests.routines.shelves import ask, fresh, in_force, kept_files, made, unpacked
from tests.routines.stages import walked
from tests.together import together
from units.models import Message, Refused, Unit, User

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)


@pytest.fixture
def version(unit: Unit, manager: User) -> RoutineVersion:
    """A routine in force in `unit`."""
    return in_force(unit, "Vår rutin", by=manager)


class FullDisk(FileSystemStorage):
    """A disk that has room for the first bytes of a file."""

    def _save(self, name: str, content: Any) -> str:
        path = Path(self.path(name))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.read(5))
        raise OSError(errno.ENOSPC, "No space left on device")


# --- Asked for -------------------------------------------------------------------------------------------


def test_two_clicks_are_one_export(version: RoutineVersion, coordinator: User) -> None:
    first = ask(coordinator)
    assert ask(coordinator) == first
    actions.make_export(first.pk)
    assert ask(coordinator) == first, "nothing has changed since"
    in_force(version.routine.unit, "En till", by=coordinator)
    assert ask(coordinator) != first


def test_file_that_is_gone_from_the_disk_is_made_anew(version: RoutineVersion, coordinator: User) -> None:
    export = made(ExportKind.ALL, by=coordinator)
    export.file.storage.delete(str(export.file.name))
    assert ask(coordinator) != export


def test_one_is_under_way_whatever_writes_to_the_table(version: RoutineVersion, coordinator: User) -> None:
    ask(coordinator)
    with pytest.raises(IntegrityError, match="export_one_under_way"), transaction.atomic():
        Export.objects.create(kind=ExportKind.ALL)
    ask(coordinator, ExportKind.ARCHIVE)
    ask(coordinator, ExportKind.BINDER, version.routine.unit)
    assert Export.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_many_clicks_at_once_are_one_export(unit: Unit, manager: User) -> None:
    in_force(unit, "Vår rutin", by=manager)
    asked = together(6, lambda _: ask(manager, ExportKind.BINDER, unit).pk)
    assert len(set(asked)) == Export.objects.count() == 1


def test_nothing_to_put_in_a_file_is_refused(unit: Unit, coordinator: User, manager: User) -> None:
    with pytest.raises(Refused, match="Enheten har ingen rutin som gäller än"):
        ask(manager, ExportKind.BINDER, unit)
    with pytest.raises(Refused, match="Ingen rutin har börjat gälla än"):
        ask(coordinator)
    assert not Export.objects.exists()


# --- Made ------------------------------------------------------------------------------------------------


def test_binder_holds_what_is_in_force_in_the_unit_and_nothing_else(
    unit: Unit, template: Template, coordinator: User, manager: User
) -> None:
    """Not the draft, not the old version, not what another unit has."""
    walked(unit, VersionState.IN_FORCE, template=template, by=coordinator, manager=manager, title="Rutinen som gäller")
    walked(unit, VersionState.DRAFT, template=template, by=coordinator, manager=manager, title="Hemligt utkast")
    gone = in_force(unit, "Upphävd hemlighet", by=manager)
    actions.withdraw_version(gone, reason="Fel", by=coordinator)
    other = factories.unit(name="Granbackens skola")
    in_force(other, "Granbackens egen", by=coordinator)
    export = made(ExportKind.BINDER, by=manager, unit=unit)
    assert export.state == ExportState.READY, export.error
    with export.file.open("rb") as file:
        content = file.read()
    text = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)
    assert "Rutinen som gäller" in text
    for secret in ("Hemligt utkast", "Upphävd hemlighet", "Granbackens"):
        assert secret not in text
    assert export.size == len(content)
    assert export.input_sha256 == documents.binder_input_sha256(unit)


def test_export_that_is_done_is_not_done_again(version: RoutineVersion, coordinator: User, media: Path) -> None:
    export = made(ExportKind.ALL, by=coordinator)
    assert export.state == ExportState.READY
    assert actions.make_export(export.pk) is False
    assert actions.make_export(10**9) is False
    assert kept_files(media) == [f"{export.pk}-rutiner-{clock.today()}.zip"]


def test_what_a_killed_worker_left_is_replaced(version: RoutineVersion, coordinator: User, media: Path) -> None:
    export = ask(coordinator)
    (media / "exports").mkdir(parents=True)
    (media / "exports" / f"{export.pk}-rutiner-{clock.today()}.zip").write_bytes(b"half")
    assert actions.make_export(export.pk)
    assert len(unpacked(fresh(export))) == 2
    assert len(kept_files(media)) == 1


def test_full_disk_is_told_in_a_sentence_leaves_nothing_half_and_can_be_tried_again(
    version: RoutineVersion, coordinator: User, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Export._meta.get_field("file"), "storage", FullDisk())
        export = made(ExportKind.ALL, by=coordinator)
    assert export.state == ExportState.FAILED
    assert export.error.startswith("Det finns inte plats för filen på portalens disk.")
    assert kept_files(media) == []
    assert not export.file
    again = made(ExportKind.ALL, by=coordinator)
    assert again.state == ExportState.READY
    assert len(kept_files(media)) == 1


def test_try_that_kills_its_worker_is_not_made_for_ever(version: RoutineVersion, coordinator: User) -> None:
    export = ask(coordinator)
    Export.objects.filter(pk=export.pk).update(attempts=at_exports.MOST_TRIES)
    assert actions.make_export(export.pk)
    assert fresh(export).error.startswith("Portalen har försökt tre gånger utan att bli klar.")
    assert ask(coordinator) != export


@pytest.mark.django_db(transaction=True)
def test_tries_and_progress_are_seen_by_others_while_the_work_goes_on(
    unit: Unit, manager: User, coordinator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each step, as somebody on another connection sees it."""
    for number in range(3):
        in_force(unit, f"Rutin {number}", by=manager)
    monkeypatch.setattr(work, "REPORT_SECONDS", 0)
    export, seen = ask(coordinator), []
    real_step = at_exports.Progress.step

    def step(progress: Any, done: int, total: int) -> None:
        real_step(progress, done, total)
        seen.append(together(1, lambda _: look(export))[0])

    monkeypatch.setattr(at_exports.Progress, "step", step)
    assert actions.make_export(export.pk)
    assert seen == [(1, done, 3, ExportState.RUNNING, True) for done in (1, 2, 3)]
    assert fresh(export).attempts == 1
    assert not actions.is_being_made(export)


def look(export: Export) -> tuple[Any, ...]:
    row = fresh(export)
    return row.attempts, row.done, row.total, row.state, actions.is_being_made(row)


@pytest.mark.django_db(transaction=True)
def test_two_workers_never_make_the_same_file(unit: Unit, manager: User, coordinator: User, media: Path) -> None:
    in_force(unit, "Vår rutin", by=manager)
    export = ask(coordinator)
    ended = together(4, lambda _: actions.make_export(export.pk))
    assert ended.count(True) == 1
    assert len(kept_files(media)) == 1


# --- Cancelled -------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_cancel_in_the_middle_ends_the_work_and_leaves_nothing(
    unit: Unit, manager: User, coordinator: User, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        in_force(unit, f"Rutin {number}", by=manager)
    monkeypatch.setattr(work, "REPORT_SECONDS", 0)
    export, steps = ask(coordinator), []
    real_step = at_exports.Progress.step

    def step(progress: Any, done: int, total: int) -> None:
        steps.append(done)
        if done == 2:
            together(1, lambda _: actions.cancel_export(export, by=coordinator))
        real_step(progress, done, total)

    monkeypatch.setattr(at_exports.Progress, "step", step)
    assert actions.make_export(export.pk) is False
    assert steps == [1, 2]
    assert fresh(export).state == ExportState.CANCELLED
    assert kept_files(media) == []


@pytest.mark.django_db(transaction=True)
def test_cancel_in_the_last_moment_takes_the_file_away(
    unit: Unit, manager: User, coordinator: User, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_force(unit, "Vår rutin", by=manager)
    export = ask(coordinator)
    real_store = at_exports._store

    def store(row: Export, out: Any) -> Any:
        stored = real_store(row, out)
        together(1, lambda _: actions.cancel_export(export, by=coordinator))
        return stored

    monkeypatch.setattr(at_exports, "_store", store)
    assert actions.make_export(export.pk) is False
    assert fresh(export).state == ExportState.CANCELLED
    assert kept_files(media) == []


def test_cancel_twice_is_once_and_too_late_is_refused(version: RoutineVersion, coordinator: User) -> None:
    export = ask(coordinator)
    first = actions.cancel_export(export, by=coordinator)
    assert actions.cancel_export(export, by=factories.user()).cancelled_at == first.cancelled_at
    assert fresh(export).cancelled_by == coordinator
    done = made(ExportKind.ALL, by=coordinator)
    with pytest.raises(Refused, match="redan klar"):
        actions.cancel_export(done, by=coordinator)


# --- Told ------------------------------------------------------------------------------------------------


def test_who_has_waited_long_gets_a_letter_and_nobody_else(version: RoutineVersion, coordinator: User) -> None:
    made(ExportKind.ALL, by=coordinator)
    assert not Message.objects.filter(key__startswith="export_ended").exists()
    late = ask(coordinator, ExportKind.ARCHIVE)
    Export.objects.filter(pk=late.pk).update(requested_at=clock.now() - dt.timedelta(seconds=61))
    actions.make_export(late.pk)
    letter = Message.objects.get(key=f"export_ended:{late.pk}")
    assert letter.subject == "Filen är klar: Arkivpaket"
    assert f"/exporter/{late.pk}/" in letter.text
    assert letter.recipient_email == coordinator.email


def test_who_has_waited_for_nothing_is_told_why(version: RoutineVersion, coordinator: User) -> None:
    version.pdf.storage.delete(str(version.pdf.name))
    late = ask(coordinator)
    Export.objects.filter(pk=late.pk).update(requested_at=clock.now() - dt.timedelta(seconds=61))
    actions.make_export(late.pk)
    letter = Message.objects.get(key=f"export_ended:{late.pk}")
    assert letter.subject == "Filen gick inte att skapa: Alla rutiner som gäller"
    assert "saknas eller är skadad" in letter.text
