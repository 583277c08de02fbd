"""The Celery application, and the one way to enqueue a task. Imports no app."""

import logging
import os

from celery import Celery
from django.db import transaction
from kombu.exceptions import OperationalError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jarfalla.settings")

app = Celery("jarfalla")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

logger = logging.getLogger(__name__)


def enqueue(task: str, *args: int) -> None:
    """Send the task named `task` (`app.tasks.function`) to the worker once this transaction has committed.

    By name, because tasks stand above actions (docs/decisions/0003). A broker that is down is not an error
    here: the row is in the database, and a sweep finds every row that still waits (docs/decisions/0004).
    """

    def send() -> None:
        try:
            app.send_task(task, args=args, retry=False, ignore_result=True)
        except OperationalError as lost:
            logger.warning("%s%r is left to the sweep: the broker does not answer (%s)", task, args, lost)

    transaction.on_commit(send)
