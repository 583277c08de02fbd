"""Forms of steps 1 and 2."""

from courses.forms.attendance import AttendanceForm
from courses.forms.materials import MaterialFilter, MaterialForm
from courses.forms.sign_ups import SignUpForm, SignUpMailForm
from courses.forms.surveys import AnswerForm, MoveForm, PulseForm, StatementForm
from courses.forms.trainings import CancelForm, HeldForm, ReopenForm, TrainingForm
from courses.forms.web_course import (
    CompletionsForm,
    GroupSessionForm,
    HeadcountField,
    HeadcountForm,
    OwnCompletionForm,
    PeopleField,
)

__all__ = [
    "AnswerForm",
    "AttendanceForm",
    "CancelForm",
    "CompletionsForm",
    "GroupSessionForm",
    "HeadcountField",
    "HeadcountForm",
    "HeldForm",
    "MaterialFilter",
    "MaterialForm",
    "MoveForm",
    "OwnCompletionForm",
    "PeopleField",
    "PulseForm",
    "ReopenForm",
    "SignUpForm",
    "SignUpMailForm",
    "StatementForm",
    "TrainingForm",
]
