"""How the worker takes hold of an import, and how others see how far it has come.

Whoever reads or saves an import does so in one transaction that holds an advisory lock on it. The lock goes with the
connection: when a worker is killed, PostgreSQL rolls back what it wrote and gives the lock free, and so the page can
tell "it is being saved now" from "it was interrupted" by asking who holds the lock. The row of the import itself is
not locked meanwhile, so the progress can be written to it through a second connection that commits at once.
"""

import json
import logging
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from django.db import DatabaseError, connection, transaction

from units.imports.lists import JudgedRow
from units.models import ListImport

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

T = TypeVar("T")

# PostgreSQL's advisory locks are pairs of numbers; the first one says what is locked.
LOCK_CLASS = 0x1A9F
_LOCK_NUMBERS = 2**31
REPORT_SECONDS = 0.5

_COPY_ROWS = """
    COPY units_importrow
        (list_import_id, line, verdict, data, "column", reason, reason_values, is_excluded, is_hidden)
    FROM STDIN
"""

logger = logging.getLogger(__name__)


@contextmanager
def at_work(import_id: int) -> Iterator[ListImport | None]:
    """One transaction with this import to ourselves; None when somebody else is at it, or it is gone."""
    with transaction.atomic():
        rows = ListImport.objects.defer("content").select_related("uploaded_by").filter(pk=import_id)
        yield rows.first() if take_hold(import_id) else None


def take_hold(import_id: int) -> bool:
    """Take the import until the transaction ends; False when somebody else has it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [LOCK_CLASS, import_id % _LOCK_NUMBERS])
        return bool(cursor.fetchone()[0])


def is_at_work(import_id: int) -> bool:
    """Whether somebody else reads or saves the import at this moment."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid <> pg_backend_pid()"
            " AND classid = %s AND objid = %s"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))",
            [LOCK_CLASS, import_id % _LOCK_NUMBERS],
        )
        return bool(cursor.fetchone()[0])


def write_rows(list_import: ListImport, rows: Iterable[JudgedRow]) -> None:
    """Write the verdicts as rows of the import. With COPY: bulk_create takes five times as long."""
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(_COPY_ROWS) as copy:
        for row in rows:
            copy.write_row(
                (
                    list_import.pk,
                    row.line,
                    row.verdict.value,
                    json.dumps(row.data),
                    row.column,
                    row.reason,
                    json.dumps(row.reason_values),
                    False,
                    row.is_hidden,
                )
            )


class Progress:
    """Counts rows, and writes their number where everybody sees it, at most twice a second."""

    def __init__(self, import_id: int) -> None:
        self.import_id = import_id
        self.count = 0
        self._next_report = time.monotonic() + REPORT_SECONDS
        self._connection: BaseDatabaseWrapper | None = None

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_exc: object) -> None:
        if self._connection:
            self._connection.close()

    def counted(self, rows: Iterable[T]) -> Iterator[T]:
        """The same rows, each counted as it passes by."""
        for row in rows:
            yield row
            self.add(1)

    def add(self, rows: int) -> None:
        """So many more rows are done."""
        self.count += rows
        if time.monotonic() > self._next_report:
            self.report(self.count)

    def report(self, rows_read: int, rows_total: int | None = None) -> None:
        """Write how far we are, on a connection of our own: the other one commits all or nothing at the end."""
        if self._connection is None:
            self._connection = connection.copy()
        try:
            with self._connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '1s'")
                cursor.execute(
                    "UPDATE units_listimport SET rows_read = %s, rows_total = COALESCE(%s, rows_total) WHERE id = %s",
                    [rows_read, rows_total, self.import_id],
                )
        except DatabaseError as fault:
            # Progress is for the eye: the import goes on without it.
            logger.info("the progress of import %s was not written: %s", self.import_id, fault)
        self._next_report = time.monotonic() + REPORT_SECONDS
