"""Forms of step 4."""

from followups.forms.bookings import BookingForm, CancelBookingForm, NotHeldForm, WithdrawNotHeldForm
from followups.forms.lessons import LessonForm, WithdrawLessonForm
from followups.forms.protocol import SUPPORT_ROWS, DraftForm, ProtocolForm
from followups.forms.reminders import PauseForm, PauseLength, QuietPeriodForm, ReminderRuleForm, recipient_label

__all__ = [
    "SUPPORT_ROWS",
    "BookingForm",
    "CancelBookingForm",
    "DraftForm",
    "LessonForm",
    "NotHeldForm",
    "PauseForm",
    "PauseLength",
    "ProtocolForm",
    "QuietPeriodForm",
    "ReminderRuleForm",
    "WithdrawLessonForm",
    "WithdrawNotHeldForm",
    "recipient_label",
]
