"""Open occasions: which there are, how many places are left, and who waits in what order."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet, Sum

from courses.models import SignUp, SignUpAudience, Training, TrainingState, training_conditions
from units.models import User
from units.queries import swedish_order

_STANDING = Q(sign_ups__withdrawn_at__isnull=True)
_PLACED = _STANDING & Q(sign_ups__placed_at__isnull=False)
_WAITING = _STANDING & Q(sign_ups__placed_at__isnull=True)


@dataclass(frozen=True)
class Places:
    """How full an open occasion is, in people: `placed` have a place, `waiting` wait; no `capacity` is no limit."""

    capacity: int | None
    placed: int
    waiting: int

    @property
    def free(self) -> int | None:
        """How many places are left; None without a limit. A capacity that was lowered below its promises leaves 0."""
        return None if self.capacity is None else max(0, self.capacity - self.placed)

    @property
    def is_full(self) -> bool:
        """Whether whoever signs up now has to wait."""
        return self.free == 0


def places(training: Training) -> Places:
    """How full the training is now; one query."""
    standing = training.sign_ups.standing().order_by()
    sums = standing.aggregate(
        placed=Sum("seats", filter=Q(placed_at__isnull=False), default=0),
        waiting=Sum("seats", filter=Q(placed_at__isnull=True), default=0),
    )
    return Places(training.capacity, sums["placed"], sums["waiting"])


def open_trainings(at: dt.datetime) -> list[tuple[Training, Places]]:
    """The occasions that one can sign up to at the moment `at`, soonest first, and how full each is; one query."""
    found = Training.objects.in_state(TrainingState.BOOKED, at).filter(takes_sign_ups=True)
    counted = found.annotate(
        placed=Sum("sign_ups__seats", filter=_PLACED, default=0),
        waiting=Sum("sign_ups__seats", filter=_WAITING, default=0),
    )
    rows = counted.order_by("starts_at", "pk")
    return [
        (row, Places(row.capacity, row.placed, row.waiting))  # type: ignore[attr-defined]  # both are annotated
        for row in rows
    ]


def trainings_to_tend(at: dt.datetime) -> QuerySet[Training]:
    """The trainings with a change that somebody signed up has not heard of, or with somebody who waits for a place."""
    standing = SignUp.objects.standing().filter(training=OuterRef("pk"))
    behind = Exists(standing.filter(sequence__lt=OuterRef("sequence")))
    waits = Exists(standing.filter(placed_at__isnull=True)) & training_conditions(at)[TrainingState.BOOKED]
    return Training.objects.filter(behind | waits).order_by("pk")


def place_in_line(sign_up: SignUp) -> int:
    """Which number the sign-up has on the waiting list, from 1; 0 when it does not wait."""
    if sign_up.placed_at or sign_up.withdrawn_at:
        return 0
    before = Q(signed_up_at__lt=sign_up.signed_up_at) | Q(signed_up_at=sign_up.signed_up_at, pk__lte=sign_up.pk)
    return sign_up.training.sign_ups.waiting().filter(before).count()


def signed_up(training: Training, audience: SignUpAudience = SignUpAudience.ALL) -> QuerySet[SignUp]:
    """Those who have a place, who wait, or both, the first who signed up first."""
    standing = training.sign_ups.standing()
    chosen = {
        SignUpAudience.PLACED: standing.placed(),
        SignUpAudience.WAITING: standing.waiting(),
        SignUpAudience.ALL: standing,
    }[audience]
    return chosen.select_related("user").order_by("signed_up_at", "pk")


def guests(training: Training) -> QuerySet[SignUp]:
    """Those without an account who have a place, as they stand on a list of names."""
    placed = training.sign_ups.placed().filter(user__isnull=True, erased_at__isnull=True)
    return placed.order_by(swedish_order("name"), "pk")


def account_at(email: str) -> User | None:
    """The person with this address, unless the account is closed; a protected person too, who must get no mail."""
    return User.objects.filter(Q(is_active=True) | Q(is_protected=True), email__iexact=email).first()
