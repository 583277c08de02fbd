"""The Celery application, the one way to enqueue a task, and how a tick does all that waits. Imports no app."""

import logging
import os
import time
from collections.abc import Callable, Iterable
from functools import partial

from celery import Celery
from django.db import connection, transaction
from kombu.exceptions import OperationalError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jarfalla.settings")

app = Celery("jarfalla")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

logger = logging.getLogger(__name__)

# A broker that is away is not asked again for so many seconds: each try waits a second, and one click may enqueue
# fifty tasks.
_PAUSE = 5.0


class _Broker:
    """What this process knows of the broker."""

    away_until = 0.0  # by time.monotonic()


def enqueue(task: str, *args: int) -> None:
    """Send the task named `task` (`app.tasks.function`) to the worker once this transaction has committed.

    By name, because tasks stand above actions (docs/decisions/0003). A broker that is down is not an error
    here: the row is in the database, and a sweep finds every row that still waits (docs/decisions/0004).
    """
    transaction.on_commit(partial(_send, task, args))


def _send(task: str, args: tuple[int, ...]) -> None:
    if time.monotonic() < _Broker.away_until:
        return
    try:
        app.send_task(task, args=args, retry=False, ignore_result=True)
    except OperationalError as lost:
        logger.warning("%s%r is left to the sweep: the broker does not answer (%s)", task, args, lost)
        _Broker.away_until = time.monotonic() + _PAUSE


def run_all(jobs: Iterable[Callable[[], object]]) -> None:
    """Do each of the jobs that a tick found. One that goes wrong stops nobody behind it: it is logged, and what the
    first of them raised is raised when the rest is done, so that nobody takes the tick for done.

    Raises at once when the database does not answer: then the rest would go wrong too.
    """
    faults: list[Exception] = []
    for job in jobs:
        try:
            job()
        except Exception as fault:
            if not connection.is_usable():
                raise
            logger.exception("%r went wrong; the rest is done all the same", job)
            faults.append(fault)
    if faults:
        raise faults[0]
