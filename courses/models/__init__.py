"""Steps 1 and 2: the web course, the trainings, what people know, and material to learn from."""

from courses.models.material import Material, MaterialQuerySet, MaterialType
from courses.models.sign_up import SignUp, SignUpAudience, SignUpMail, SignUpQuerySet
from courses.models.survey import FEWEST_ANSWERS, Comment, Purpose, Scale, Statement, Survey, SurveyAnswer, Tally
from courses.models.training import (
    Attendance,
    AttendanceSource,
    Invitation,
    Theme,
    Training,
    TrainingQuerySet,
    TrainingRound,
    TrainingSeries,
    TrainingState,
    training_conditions,
)
from courses.models.web_course import (
    Completion,
    CompletionQuerySet,
    GroupSession,
    GroupSessionQuerySet,
    Refill,
    RefillLook,
)

__all__ = [
    "FEWEST_ANSWERS",
    "Attendance",
    "AttendanceSource",
    "Comment",
    "Completion",
    "CompletionQuerySet",
    "GroupSession",
    "GroupSessionQuerySet",
    "Invitation",
    "Material",
    "MaterialQuerySet",
    "MaterialType",
    "Purpose",
    "Refill",
    "RefillLook",
    "Scale",
    "SignUp",
    "SignUpAudience",
    "SignUpMail",
    "SignUpQuerySet",
    "Statement",
    "Survey",
    "SurveyAnswer",
    "Tally",
    "Theme",
    "Training",
    "TrainingQuerySet",
    "TrainingRound",
    "TrainingSeries",
    "TrainingState",
    "training_conditions",
]
