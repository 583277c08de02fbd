"""Questions about steps 1 and 2."""

from courses.queries.coverage import (
    Coverage,
    coverage,
    coverages,
    listed_staff,
    own_completion,
    recorded_sessions,
    registered_completions,
    staff_without_course,
)
from courses.queries.trainings import in_order_of_need, last_held_on, require_attendance, training_counts

__all__ = [
    "Coverage",
    "coverage",
    "coverages",
    "in_order_of_need",
    "last_held_on",
    "listed_staff",
    "own_completion",
    "recorded_sessions",
    "registered_completions",
    "require_attendance",
    "staff_without_course",
    "training_counts",
]
