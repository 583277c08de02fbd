"""What the worker does for this app: take an id, do nothing if it is done, make one call."""

from celery import shared_task

from units import actions
from units.models import Message


@shared_task
def send_message(message_id: int) -> None:
    """Send one message of the outbox, if it still waits."""
    actions.deliver_message(message_id)


@shared_task
def send_waiting_messages() -> None:
    """Send every message that is due: the net under a broker that lost the single task."""
    for message_id in Message.objects.due().order_by("not_before").values_list("pk", flat=True)[:500]:
        actions.deliver_message(message_id)
