"""Lists that somebody uploads: kept, read by the worker, looked at, and saved, all chosen rows or none."""

import datetime as dt
import logging
from collections.abc import Iterator, Mapping, Sequence

import pghistory
from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext as _

from jarfalla import clock
from jarfalla.celery import enqueue
from jarfalla.tables import TableReader, UnreadableFile, open_table
from units.actions.import_work import Progress, at_work, take_hold, write_rows
from units.imports.lists import MonthFirst, RowReader, Slice, batches, chosen_rows, hide_personal_numbers, spec_of
from units.models import ImportKind, ImportRow, ImportState, ListImport, Refused, User

# How many rows are written at a time: what is in memory, and how often the progress is told.
ROWS_AT_ONCE = 2_000

logger = logging.getLogger(__name__)


def upload_list(kind: ImportKind, table: TableReader, *, file_name: str, content: bytes, by: User | None) -> ListImport:
    """Keep a file whose headings and first rows could be read. `by` is None on the command line."""
    return ListImport.objects.create(
        kind=kind,
        file_name=file_name[-200:],
        content=content,
        header=table.labels,
        sample=[hide_personal_numbers(row.cells[: len(table.header)]) for row in table.sample],
        uploaded_by=by,
    )


@transaction.atomic
def map_columns(list_import: ListImport, *, mapping: Mapping[str, int], is_complete: bool) -> ListImport:
    """Read the list by these columns (field → place); what was read by others before is forgotten.

    Raises Refused when the import has ended, is being saved, or no longer has its file.
    """
    list_import = _lock(list_import)
    if list_import.state not in (ImportState.UPLOADED, ImportState.UNREADABLE, ImportState.READY):
        raise Refused(_("Kolumnerna kan inte ändras nu."))
    if list_import.content is None:
        raise Refused(_("Filen finns inte kvar. Välj den igen."))
    list_import.rows.all().delete()
    list_import.mapping, list_import.is_complete = dict(mapping), is_complete
    list_import.mapped_at, list_import.read_at, list_import.refusal = clock.now(), None, ""
    list_import.rows_read, list_import.rows_total = 0, None
    list_import.save()
    enqueue("units.tasks.read_import", list_import.pk)
    return list_import


def read_import(import_id: int) -> bool:
    """Read the file and find out what it would change; return whether that was done now.

    Does nothing when it is done, cancelled, or somebody else is at it. A file that can't be read is refused with a
    sentence; when anything else goes wrong, so is the file, because it would go wrong the next time too.
    """
    with at_work(import_id) as list_import, Progress(import_id) as progress:
        if list_import is None or list_import.state != ImportState.READING:
            return False
        language = list_import.uploaded_by.language if list_import.uploaded_by else settings.LANGUAGE_CODE
        with translation.override(language):
            refusal = _refusal_of_reading(list_import, progress)
        fresh = _lock(list_import)
        if fresh.mapped_at != list_import.mapped_at or fresh.state != ImportState.READING:
            transaction.set_rollback(True)  # cancelled meanwhile: nothing of it stays
            return False
        if fresh.rows.filter(reason="personal_number").exists():
            fresh.content = None
        fresh.refusal, fresh.rows_read, fresh.rows_total = refusal, progress.count, progress.count
        fresh.read_at = None if refusal else clock.now()
        fresh.save()
        return True


def _refusal_of_reading(list_import: ListImport, progress: Progress) -> str:
    """Write a row for each of the list's; why that could not be done, or nothing."""
    try:
        _read_rows(list_import, progress)
    except UnreadableFile as unreadable:
        return str(unreadable)
    except OperationalError:
        raise  # the database went away: the periodic net tries again
    except Exception:
        logger.exception("import %s could not be read", list_import.pk)
        return _("Portalen kunde inte läsa filen. Spara om den som Excel (.xlsx) eller CSV (UTF-8) och välj den igen.")
    return ""


def _read_rows(list_import: ListImport, progress: Progress) -> None:
    """Write a row for each of the list's, in one go unless a column turns out to have the month first."""
    table = open_table(list_import.file_name, bytes(list_import.content or b""))
    spec = spec_of(list_import.kind)
    month_first: set[str] = set()
    while True:
        progress.count = 0
        progress.report(0, max(table.last_line - table.header_line, 0))
        try:
            with transaction.atomic():
                judged = spec.judge(RowReader(spec, list_import, month_first), progress.counted(table))
                for batch in batches(judged, ROWS_AT_ONCE):
                    write_rows(list_import, batch)
        except MonthFirst as found:
            month_first.add(found.name)  # once for each column, at most
        else:
            return


