"""What the worker does for this app."""

from celery import shared_task

from followups import actions


@shared_task
def sweep_if_due() -> None:
    """Write today's reminders, if it is time and nobody has; beat asks every minute."""
    actions.sweep_if_due()
