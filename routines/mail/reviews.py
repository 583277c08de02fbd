"""Letters about routines that are to be looked over."""

from django.utils import translation
from django.utils.translation import gettext_lazy as _

from routines.queries.reviews import ReviewReminder
from units.mail import Letter, write_letter
from units.queries import steps_on_page

_AHEAD = _("Dags att se över rutinen ”%(routine)s”, %(unit)s")
_LATE = _("Rutinen ”%(routine)s”, %(unit)s, skulle ha setts över")


def routine_review(reminder: ReviewReminder) -> Letter:
    """Remind somebody that a routine in force is to be looked over, or that its review date has passed."""
    routine = reminder.version.routine
    with translation.override(reminder.to.language):
        subject = str(_LATE if reminder.months_late else _AHEAD) % {"routine": routine.title, "unit": routine.unit.name}
    return write_letter(
        "routine_review",
        key=reminder.key,
        to=reminder.to,
        subject=subject,
        context={
            "routine": routine,
            "unit": routine.unit,
            "version": reminder.version,
            "due_on": reminder.due_on,
            "is_late": reminder.months_late > 0,
            "steps": steps_on_page(routine.unit),
        },
    )