@transaction.atomic
def choose_rows(list_import: ListImport, *, verdicts: Sequence[str], by: User | None) -> ListImport:
    """Let the worker save the rows with these verdicts, except those that are left out; asking twice asks once.

    Raises Refused when the list doesn't wait for a decision.
    """
    list_import = _lock(list_import)
    if list_import.state in (ImportState.SAVING, ImportState.SAVED):
        return list_import
    if list_import.state != ImportState.READY:
        raise Refused(_("Den här importen väntar inte på något beslut."))
    list_import.chosen = [verdict for verdict in spec_of(list_import.kind).verdicts if verdict in verdicts]
    list_import.chosen_at, list_import.chosen_by, list_import.rows_read = clock.now(), by, 0
    list_import.save()
    enqueue("units.tasks.save_import", list_import.pk)
    return list_import


@transaction.atomic
def exclude_row(row: ImportRow, *, is_excluded: bool) -> ImportRow:
    """Leave a row out when the others are saved, or take it in again. Raises Refused when that is decided already."""
    if _lock(row.list_import).state != ImportState.READY:
        raise Refused(_("Det går inte att välja bort rader nu."))
    row.is_excluded = is_excluded
    row.save(update_fields=["is_excluded"])
    return row


def save_import(import_id: int) -> bool:
    """Save the chosen rows, all of them or none, once; return whether that was done now. No mail goes out.

    Does nothing when it is done, cancelled, or somebody else is at it.
    """
    with at_work(import_id) as list_import, Progress(import_id) as progress:
        if list_import is None or list_import.state != ImportState.SAVING:
            return False
        try:
            with transaction.atomic(), pghistory.context(user=list_import.chosen_by_id, list_import=import_id):
                _check_at_once()
                saved = spec_of(list_import.kind).save(list_import, _slices(list_import, progress))
        except OperationalError:
            raise  # the database went away, or two waited for each other: the periodic net tries again
        except Exception:
            logger.exception("import %s could not be saved", import_id)
            list_import.refusal = _("Något gick fel när listan skulle sparas. Inget är sparat. Välj filen igen.")
        else:
            list_import.saved, list_import.saved_at = saved, clock.now()
            list_import.rows_read = list_import.rows_total or 0
            _forget(list_import)
        list_import.save()
        return True


def _check_at_once() -> None:
    """Let PostgreSQL check foreign keys now and not at the end: what waits is gone through for each row of history."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def _slices(list_import: ListImport, progress: Progress) -> Iterator[Slice]:
    """The chosen rows in slices of ROWS_AT_ONCE, each counted when it is done."""
    pks = chosen_rows(list_import).order_by("pk").values_list("pk", flat=True)
    for batch in batches(list(pks), ROWS_AT_ONCE):
        yield Slice(list_import, batch[0], batch[-1])
        progress.add(len(batch))


@transaction.atomic
def cancel_import(list_import: ListImport) -> ListImport:
    """Forget the list without saving anything; again is nothing. Raises Refused when it is saved or being saved."""
    list_import = _lock(list_import)
    if list_import.cancelled_at:
        return list_import
    if list_import.saved_at:
        raise Refused(_("Importen är redan sparad."))
    if list_import.state == ImportState.SAVING and not take_hold(list_import.pk):
        raise Refused(_("Importen sparas just nu och går inte att avbryta."))
    list_import.cancelled_at = clock.now()
    _forget(list_import)
    list_import.save()
    return list_import


def forget_old_imports() -> int:
    """Cancel what nobody has decided about for settings.FORGET_IMPORTS_AFTER_DAYS; return how many that were."""
    since = clock.now() - dt.timedelta(days=settings.FORGET_IMPORTS_AFTER_DAYS)
    undecided = Q(chosen_at__isnull=True) | ~Q(refusal="")
    untouched = Q(mapped_at__isnull=True) | Q(mapped_at__lt=since)
    old = ListImport.objects.filter(
        undecided, untouched, uploaded_at__lt=since, saved_at__isnull=True, cancelled_at__isnull=True
    )
    count = 0
    for list_import in old.only("pk"):
        cancel_import(list_import)
        count += 1
    return count


def _forget(list_import: ListImport) -> None:
    """Drop what the file held about people; the columns and the counts stay."""
    list_import.content, list_import.sample = None, []
    list_import.rows.all().delete()


def _lock(list_import: ListImport) -> ListImport:
    """The row as it is now, locked; without the file, which may be large."""
    return ListImport.objects.select_for_update(of=("self",)).defer("content").get(pk=list_import.pk)
