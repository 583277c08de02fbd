"""How the worker takes hold of an import, and how others see how far it has come (jarfalla/work.py)."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from django.db import connection, transaction

from jarfalla import work
from units.imports.lists import JudgedRow
from units.models import ListImport

T = TypeVar("T")

_COPY_ROWS = """
    COPY units_importrow
        (list_import_id, line, verdict, data, "column", reason, reason_values, is_excluded, is_hidden)
    FROM STDIN
"""


@contextmanager
def at_work(import_id: int) -> Iterator[ListImport | None]:
    """One transaction with this import to ourselves; None when somebody else is at it, or it is gone."""
    with transaction.atomic():
        rows = ListImport.objects.defer("content").select_related("uploaded_by").filter(pk=import_id)
        yield rows.first() if take_hold(import_id) else None


def take_hold(import_id: int) -> bool:
    """Take the import until the transaction ends; False when somebody else has it."""
    return work.take_hold(work.IMPORTS, import_id)


def is_at_work(import_id: int) -> bool:
    """Whether somebody else reads or saves the import at this moment."""
    return work.is_at_work(work.IMPORTS, import_id)


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


class Progress(work.Progress):
    """Counts the rows of an import, and writes their number where everybody sees it."""

    def __init__(self, import_id: int) -> None:
        super().__init__(
            import_id, "UPDATE units_listimport SET rows_read = %s, rows_total = COALESCE(%s, rows_total) WHERE id = %s"
        )

    def counted(self, rows: Iterable[T]) -> Iterator[T]:
        """The same rows, each counted as it passes by."""
        for row in rows:
            yield row
            self.add(1)
