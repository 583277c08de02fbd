"""Forms of steps 1 and 2."""

from courses.forms.trainings import CancelForm, HeldForm, TrainingForm
from courses.forms.web_course import CompletionsForm, GroupSessionForm, HeadcountField, PeopleField

__all__ = [
    "CancelForm",
    "CompletionsForm",
    "GroupSessionForm",
    "HeadcountField",
    "HeldForm",
    "PeopleField",
    "TrainingForm",
]
