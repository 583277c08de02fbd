"""Step 4: contacts, what was said and promised in them, lessons, and who is reminded."""

from followups.models.booking import Booking, ProtocolDraft
from followups.models.follow_up import CLOSING_DECISIONS, Answer, Decision, FollowUp, PdfState, Promise, SupportAction
from followups.models.lesson import Lesson
from followups.models.reminder import DigestPause, Recipient, Reminder, ReminderRule, RuleKind, SweepRun

__all__ = [
    "CLOSING_DECISIONS",
    "Answer",
    "Booking",
    "Decision",
    "DigestPause",
    "FollowUp",
    "Lesson",
    "PdfState",
    "Promise",
    "ProtocolDraft",
    "Recipient",
    "Reminder",
    "ReminderRule",
    "RuleKind",
    "SupportAction",
    "SweepRun",
]
