"""Letters about routines. Nothing here writes a row."""

from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from routines.models import Approval, RoutineVersion, Verdict
from units.mail import Letter, write_letter
from units.models import Programme, User
from units.queries import StepOnPage, steps_on_page

_SUBJECTS: dict[str, Promise] = {
    Verdict.SUBMITTED: _("Att granska: %(routine)s, %(unit)s"),
    Verdict.RETURNED: _("Rutinen behöver ändras: %(routine)s"),
    Verdict.ENDORSED: _("Klar att fastställa: %(routine)s"),
}
_WITHDRAWN = _("Rutinen gäller inte längre: %(routine)s, %(unit)s")
_IN_FORCE = _("Nu gäller rutinen ”%(routine)s”, %(unit)s")
_CORRECTED = _("Rättad rutin, byt ut utskrifterna: ”%(routine)s”, %(unit)s")


def routine_verdict(approval: Approval, to: User) -> Letter:
    """Tell `to` that a version was submitted, returned or endorsed, and what they can do now."""
    with translation.override(to.language):
        by = approval.by.shown_name
    return write_letter(
        {
            Verdict.SUBMITTED.value: "routine_submitted",
            Verdict.RETURNED.value: "routine_returned",
            Verdict.ENDORSED.value: "routine_endorsed",
        }[approval.verdict],
        key=verdict_key(approval, to),
        to=to,
        subject=_subject(_SUBJECTS[approval.verdict], approval.version, to),
        context={
            "approval": approval,
            "by": by,
            "version": approval.version,
            "routine": approval.version.routine,
            "unit": approval.version.routine.unit,
            "steps": steps_on_page(approval.version.routine.unit),
        },
    )


def verdict_key(approval: Approval, to: User) -> str:
    """What makes the letter about a decision one letter."""
    return f"routine_{approval.verdict}:{approval.pk}:{to.pk}"


def routine_in_force(version: RoutineVersion, to: User, *, programme: Programme, steps: list[StepOnPage]) -> Letter:
    """Tell `to` that a version is in force and where to read it; of a correction, what it changed and that nobody has
    to read again."""
    return write_letter(
        "routine_corrected" if version.minor else "routine_in_force",
        key=f"routine_in_force:{version.pk}:{to.pk}",
        to=to,
        subject=_subject(_CORRECTED if version.minor else _IN_FORCE, version, to),
        context={
            "version": version,
            "routine": version.routine,
            "unit": version.routine.unit,
            "programme": programme,
            "steps": steps,
        },
    )


def routine_withdrawn(version: RoutineVersion, to: User, *, programme: Programme, steps: list[StepOnPage]) -> Letter:
    """Tell `to` that a routine no longer applies, and why."""
    assert version.withdrawn_by is not None  # its letter is written when somebody has withdrawn it
    with translation.override(to.language):
        by = version.withdrawn_by.shown_name
    return write_letter(
        "routine_withdrawn",
        key=f"routine_withdrawn:{version.pk}:{to.pk}",
        to=to,
        subject=_subject(_WITHDRAWN, version, to),
        context={
            "version": version,
            "by": by,
            "routine": version.routine,
            "unit": version.routine.unit,
            "programme": programme,
            "steps": steps,
        },
    )


def _subject(sentence: Promise, version: RoutineVersion, to: User) -> str:
    with translation.override(to.language):
        return str(sentence) % {"routine": version.routine.title, "unit": version.routine.unit.name}
