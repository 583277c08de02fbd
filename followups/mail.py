"""The reminders of step 4, as letters. Nothing here writes a row."""

from typing import Any

from django.utils import translation
from django.utils.translation import gettext_lazy as _

from followups.queries import CLOSING, OPENS, OPENS_UNIT, OVERDUE, Reminder, Rule
from units.mail import Letter, write_letter
from units.models import Step

# For each rule: the template and the subject.
_LETTERS = {
    OPENS.name: ("follow_up_opens", _("Dags för uppföljning med %(unit)s")),
    OPENS_UNIT.name: ("follow_up_opens_unit", _("Dags att följa upp arbetet hos %(unit)s")),
    CLOSING.name: ("follow_up_closing", _("En månad kvar: uppföljningen med %(unit)s")),
    OVERDUE.name: ("follow_up_overdue", _("Försenad uppföljning: %(unit)s")),
}


def follow_up_reminder(reminder: Reminder, *, key: str) -> Letter:
    """Remind a coordinator, or tell a unit's manager, that a follow-up is due."""
    template, subject = _LETTERS[reminder.rule.name]
    unit = reminder.window.round.unit
    with translation.override(reminder.to.language):
        written = str(subject) % {"unit": unit.name}
    context: dict[str, Any] = {"unit": unit, "window": reminder.window, "steps": _steps(reminder.rule)}
    return write_letter(template, key=key, to=reminder.to, subject=written, context=context)


def _steps(rule: Rule) -> list[dict[str, Any]]:
    """The four steps at the top of the letter: three are done, the fourth is next or late."""
    last = "overdue" if rule == OVERDUE else "next"
    return [{"number": step.value, "state": last if step == Step.FOLLOW_UP else "done"} for step in Step]
