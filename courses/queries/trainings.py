"""Which trainings there are, in what order somebody must act on them, and what a round still waits for."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Case, Count, F, Prefetch, Q, QuerySet, Value, When, prefetch_related_objects
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from courses.models import Material, Training, TrainingQuerySet, TrainingRound, TrainingState, training_conditions
from courses.queries.attendance import require_room
from units.models import Kind, Membership, Round, Step, Unit
from units.queries import swedish_order

# Preschools get two lectures each.
USUAL_PARTS = {Kind.PRESCHOOL: 2}


@dataclass(frozen=True)
class Readiness:
    """What a round's trainings say about step 2."""

    # The first day on which the step could be complete; None when nothing that was planned has been held in full.
    ready_on: dt.date | None = None
    # The first part that is neither held nor cancelled of a series that has begun, while nothing is ready.
    missing: Training | None = None


def readiness(trainings: Iterable[Training]) -> Readiness:
    """What these trainings of one round say: a training by itself must be held, a series in all its parts.

    Parts that were cancelled are not waited for.
    """
    ready: list[dt.date] = []
    missing: list[Training] = []
    for occasions in _belonging_together(trainings):
        held = [row.held_on for row in occasions if row.held_on]
        if len(held) == len(occasions):
            ready.append(max(held))
        elif held:
            missing += [row for row in occasions if not row.held_on]
    if ready:
        return Readiness(ready_on=min(ready))
    return Readiness(missing=min(missing, key=lambda row: row.starts_at, default=None))


def round_readiness(round_: Round) -> Readiness:
    """What the round's trainings say about its step 2, now."""
    return readiness(round_.trainings.filter(cancelled_at__isnull=True))


def held_in_full_on(training: Training, round_: Round) -> dt.date | None:
    """The day on which `training` and, in this round, the whole series that it is a part of had been held."""
    together = Q(series=training.series_id) if training.series_id else Q(pk=training.pk)
    return readiness(round_.trainings.filter(together, cancelled_at__isnull=True)).ready_on


def _belonging_together(trainings: Iterable[Training]) -> Iterable[list[Training]]:
    """The trainings that are not cancelled, the parts of a series together."""
    found: dict[tuple[str, int], list[Training]] = defaultdict(list)
    for row in trainings:
        if not row.cancelled_at:
            found[("series", row.series_id) if row.series_id else ("training", row.pk)].append(row)
    return found.values()


def missing_part(training: Training) -> str:
    """A sentence about the part of a series that is neither held nor cancelled yet."""
    parts = len(siblings(training))
    day = formats.date_format(timezone.localtime(training.starts_at), "j F Y")
    sentence = _("Del %(part)s av %(parts)s, ”%(title)s” den %(day)s, är inte genomförd än.")
    return sentence % {"part": training.part, "parts": parts, "title": training.title, "day": day}


def siblings(training: Training) -> list[Training]:
    """All parts of the training's series, itself among them, in order; nothing for a training by itself."""
    if training.series_id is None:
        return []
    return list(Training.objects.filter(series=training.series_id).order_by("part"))


def with_units(trainings: TrainingQuerySet) -> TrainingQuerySet:
    """The same trainings, each with its rounds and units in Swedish order, and the number of parts of its series."""
    rows = TrainingRound.objects.select_related("round__unit").order_by(swedish_order("round__unit__name"), "pk")
    return trainings.select_related("series").prefetch_related(Prefetch("training_rounds", rows), "series__trainings")


def in_order_of_need(trainings: TrainingQuerySet, at: dt.datetime) -> TrainingQuerySet:
    """First those that wait for an answer, then the coming ones (soonest first), the held and the cancelled."""
    conditions = training_conditions(at)
    rank = Case(*(When(condition, then=Value(place)) for place, condition in enumerate(conditions.values())))
    soonest_first = Case(When(held_on__isnull=True, cancelled_at__isnull=True, then=F("starts_at")))
    return with_units(trainings).order_by(rank, soonest_first, "-starts_at", "-pk")


def training_counts(trainings: TrainingQuerySet, at: dt.datetime) -> dict[TrainingState, int]:
    """How many of the trainings are in each state; one query."""
    conditions = training_conditions(at)
    counts = trainings.aggregate(
        **{state.value: Count("pk", filter=q, distinct=True) for state, q in conditions.items()}
    )
    return {state: counts[state.value] for state in conditions}


def rounds_to_train(training: Training | None = None) -> QuerySet[Round]:
    """The rounds that a training can be planned for: the open ones, and those that `training` is for already."""
    possible = Q(closed_on__isnull=True)
    if training:
        possible |= Q(pk__in=training.rounds.values("pk"))
    return Round.objects.filter(possible).select_related("unit").order_by(swedish_order("unit__name"), "pk")


def materials_to_use(training: Training | None = None) -> QuerySet[Material]:
    """The material that a training can point at: what is in the library, and what `training` points at already."""
    possible = Q(retired_at__isnull=True)
    if training:
        possible |= Q(pk__in=training.materials.values("pk"))
    return Material.objects.filter(possible)


def require_attendance(training: Training, unit: Unit, *, on: dt.date, headcount: int | None) -> None:
    """Raise Refused when more of the unit came than work there, those who are recorded by name included.

    A unit whose size is not known sets no limit.
    """
    staff = Membership.objects.present(on).filter(unit=unit).values("user")
    names = training.attendances.filter(withdrawn_at__isnull=True, user__in=staff).count()
    require_room(unit, on=on, names=names, headcount=headcount)


@dataclass(frozen=True)
class Turnout:
    """How many came to a training: by name, and counted without a name."""

    names: int = 0
    counted: int = 0
    by_unit: list[tuple[Unit, int]] = field(default_factory=list)  # what was counted, of the units that counted

    @property
    def total(self) -> int:
        """Everybody."""
        return self.names + self.counted


def turnout(training: Training) -> Turnout:
    """How many came; the training's units are read as they were fetched."""
    names = training.attendances.filter(withdrawn_at__isnull=True).count()
    by_unit = [(row.round.unit, row.headcount) for row in training.training_rounds.all() if row.headcount]
    return Turnout(names, sum(n for _, n in by_unit) + (training.headcount or 0), by_unit)


@dataclass(frozen=True)
class TrainedUnit:
    """A unit that a training is for, and where its step 2 stands."""

    unit: Unit
    is_done: bool  # step 2 of the round
    waits: str  # why it is not, in a few words; empty when it is only the training that is missing


def trained_units(training: Training) -> list[TrainedUnit]:
    """The training's units in Swedish order; two queries for any number of them."""
    rows = list(training.training_rounds.all())
    prefetch_related_objects(rows, "round__completions")
    found = []
    for row in rows:
        standing = row.round.standing()
        waits = ""
        if row.round.closed_on:
            waits = _("Omgången är avslutad")
        elif Step.WEB_COURSE not in standing:
            waits = _("Steg 1 är inte klart än")
        found.append(TrainedUnit(row.round.unit, Step.TRAINING in standing, waits))
    return found
