"""Step 3."""

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from routines.models import Routine, VersionState
from units.actions import complete_step
from units.actions.steps import lock_round
from units.models import Round, Step, StepBlocked, StepCompletion, User


@transaction.atomic
def complete_routines(round_: Round, *, on: dt.date, by: User, override_reason: str = "") -> StepCompletion:
    """Log step 3 when the unit has a routine in force; return the completion that already stands.

    A reason lets the coordinator pass without one, and is kept only when it was needed. Raises StepBlocked when no
    routine is in force, and whatever units.actions.complete_step refuses.
    """
    round_ = lock_round(round_)
    if Step.ROUTINES not in round_.standing():
        round_.require_next(Step.ROUTINES)
        if Routine.objects.filter(unit=round_.unit).in_state(VersionState.IN_FORCE).exists():
            override_reason = ""
        elif not override_reason:
            raise StepBlocked(_("Enheten har ingen rutin som gäller än. Steget är klart när minst en är fastställd."))
    return complete_step(round_, Step.ROUTINES, on=on, by=by, override_reason=override_reason)
