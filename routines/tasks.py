"""What the worker does for this app: take an id, do nothing if it is done, make one call."""

from functools import partial

from celery import shared_task

from jarfalla.celery import run_all
from routines import actions
from routines.models import RoutineVersion
from units.models import User


@shared_task
def publish_version(version_id: int) -> None:
    """Make the PDF of one approved version and put it in force, if it still waits."""
    version = RoutineVersion.objects.filter(pk=version_id).select_related("routine").first()
    if version is not None:
        actions.publish(version)


@shared_task
def republish_affected(user_id: int) -> None:
    """Make the rest of the corrections that a coordinator asked for; what is left shows on the page."""
    user = User.objects.filter(pk=user_id).first()
    if user is not None:
        actions.republish_affected(by=user, at_once=None)


@shared_task
def publish_approved_versions() -> None:
    """Publish whatever is approved, waits and has not failed: the net under a broker that lost the single task."""
    waiting = RoutineVersion.objects.waiting_to_be_published().filter(publish_failed_at__isnull=True)
    versions = waiting.select_related("routine").order_by("approved_at")
    run_all(partial(actions.publish, version) for version in versions)


@shared_task
def tell_successors() -> None:
    """Write to managers who are new since something began to wait for a manager."""
    actions.tell_successors()


@shared_task
def make_export(export_id: int) -> None:
    """Make one file that somebody asked for, if it still waits."""
    actions.make_export(export_id)


@shared_task
def tend_exports() -> None:
    """Ask for what the night makes, throw away what is old, and see to it that each export that waits is made."""
    run_all([actions.prepare_exports_if_due, actions.delete_expired_exports, actions.hand_out_exports])
