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

__all__ = [
    "Envelope",
    "Occasion",
    "key_prefix",
    "occasion",
    "training_booked",
    "training_cancelled",
    "training_changed",
]
