"""Every write to the rows of this app. Keyword-only `by`, one transaction, repeating returns the first result."""

from units.actions.outbox import cancel_message, deliver_message, post_letter, retry_message
from units.actions.people import add_account, add_person, choose_language, end_membership
from units.actions.steps import close_round, complete_step, start_round, withdraw_step
from units.actions.units import (
    change_programme,
    create_unit,
    declare_headcount,
    import_units,
    keep_import,
    record_participation,
    update_unit,
)

__all__ = [
    "add_account",
    "add_person",
    "cancel_message",
    "change_programme",
    "choose_language",
    "close_round",
    "complete_step",
    "create_unit",
    "declare_headcount",
    "deliver_message",
    "end_membership",
    "import_units",
    "keep_import",
    "post_letter",
    "record_participation",
    "retry_message",
    "start_round",
    "update_unit",
    "withdraw_step",
]
