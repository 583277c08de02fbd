"""Every write to the rows of this app. Keyword-only `by`, one transaction, repeating returns the first result."""

from routines.actions.deciding import (
    approve_version,
    endorse_version,
    reopen,
    return_version,
    submit_version,
    tell_successors,
)
from routines.actions.editing import UnderReview, update_details, write_sections
from routines.actions.ending import discard_version, withdraw_version
from routines.actions.export_care import (
    delete_expired_exports,
    delete_strays,
    hand_out_exports,
    prepare_exports,
    prepare_exports_if_due,
)
from routines.actions.exports import (
    ask_for_export,
    cancel_export,
    download_name,
    input_sha256,
    is_being_made,
    make_export,
)
from routines.actions.offers import decline_offer, take_offer
from routines.actions.presence import note_left, note_writing
from routines.actions.publishing import (
    note_publish_failure,
    publish,
    publish_again,
    put_in_force,
)
from routines.actions.receipts import note_read, remind_unread
from routines.actions.registry import (
    add_entry,
    change_entry,
    check_entry,
    note_printed,
    retire_entry,
    seed_contacts,
    seed_legal_references,
)
from routines.actions.republishing import Republished, republish, republish_affected
from routines.actions.searching import note_all_words, note_words
from routines.actions.seeding import seed_templates
from routines.actions.sharing import adopt_routine, share_routine, stop_sharing
from routines.actions.steps import InPlan, complete_routines, record_plan_entry, withdraw_plan_entry
from routines.actions.templates import (
    add_section,
    make_template,
    move_section,
    remove_section,
    retire_template,
    update_template,
    write_section,
)
from routines.actions.writing import create_routine, start_version

__all__ = [
    "InPlan",
    "Republished",
    "UnderReview",
    "add_entry",
    "add_section",
    "adopt_routine",
    "approve_version",
    "ask_for_export",
    "cancel_export",
    "change_entry",
    "check_entry",
    "complete_routines",
    "create_routine",
    "decline_offer",
    "delete_expired_exports",
    "delete_strays",
    "discard_version",
    "download_name",
    "endorse_version",
    "hand_out_exports",
    "input_sha256",
    "is_being_made",
    "make_export",
    "make_template",
    "move_section",
    "note_all_words",
    "note_left",
    "note_printed",
    "note_publish_failure",
    "note_read",
    "note_words",
    "note_writing",
    "prepare_exports",
    "prepare_exports_if_due",
    "publish",
    "publish_again",
    "put_in_force",
    "record_plan_entry",
    "remind_unread",
    "remove_section",
    "reopen",
    "republish",
    "republish_affected",
    "retire_entry",
    "retire_template",
    "return_version",
    "seed_contacts",
    "seed_legal_references",
    "seed_templates",
    "share_routine",
    "start_version",
    "stop_sharing",
    "submit_version",
    "take_offer",
    "tell_successors",
    "update_details",
    "update_template",
    "withdraw_plan_entry",
    "withdraw_version",
    "write_section",
    "write_sections",
]
