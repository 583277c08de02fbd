"""The mails of this app, one function for each; nothing here writes a row."""

from django.utils import translation
from django.utils.translation import gettext as _

from courses.models import Training
from units.mail import Letter, write_letter
from units.models import User
from units.queries import steps_on_page


def training_booked(training: Training, to: User) -> Letter:
    """Tell a manager that a training is booked for the unit."""
    with translation.override(to.language):
        subject = _("Utbildning bokad för %(unit)s: %(title)s") % {
            "unit": training.round.unit.name,
            "title": training.title,
        }
    return _about(training, to, "training_booked", subject)


def training_cancelled(training: Training, to: User) -> Letter:
    """Tell a manager that a training is cancelled, and why."""
    with translation.override(to.language):
        subject = _("Inställd utbildning för %(unit)s: %(title)s") % {
            "unit": training.round.unit.name,
            "title": training.title,
        }
    return _about(training, to, "training_cancelled", subject)


def _about(training: Training, to: User, template: str, subject: str) -> Letter:
    """A letter about one training; one of each sort for each person."""
    return write_letter(
        template,
        key=f"{template}:{training.pk}:{to.pk}",
        to=to,
        subject=subject,
        context={"training": training, "unit": training.round.unit, "steps": steps_on_page(training.round.unit)},
    )
