"""How the worker takes hold of a piece of long work, and how others see how far it has come. Imports no app.

Whoever does the work does it in one transaction that holds an advisory lock on it. The lock goes with the connection:
when a worker is killed, PostgreSQL rolls back what it wrote and gives the lock free, and so a page can tell "it is
being done now" from "it was interrupted" by asking who holds the lock. The row that the work is about is not locked
meanwhile, so its progress can be written through a second connection that commits at once.
"""

import logging
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

from django.db import DatabaseError, connection

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

# PostgreSQL's advisory locks are pairs of numbers: what sort of work is locked, and which piece of it.
IMPORTS = 0x1A9F
EXPORTS = 0x1AA0
PUBLICATIONS = 0x1AA1
FOLLOW_UPS = 0x1AA2
_LOCK_NUMBERS = 2**31
_HELD = """
    SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid <> pg_backend_pid()
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND classid = %s
"""
REPORT_SECONDS = 0.5

logger = logging.getLogger(__name__)


def take_hold(sort: int, number: int) -> bool:
    """Take the work until the transaction ends; False when somebody else has it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [sort, number % _LOCK_NUMBERS])
        return bool(cursor.fetchone()[0])


def is_at_work(sort: int, number: int) -> bool:
    """Whether somebody else does the work at this moment."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT EXISTS ({_HELD} AND objid = %s)", [sort, number % _LOCK_NUMBERS])
        return bool(cursor.fetchone()[0])


def is_any_at_work(sort: int) -> bool:
    """Whether somebody else does some work of that sort at this moment."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT EXISTS ({_HELD})", [sort])
        return bool(cursor.fetchone()[0])


class SideConnection:
    """A connection beside the transaction's own: what it writes is committed at once."""

    def __init__(self) -> None:
        self._connection: BaseDatabaseWrapper | None = None

    def write(self, statement: str, values: Sequence[Any]) -> None:
        """Do one statement; it waits a second at most for a row that somebody else has locked."""
        if self._connection is None:
            self._connection = connection.copy()
        with self._connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '1s'")
            cursor.execute(statement, values)

    def close(self) -> None:
        """Give it back."""
        if self._connection:
            self._connection.close()


class Progress:
    """Counts what is done, and writes it where everybody sees it, at most twice a second.

    `statement` takes how many are done, of how many (None when that is as before), and the row's number.
    """

    def __init__(self, number: int, statement: str) -> None:
        self.number = number
        self.count = 0
        self.side = SideConnection()
        self._statement = statement
        self._next_report = time.monotonic() + REPORT_SECONDS

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.side.close()

    @property
    def is_time(self) -> bool:
        """Whether it is time to tell again."""
        return time.monotonic() > self._next_report

    def add(self, count: int) -> None:
        """So many more are done."""
        self.count += count
        if self.is_time:
            self.report(self.count)

    def report(self, done: int, total: int | None = None) -> None:
        """Write how far we are. Progress is for the eye: when it can't be written, the work goes on without it."""
        try:
            self.side.write(self._statement, [done, total, self.number])
        except DatabaseError as fault:
            logger.info("the progress of %s was not written: %s", self.number, fault)
        self._next_report = time.monotonic() + REPORT_SECONDS
