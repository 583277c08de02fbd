"""Every write to the rows of this app. Keyword-only `by`, one transaction, repeating returns the first result."""

from followups.actions.bookings import book_contact, cancel_booking, tell_of_bookings
from followups.actions.drafts import DraftChanged, require_unchanged, save_draft
from followups.actions.follow_ups import (
    Said,
    complete_follow_up,
    complete_support_action,
    record_follow_up,
    record_not_held,
    reopen_support_action,
    withdraw_not_held,
)
from followups.actions.lessons import publish_lesson, refuse_sharing, share_again, withdraw_lesson
from followups.actions.pausing import pause_digests, resume_digests
from followups.actions.printing import make_pdf, make_pdf_again
from followups.actions.rules import change_rule, reset_rule
from followups.actions.sweeping import cancel_outdated_reminders, sweep, sweep_if_due, write_letters

__all__ = [
    "DraftChanged",
    "Said",
    "book_contact",
    "cancel_booking",
    "cancel_outdated_reminders",
    "change_rule",
    "complete_follow_up",
    "complete_support_action",
    "make_pdf",
    "make_pdf_again",
    "pause_digests",
    "publish_lesson",
    "record_follow_up",
    "record_not_held",
    "refuse_sharing",
    "reopen_support_action",
    "require_unchanged",
    "reset_rule",
    "resume_digests",
    "save_draft",
    "share_again",
    "sweep",
    "sweep_if_due",
    "tell_of_bookings",
    "withdraw_lesson",
    "withdraw_not_held",
    "write_letters",
]
