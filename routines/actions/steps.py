"""Step 3: a routine in force, and the manager's word that it is written into the plan."""

import datetime as dt
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from jarfalla import clock
from routines.actions.locking import lock_routine
from routines.models import PlanEntry, Routine, VersionState
from units.actions import complete_step
from units.actions.steps import lock_round
from units.models import Refused, Round, Step, StepBlocked, StepCompletion, User


@dataclass(frozen=True)
class InPlan:
    """What the manager says: this routine was written into the plan that day, and there."""

    routine: Routine
    written_on: dt.date
    reference: str


@transaction.atomic
def record_plan_entry(routine: Routine, *, written_on: dt.date, reference: str, by: User) -> PlanEntry:
    """Keep that a routine in force is written into the unit's plan (verksamhetsplan); saying the same twice says it
    once.

    Raises Refused when no version of the routine is in force, and when something else is recorded already.
    """
    routine = lock_routine(routine)
    reference = " ".join(reference.split())
    if standing := routine.plan_entries.standing().first():
        if (standing.written_on, standing.reference) == (written_on, reference):
            return standing
        raise Refused(_("Det är redan registrerat att rutinen finns i verksamhetsplanen. Ta bort det först."))
    if routine.in_force is None:
        raise Refused(_("Rutinen gäller inte än. Registrera det här när den är fastställd."))
    return routine.plan_entries.create(written_on=written_on, reference=reference, recorded_by=by)


@transaction.atomic
def withdraw_plan_entry(routine: Routine, *, by: User) -> PlanEntry | None:
    """Take back that the routine is written into the plan; None when that was never said, or is taken back already."""
    routine = lock_routine(routine)
    entry = routine.plan_entries.standing().first()
    if entry is not None:
        entry.withdrawn_at, entry.withdrawn_by = clock.now(), by
        entry.save()
    return entry


@transaction.atomic
def complete_routines(
    round_: Round, *, on: dt.date, by: User, override_reason: str = "", in_plan: InPlan | None = None
) -> StepCompletion:
    """Log step 3 when the unit has a routine in force that is written into its plan; return the completion that
    already stands. `in_plan` records the latter in the same go.

    A reason lets the coordinator pass without, and is kept only when it was needed. Raises StepBlocked when no routine
    is in force, or none of those in force is written into the plan, Refused as record_plan_entry does, and whatever
    units.actions.complete_step refuses.
    """
    round_ = lock_round(round_)
    if Step.ROUTINES not in round_.standing():
        round_.require_next(Step.ROUTINES)
        if in_plan:
            record_plan_entry(in_plan.routine, written_on=in_plan.written_on, reference=in_plan.reference, by=by)
        missing = _missing(round_)
        if not missing:
            override_reason = ""
        elif not override_reason:
            raise StepBlocked(missing)
    return complete_step(round_, Step.ROUTINES, on=on, by=by, override_reason=override_reason)


def _missing(round_: Round) -> str:
    """What step 3 lacks, in a sentence; empty when nothing."""
    in_force = Routine.objects.filter(unit=round_.unit).in_state(VersionState.IN_FORCE)
    if not in_force.exists():
        return _("Enheten har ingen rutin som gäller än. Steget är klart när minst en är fastställd.")
    if not PlanEntry.objects.standing().filter(routine__in=in_force).exists():
        return _("Steget är klart när chefen har skrivit in rutinen i verksamhetsplanen. Fyll i när och var.")
    return ""
