"""What the worker does for this app: take an id, do nothing if it is done, make one call."""

from celery import shared_task

from routines import actions
from routines.models import RoutineVersion


@shared_task
def publish_version(version_id: int) -> None:
    """Make the PDF of one approved version and put it in force, if it still waits."""
    version = RoutineVersion.objects.filter(pk=version_id).select_related("routine").first()
    if version is not None:
        actions.publish(version)


@shared_task
def publish_approved_versions() -> None:
    """Publish whatever is approved, waits and has not failed: the net under a broker that lost the single task."""
    waiting = RoutineVersion.objects.waiting_to_be_published().filter(publish_failed_at__isnull=True)
    for version in waiting.select_related("routine").order_by("approved_at"):
        actions.publish(version)
