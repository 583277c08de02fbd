"""Pages of steps 1 and 2, of the trainings and of the material."""

from courses.views.answers import survey, survey_thanks
from courses.views.attendance import attend, attendance, attendance_list, attendance_poster
from courses.views.calendar import training_calendar
from courses.views.guide import discussion_guide
from courses.views.materials import material_edit, material_file, material_new, material_retire, materials
from courses.views.open_trainings import open_trainings, sign_up, sign_up_done, sign_up_withdraw
from courses.views.planning import training_book, training_edit, training_new
from courses.views.sign_ups import sign_ups, sign_ups_mail
from courses.views.statements import statement_retire, statements
from courses.views.step_1 import (
    completion_withdraw,
    course_completions,
    group_session_new,
    group_session_withdraw,
    headcount_declare,
    own_completion_new,
    own_completion_withdraw,
    step_1,
    web_course_complete,
)
from courses.views.step_2 import step_2, training_complete
from courses.views.surveys import (
    evaluation,
    evaluation_open,
    pulse_open,
    pulses,
    survey_close,
    survey_poster,
    survey_show,
)
from courses.views.trainings import training, training_cancel, training_held, training_reopen, trainings
from courses.views.trend import coverage_trend

__all__ = [
    "attend",
    "attendance",
    "attendance_list",
    "attendance_poster",
    "completion_withdraw",
    "course_completions",
    "coverage_trend",
    "discussion_guide",
    "evaluation",
    "evaluation_open",
    "group_session_new",
    "group_session_withdraw",
    "headcount_declare",
    "material_edit",
    "material_file",
    "material_new",
    "material_retire",
    "materials",
    "open_trainings",
    "own_completion_new",
    "own_completion_withdraw",
    "pulse_open",
    "pulses",
    "sign_up",
    "sign_up_done",
    "sign_up_withdraw",
    "sign_ups",
    "sign_ups_mail",
    "statement_retire",
    "statements",
    "step_1",
    "step_2",
    "survey",
    "survey_close",
    "survey_poster",
    "survey_show",
    "survey_thanks",
    "training",
    "training_book",
    "training_calendar",
    "training_cancel",
    "training_complete",
    "training_edit",
    "training_held",
    "training_new",
    "training_reopen",
    "trainings",
    "web_course_complete",
]
