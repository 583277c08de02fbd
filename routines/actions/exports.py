"""Files made of many routines: asked for, made by the worker, kept for a while.

An export is a row from the moment that somebody asks. The worker makes the file beside it and names it in the row when
it is whole (jarfalla/work.py says how it holds on to it): a killed worker leaves at most a file that no row names.
"""

import errno
import hashlib
import logging
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, NamedTuple

from django.conf import settings
from django.core.files import File
from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from jarfalla import clock, work
from jarfalla.celery import enqueue
from jarfalla.pdf import PdfProblem
from routines import documents, mail, queries
from routines.models import Export, ExportKind
from units.actions import post_letter
from units.models import Refused, Unit, User

MOST_TRIES = 3
# Who has waited so long may have left the page, and gets a letter.
LETTER_AFTER_SECONDS = 60
FOLDER = "exports"
# The column of the file's name holds 100 characters.
_LONGEST_SLUG = 60
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)

logger = logging.getLogger(__name__)


class Cancelled(Exception):  # noqa: N818  it names what happened, as Refused does
    """Nobody waits for the file any more."""


class Stored(NamedTuple):
    """A file that lies where it is to be kept."""

    name: str
    size: int
    sha256: str


class Progress(work.Progress):
    """Counts the documents of an export, and finds out whether anybody still wants it."""

    def __init__(self, export_id: int) -> None:
        super().__init__(export_id, "UPDATE routines_export SET done = %s, total = COALESCE(%s, total) WHERE id = %s")
        self._is_told = False

    def begin(self) -> None:
        """Count a try, and let everybody see that it has begun: a try that kills the worker counts too."""
        self.side.write(
            "UPDATE routines_export SET attempts = attempts + 1, started_at = COALESCE(started_at, %s), done = 0"
            " WHERE id = %s",
            [clock.now(), self.number],
        )

    def step(self, done: int, total: int) -> None:
        """So many of so many documents are done. Raises Cancelled once the export is cancelled."""
        if self._is_told and not self.is_time:
            return
        self.report(done, total)
        self._is_told = True
        if not Export.objects.under_way().filter(pk=self.number).exists():
            raise Cancelled


@transaction.atomic
def ask_for_export(kind: ExportKind, *, by: User | None, unit: Unit | None = None) -> Export:
    """Ask for a file; return the one that is under way, or that is made of the very same and still kept.

    `by` is None when the night asks. Raises Refused when there is nothing to put in it.
    """
    if not _holds_something(kind, unit):
        raise Refused(
            _("Enheten har ingen rutin som gäller än. Då finns det inget att samla i en pärm.")
            if unit
            else _("Ingen rutin har börjat gälla än. Då finns det inget att samla.")
        )
    newest = queries.newest_file(kind, unit)
    if newest and newest.input_sha256 == input_sha256(kind, unit) and _is_there(newest):
        return newest
    export, is_new = _under_way_or_new(kind, unit, by)
    if is_new:
        enqueue("routines.tasks.make_export", export.pk)
    return export


def _holds_something(kind: ExportKind, unit: Unit | None) -> bool:
    if unit is not None:
        return queries.units_with_routines().filter(pk=unit.pk).exists()
    return queries.is_anything_to_export(kind)


def _is_there(export: Export) -> bool:
    return export.file.storage.exists(str(export.file.name))


def _under_way_or_new(kind: ExportKind, unit: Unit | None, by: User | None) -> tuple[Export, bool]:
    """The database lets one be under way. What was under way can end just when we look for it: then once more."""
    for last_try in (False, True):
        try:
            asked = {"requested_by": by, "requested_at": clock.now()}
            return Export.objects.under_way().get_or_create(kind=kind, unit=unit, defaults=asked)
        except IntegrityError:
            if last_try:
                raise
    raise AssertionError


def input_sha256(kind: ExportKind, unit: Unit | None = None) -> str:
    """What such a file would be made of now, as a hash."""
    if unit is not None:
        return documents.binder_input_sha256(unit)
    day = str(clock.today()) if kind == ExportKind.ARCHIVE else ""
    return documents.input_sha256(queries.versions_to_export(kind), day=day)


@contextmanager
def at_work(export_id: int) -> Iterator[Export | None]:
    """One transaction with this export to ourselves; None when somebody else is at it, or it is gone."""
    with transaction.atomic():
        rows = Export.objects.select_related("unit", "requested_by").filter(pk=export_id)
        yield rows.first() if work.take_hold(work.EXPORTS, export_id) else None


def is_being_made(export: Export) -> bool:
    """Whether a worker makes the file at this moment."""
    return work.is_at_work(work.EXPORTS, export.pk)


def make_export(export_id: int) -> bool:
    """Make the file and keep it; return whether the export ended now, with a file or with a reason.

    Does nothing when it has ended or somebody else is at it. Whatever goes wrong stands on the row in a sentence; only
    a lost database does not, and the periodic net tries again.
    """
    with at_work(export_id) as export, Progress(export_id) as progress:
        if export is None or not export.is_under_way:
            return False
        language = export.requested_by.language if export.requested_by else settings.LANGUAGE_CODE
        with translation.override(language):
            if export.attempts >= MOST_TRIES:
                return _fail(
                    export, _("Portalen har försökt tre gånger utan att bli klar. Berätta för den som sköter portalen.")
                )
            progress.begin()
            try:
                with transaction.atomic(), tempfile.TemporaryFile() as out:
                    digest = _MAKERS[ExportKind(export.kind)](export, out, progress)
                    stored = _store(export, out)
            except (InterfaceError, OperationalError):
                raise
            except Cancelled:
                return False
            except Exception as fault:
                logger.exception("export %s could not be made", export_id)
                return _fail(export, _reason(fault))
            return _finish(export, stored, digest)


