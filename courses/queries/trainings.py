"""Which trainings there are, and in what order somebody must act on them."""

import datetime as dt

from django.db.models import Case, Count, F, Max, Value, When
from django.utils.translation import gettext as _

from courses.models import TrainingQuerySet, TrainingState, training_conditions
from units.models import Refused, Round, Unit


def require_attendance(unit: Unit, *, on: dt.date, attended: int | None) -> None:
    """Raise Refused when more took part in a training than work in the unit, now or on the day `on`.

    A unit whose size is not known sets no limit.
    """
    size = max(unit.size(), unit.size(on))
    if attended is not None and 0 < size < attended:
        raise Refused(_("Enheten har %(size)s anställda. Ange högst så många deltagare.") % {"size": size})


def last_held_on(round_: Round) -> dt.date | None:
    """The day of the round's latest training that was held; None when none was."""
    day: dt.date | None = round_.trainings.aggregate(day=Max("held_on"))["day"]
    return day


def in_order_of_need(trainings: TrainingQuerySet, at: dt.datetime) -> TrainingQuerySet:
    """First those that wait for an answer, then the coming ones (soonest first), the held and the cancelled."""
    conditions = training_conditions(at)
    rank = Case(*(When(condition, then=Value(place)) for place, condition in enumerate(conditions.values())))
    soonest_first = Case(When(held_on__isnull=True, cancelled_at__isnull=True, then=F("starts_at")))
    return trainings.prefetch_related("rounds__unit").order_by(rank, soonest_first, "-starts_at", "-pk")


def training_counts(trainings: TrainingQuerySet, at: dt.datetime) -> dict[TrainingState, int]:
    """How many of the trainings are in each state; one query."""
    conditions = training_conditions(at)
    counts = trainings.aggregate(**{state.value: Count("pk", filter=q) for state, q in conditions.items()})
    return {state: counts[state.value] for state in conditions}
