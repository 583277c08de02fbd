"""What the worker does for this app: take an id, do nothing if it is done, make one call."""

import time

from celery import shared_task
from django.conf import settings

from units import actions
from units.models import Message


@shared_task
def send_message(message_id: int) -> None:
    """Send one message of the outbox, if it still waits."""
    actions.deliver_message(message_id)


@shared_task
def send_waiting_messages() -> None:
    """Send every message that is due: the net under a broker that lost the single task.

    After TICK_SECONDS the rest is left to the next tick: a mail server that hangs must not keep every worker.
    """
    until = time.monotonic() + settings.TICK_SECONDS
    for message_id in Message.objects.due().order_by("not_before").values_list("pk", flat=True)[:500]:
        actions.deliver_message(message_id)
        if time.monotonic() > until:
            return
