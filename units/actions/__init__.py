"""Every write to the rows of this app. Keyword-only `by`, one transaction, repeating returns the first result."""

from units.actions.calendar import open_feed, replace_feed, revoke_feed
from units.actions.delivery import deliver_message, deliver_waiting, is_mail_server_away
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
    erase_guest_letters,
    post_letter,
    post_letters,
    retry_message,
)
from units.actions.people import add_account, add_person, choose_language, end_membership
from units.actions.quiet_periods import add_quiet_period, remove_quiet_period, seed_quiet_periods
from units.actions.staff import save_staff
from units.actions.steps import (
    close_round,
    complete_step,
    settle_contact,
    start_round,
    withdraw_contact,
    withdraw_contacts,
    withdraw_step,
)
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
    "add_quiet_period",
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
    "deliver_waiting",
    "end_membership",
    "erase_guest_letters",
    "exclude_row",
    "forget_old_imports",
    "import_units",
    "is_at_work",
    "is_mail_server_away",
    "keep_import",
    "map_columns",
    "open_feed",
    "post_letter",
    "post_letters",
    "read_import",
    "record_participation",
    "remove_quiet_period",
    "replace_feed",
    "retry_message",
    "revoke_feed",
    "save_import",
    "save_staff",
    "seed_quiet_periods",
    "settle_contact",
    "start_round",
    "update_unit",
    "upload_list",
    "withdraw_contact",
    "withdraw_contacts",
    "withdraw_step",
]
