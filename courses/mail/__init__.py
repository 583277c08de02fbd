"""The mails of this app, one function for each; nothing here writes a row."""

from courses.mail.trainings import (
    Envelope,
    Occasion,
    key_prefix,
    occasion,
    training_booked,
    training_cancelled,
    training_changed,
)
from courses.mail.web_course import refill_key, refill_needed

__all__ = [
    "Envelope",
    "Occasion",
    "key_prefix",
    "occasion",
    "refill_key",
    "refill_needed",
    "training_booked",
    "training_cancelled",
    "training_changed",
]
