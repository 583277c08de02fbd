"""The mails about the web course; nothing here writes a row."""

from django.utils import translation
from django.utils.translation import gettext as _

from courses.models import Refill
from courses.queries import RefillNeed
from units.mail import Letter, write_letter
from units.models import User
from units.queries import steps_on_page


def refill_key(refill: Refill, to: User) -> str:
    """Why the letter exists: one for each person and each time that the unit falls."""
    return f"refill:{refill.pk}:{to.pk}"


def refill_needed(refill: Refill, need: RefillNeed, to: User) -> Letter:
    """Tell a manager that coverage has fallen below the threshold: how many lack the course, nobody by name."""
    with translation.override(to.language):
        subject = _("Påfyllning behövs: webbkursen hos %(unit)s") % {"unit": refill.unit.name}
    return write_letter(
        "refill_needed",
        key=refill_key(refill, to),
        to=to,
        subject=subject,
        context={"unit": refill.unit, "need": need, "steps": steps_on_page(refill.unit)},
    )
