"""Pages of step 4. The protocol stands beside what other apps know of the unit: jarfalla/views/protocol.py."""

from followups.views.bookings import booking_calendar, booking_cancel, contact_book, contact_not_held, contact_withdraw
from followups.views.lessons import lesson_publish, lesson_refuse, lesson_share, lesson_withdraw, lessons
from followups.views.lists import follow_ups
from followups.views.pausing import digest_pause, own_reminders
from followups.views.pdf import follow_up_pdf, follow_up_pdf_again
from followups.views.quiet_periods import quiet_period_remove, quiet_periods
from followups.views.step_4 import step_4, support_action_done, support_action_reopen

__all__ = [
    "booking_calendar",
    "booking_cancel",
    "contact_book",
    "contact_not_held",
    "contact_withdraw",
    "digest_pause",
    "follow_up_pdf",
    "follow_up_pdf_again",
    "follow_ups",
    "lesson_publish",
    "lesson_refuse",
    "lesson_share",
    "lesson_withdraw",
    "lessons",
    "own_reminders",
    "quiet_period_remove",
    "quiet_periods",
    "step_4",
    "support_action_done",
    "support_action_reopen",
]
