"""Pages of steps 1 and 2, of the trainings and of the material."""

from courses.views.materials import materials
from courses.views.step_1 import (
    completion_withdraw,
    course_completions,
    group_session_new,
    group_session_withdraw,
    step_1,
    web_course_complete,
)
from courses.views.step_2 import step_2, training_book, training_complete
from courses.views.trainings import training, training_cancel, training_held, trainings

__all__ = [
    "completion_withdraw",
    "course_completions",
    "group_session_new",
    "group_session_withdraw",
    "materials",
    "step_1",
    "step_2",
    "training",
    "training_book",
    "training_cancel",
    "training_complete",
    "training_held",
    "trainings",
    "web_course_complete",
]