def _make_binder(export: Export, out: IO[bytes], progress: Progress) -> str:
    assert export.unit is not None  # a constraint of the table
    digest = documents.binder_input_sha256(export.unit)
    out.write(documents.binder_pdf(export.unit, progress.step))
    return digest


def _make_all(_export: Export, out: IO[bytes], progress: Progress) -> str:
    versions = queries.versions_to_export(ExportKind.ALL)
    documents.write_all(out, versions, on_step=progress.step)
    return documents.input_sha256(versions)


def _make_archive(export: Export, out: IO[bytes], progress: Progress) -> str:
    versions = queries.versions_to_export(ExportKind.ARCHIVE)
    day = str(timezone.localdate(export.requested_at))
    documents.write_archive(out, versions, name=stem(export), day=day, on_step=progress.step)
    return documents.input_sha256(versions, day=day)


_MAKERS: dict[ExportKind, Callable[[Export, IO[bytes], Progress], str]] = {
    ExportKind.BINDER: _make_binder,
    ExportKind.ALL: _make_all,
    ExportKind.ARCHIVE: _make_archive,
}


def stem(export: Export) -> str:
    """What the file is called, without its ending."""
    what = {
        ExportKind.BINDER.value: f"parm-{export.unit.slug[:_LONGEST_SLUG] if export.unit else ''}",
        ExportKind.ALL.value: "rutiner",
        ExportKind.ARCHIVE.value: "arkivpaket",
    }[export.kind]
    return f"{what}-{timezone.localdate(export.requested_at)}"


def download_name(export: Export) -> str:
    """What the file is called where it is downloaded."""
    return f"{stem(export)}.{'pdf' if export.kind == ExportKind.BINDER else 'zip'}"


def _store(export: Export, out: IO[bytes]) -> Stored:
    """Keep what was made. The name is this export's own: what lies there was left by a worker that was killed."""
    storage, name = export.file.storage, f"{FOLDER}/{export.pk}-{download_name(export)}"
    out.seek(0)
    digest = hashlib.file_digest(out, "sha256").hexdigest()  # type: ignore[arg-type]  # typeshed asks for readinto, which temporary files have
    size = out.tell()
    out.seek(0)
    if storage.exists(name):
        storage.delete(name)
    try:
        return Stored(storage.save(name, File(out)), size, digest)
    except BaseException:
        with suppress(OSError):  # nothing half is left
            storage.delete(name)
        raise


def _finish(export: Export, stored: Stored, digest: str) -> bool:
    """Name the file in the row, unless the export was cancelled meanwhile."""
    fresh = _lock(export)
    if not fresh.is_under_way:
        fresh.file.storage.delete(stored.name)
        return False
    fresh.file.name, fresh.size, fresh.sha256 = stored
    fresh.input_sha256, fresh.finished_at = digest, clock.now()
    fresh.done = fresh.total or fresh.done
    return _end(fresh)


def _fail(export: Export, error: str) -> bool:
    """Keep why there is no file, unless the export was cancelled meanwhile."""
    fresh = _lock(export)
    if not fresh.is_under_way:
        return False
    fresh.failed_at, fresh.error = clock.now(), error[:2000].replace("\x00", "")
    return _end(fresh)


def _end(export: Export) -> bool:
    """Save an export that has ended; who asked is told if it took a while."""
    ended = export.finished_at or export.failed_at
    assert ended is not None
    export.started_at = export.started_at or ended
    export.save()
    waited = (ended - export.requested_at).total_seconds()
    if export.requested_by and waited > LETTER_AFTER_SECONDS:
        post_letter(mail.export_ended(export, export.requested_by), unit=export.unit)
    return True


def _reason(fault: Exception) -> str:
    """What went wrong, for whoever waits."""
    if isinstance(fault, PdfProblem | documents.BrokenFile):
        return str(fault)
    if isinstance(fault, OSError) and fault.errno in _NO_ROOM:
        return _(
            "Det finns inte plats för filen på portalens disk. Berätta för den som sköter portalen, och försök igen."
        )
    if isinstance(fault, OSError):
        return _("Portalen kunde inte spara filen. Försök igen om en stund.")
    return _("Något gick fel när filen skulle skapas. Försök igen, och berätta för samordnaren om det inte hjälper.")


@transaction.atomic
def cancel_export(export: Export, *, by: User) -> Export:
    """Stop an export; again is nothing. Raises Refused when it has ended."""
    export = _lock(export)
    if export.cancelled_at:
        return export
    if not export.is_under_way:
        raise Refused(_("Filen är redan klar.") if export.finished_at else _("Filen gick inte att skapa."))
    export.cancelled_at, export.cancelled_by = clock.now(), by
    export.save()
    return export


def _lock(export: Export) -> Export:
    """The row as it is now, locked."""
    return Export.objects.select_for_update(of=("self",)).select_related("unit", "requested_by").get(pk=export.pk)
