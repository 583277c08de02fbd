"""Every write to the rows of this app. Keyword-only `by`, one transaction, repeating returns the first result."""

from units.actions.calendar import open_feed, replace_feed, revoke_feed
from units.actions.import_work import is_at_work
from units.actions.imports import (
    cancel_import,
    choose_rows,
    exclude_row,
    forget_old_imports,
    map_columns,
    read_import,
    save_import,
    upload_list,
)
from units.actions.logo import change_logo
from units.actions.outbox import (
    cancel_message,
    cancel_messages,
    deliver_message,
    erase_guest_letters,
    post_letter,
    post_letters,
    retry_message,
)
from units.actions.people import add_account, add_person, choose_language, end_membership
from units.actions.staff import save_staff
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
from units.imports.lists import chosen_rows

__all__ = [
    "add_account",
    "add_person",
    "cancel_import",
    "cancel_message",
    "cancel_messages",
    "change_logo",
    "change_programme",
    "choose_language",
    "choose_rows",
    "chosen_rows",
    "close_round",
    "complete_step",
    "create_unit",
    "declare_headcount",
    "deliver_message",
    "end_membership",
    "erase_guest_letters",
    "exclude_row",
    "forget_old_imports",
    "import_units",
    "is_at_work",
    "keep_import",
    "map_columns",
    "open_feed",
    "post_letter",
    "post_letters",
    "read_import",
    "record_participation",
    "replace_feed",
    "retry_message",
    "revoke_feed",
    "save_import",
    "save_staff",
    "start_round",
    "update_unit",
    "upload_list",
    "withdraw_step",
]
