"""What the worker does for this app: take an id, do nothing if it is done, make one call."""

from functools import partial

from celery import shared_task
from django.conf import settings

from jarfalla.celery import run_all
from units import actions
from units.queries import waiting_imports


@shared_task
def send_message(message_id: int) -> None:
    """Send one message of the outbox, if it still waits and the mail server is there; else the next tick does."""
    if not actions.is_mail_server_away():
        actions.deliver_message(message_id)


@shared_task
def send_waiting_messages() -> None:
    """Send every message that is due: the net under a broker that lost the single task.

    After TICK_SECONDS the rest is left to the next tick: a mail server that hangs must not keep every worker.
    """
    actions.deliver_waiting(settings.TICK_SECONDS)


@shared_task
def read_import(import_id: int) -> None:
    """Read a list whose columns have been chosen, if nobody has."""
    actions.read_import(import_id)


@shared_task
def save_import(import_id: int) -> None:
    """Save the chosen rows of a list, if nobody has."""
    actions.save_import(import_id)


@shared_task
def tend_imports() -> None:
    """Take up each import that was asked for and that nobody works on; forget those that nobody decides about."""
    waiting = [
        partial(actions.save_import if is_chosen else actions.read_import, import_id)
        for import_id, is_chosen in waiting_imports()
    ]
    run_all([*waiting, actions.forget_old_imports])
