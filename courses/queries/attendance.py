"""Who may have come to a training, and who is recorded to have."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from courses.models import Attendance, SignUp, Training, TrainingRound
from units.models import Membership, Refused, Unit, User
from units.queries import swedish_order


@dataclass(frozen=True)
class Group:
    """Those who may have come together: the staff of one invited unit, or (without one) others who signed up."""

    row: TrainingRound | None
    people: list[User]
    # Primary keys of those of `people` who are recorded.
    recorded: frozenset[int]

    @property
    def unit(self) -> Unit | None:
        """The invited unit; None for the others."""
        return self.row.round.unit if self.row else None

    @property
    def headcount(self) -> int | None:
        """How many of the unit came without being named, as far as that is recorded."""
        return self.row.headcount if self.row else None


def day_of(training: Training) -> dt.date:
    """The day on which the training starts, in Europe/Stockholm."""
    return timezone.localdate(training.starts_at)


def groups(training: Training, units: QuerySet[Unit], *, others: bool) -> list[Group]:
    """The staff of those of `units` that are invited, as they were on the day; `others` adds who signed up from
    elsewhere with an account. Nobody stands in two groups, and no protected person in any. Three queries.
    """
    rows = training.training_rounds.filter(round__unit__in=units).select_related("round__unit")
    rows = rows.order_by(swedish_order("round__unit__name"), "pk")
    recorded = frozenset(recorded_people(training))
    invited = {row.round.unit_id: row for row in rows}
    staff: dict[int, list[User]] = {unit: [] for unit in invited}
    seen: set[int] = set()
    for person in _staff(invited, day_of(training)):
        if person.pk not in seen:
            seen.add(person.pk)
            staff[person.unit_pk].append(person)  # type: ignore[attr-defined]  # annotated
    found = [Group(row, staff[unit], recorded) for unit, row in invited.items()]
    if others:
        people = [person for person in _others(training) if person.pk not in seen]
        found += [Group(None, people, recorded)] if people else []
    return found


def _staff(units: Iterable[int], day: dt.date) -> Iterable[User]:
    """The listed staff of the units on the day, each with `unit_pk`; a person of two units comes twice."""
    listed = Membership.objects.present(day).filter(unit__in=units, user__is_active=True, user__is_protected=False)
    ordered = listed.select_related("user").order_by(swedish_order("user__name"), "user", "unit")
    for membership in ordered:
        membership.user.unit_pk = membership.unit_id  # type: ignore[attr-defined]  # read by groups() alone
        yield membership.user


def _others(training: Training) -> QuerySet[User]:
    """Who signed up with an account."""
    signed_up = SignUp.objects.standing().filter(training=training, user=OuterRef("pk"))
    found = User.objects.filter(Exists(signed_up), is_active=True, is_protected=False)
    return found.order_by(swedish_order("name"), "pk")


def recorded_people(training: Training) -> QuerySet[Attendance, int]:
    """The primary keys of everybody who is recorded to have come."""
    return training.attendances.filter(withdrawn_at__isnull=True).values_list("user", flat=True)


def may_attend(training: Training) -> QuerySet[User]:
    """Those who work in an invited unit on the day of the training, or have signed up to it with their account."""
    invited = Unit.objects.filter(rounds__training_rounds__training=training)
    works = Membership.objects.present(day_of(training)).filter(unit__in=invited, user=OuterRef("pk"))
    signed_up = SignUp.objects.standing().filter(training=training, user=OuterRef("pk"))
    return User.objects.filter(Exists(works) | Exists(signed_up))


def require_room(unit: Unit, *, on: dt.date, names: int, headcount: int | None) -> None:
    """Raise Refused, with the figures, when more came than work in the unit, now or on the day `on`.

    A unit whose size is not known sets no limit; neither do names alone.
    """
    size = max(unit.size(), unit.size(on))
    if not headcount or size == 0 or names + headcount <= size:
        return
    sentence = _("Enheten har %(size)s anställda och %(names)s är avprickade med namn. Ange högst %(room)s.")
    if names >= size:
        sentence = _("Alla %(size)s anställda är redan avprickade med namn. Lämna tomt.")
    raise Refused(sentence % {"size": size, "names": names, "room": size - names})
