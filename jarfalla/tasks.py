"""What the worker does across the apps."""

from functools import partial

from celery import shared_task

from courses.actions import note_refills_if_due
from followups.actions import sweep_if_due as sweep_sources_if_due
from jarfalla.celery import run_all
from jarfalla.reminding import SOURCES


@shared_task
def sweep_if_due() -> None:
    """Write today's reminders, if it is time and nobody has; beat asks every minute.

    Which units have fallen below the threshold is noted first, so that they are reminded the same day.
    """
    run_all([note_refills_if_due, partial(sweep_sources_if_due, SOURCES)])
