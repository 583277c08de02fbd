"""Every write to the rows of this app. Keyword-only `by`, one transaction, repeating returns the first result."""

from courses.actions.materials import seed_materials
from courses.actions.trainings import book_training, cancel_training, complete_training, hold_training
from courses.actions.web_course import (
    complete_web_course,
    record_completions,
    record_group_session,
    withdraw_completion,
    withdraw_group_session,
)

__all__ = [
    "book_training",
    "cancel_training",
    "complete_training",
    "complete_web_course",
    "hold_training",
    "record_completions",
    "record_group_session",
    "seed_materials",
    "withdraw_completion",
    "withdraw_group_session",
]
