"""The mails of this app, one function for each; nothing here writes a row."""

from followups.mail.bookings import booking_changed, booking_made, booking_off, said_in
from followups.mail.reminders import MOST_IN_DIGEST, Sender, digest, pause_url, reminder

__all__ = [
    "MOST_IN_DIGEST",
    "Sender",
    "booking_changed",
    "booking_made",
    "booking_off",
    "digest",
    "pause_url",
    "reminder",
    "said_in",
]
