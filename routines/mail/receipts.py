"""Letters to those who have not read a routine yet."""

from django.utils import translation
from django.utils.translation import gettext_lazy as _

from routines.models import RoutineVersion
from routines.queries import reminder_key
from units.mail import Letter, write_letter
from units.models import Programme, User
from units.queries import StepOnPage

_SUBJECT = _("Läs rutinen ”%(routine)s”, %(unit)s")


def routine_unread(version: RoutineVersion, to: User, *, programme: Programme, steps: list[StepOnPage]) -> Letter:
    """Ask `to` to read the version in force and to say that they have."""
    routine = version.routine
    with translation.override(to.language):
        subject = str(_SUBJECT) % {"routine": routine.title, "unit": routine.unit.name}
    return write_letter(
        "routine_unread",
        key=reminder_key(routine, to),
        to=to,
        subject=subject,
        context={
            "version": version,
            "routine": routine,
            "unit": routine.unit,
            "programme": programme,
            "steps": steps,
        },
    )
