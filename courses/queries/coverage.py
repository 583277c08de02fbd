"""Who has taken the web course, and what share of a unit's staff that is."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum
from django.utils.translation import gettext as _

from courses.models import Completion, GroupSession
from jarfalla import clock
from units.models import DeclaredHeadcount, Membership, Refused, Unit, User
from units.queries import swedish_order


@dataclass(frozen=True)
class Coverage:
    """Täckning: how many of the staff on the day `on` had taken the web course by then.

    `size` is how many work there, `named` those of the staff list who are registered by name, `headcount` the
    participants of group sessions who were only counted.
    """

    size: int
    named: int
    headcount: int
    on: dt.date

    @property
    def counted(self) -> int:
        """Registered by name and counted without one, together; may exceed `size`."""
        return self.named + self.headcount

    @property
    def covered(self) -> int:
        """How many have taken the course: never more than work there."""
        return min(self.size, self.counted)

    @property
    def percent(self) -> int:
        """The share in whole percent, rounded down, so that 79.9 never shows as 80; 0 when nobody works there."""
        return self.covered * 100 // self.size if self.size else 0

    def meets(self, threshold: int) -> bool:
        """Whether at least `threshold` percent have taken the course; reckoned in integers. False without staff."""
        return self.size > 0 and self.covered * 100 >= threshold * self.size

    def required(self, threshold: int) -> int:
        """How many people `threshold` percent is, rounded up."""
        return -(-threshold * self.size // 100)

    def missing(self, threshold: int) -> int:
        """How many more people have to take the course."""
        return max(0, self.required(threshold) - self.covered)

    def room(self, names: int = 0) -> int:
        """How many participants can still be counted without a name, when `names` more are registered by name."""
        return max(0, self.size - self.covered - names)

    def require_room(self, headcount: int, names: int) -> None:
        """Raise Refused, with the figures, unless `headcount` unnamed participants fit beside `names` named ones."""
        room = self.room(names)
        if headcount <= room:
            return
        if self.size == 0:
            raise Refused(_("Enheten har ingen personal i portalen. Lägg till personal först."))
        sentence = _(
            "Högst %(room)s kan räknas utan namn: enheten har %(size)s anställda, %(covered)s har redan gått kursen "
            "och %(names)s är valda med namn."
        )
        if room == 0:
            sentence = _(
                "Ingen fler kan räknas utan namn: enheten har %(size)s anställda, %(covered)s har redan gått kursen "
                "och %(names)s är valda med namn."
            )
        raise Refused(sentence % {"room": room, "size": self.size, "covered": self.covered, "names": names})


def coverage(unit: Unit, on: dt.date | None = None) -> Coverage:
    """The coverage of one unit on a day, today when not given; three queries."""
    return coverages([unit], on)[unit.pk]


def coverages(units: Iterable[Unit], on: dt.date | None = None) -> dict[int, Coverage]:
    """The coverage of each unit by its primary key; three queries for any number of units.

    A declared headcount goes before the staff list, as in `Unit.size`.
    """
    on, units = on or clock.today(), list(units)
    taken = Completion.objects.standing().filter(user=OuterRef("user"), completed_on__lte=on)
    staff = {
        row["unit"]: row
        for row in Membership.objects.present(on)
        .filter(unit__in=units)
        .values("unit")
        .annotate(size=Count("user", distinct=True), named=Count("user", distinct=True, filter=Exists(taken)))
    }
    sessions = GroupSession.objects.standing().filter(unit__in=units, held_on__lte=on)
    headcounts = dict(sessions.values_list("unit").annotate(Sum("headcount", default=0)))
    declared = {}
    for row in DeclaredHeadcount.objects.by(on).filter(unit__in=units).reverse():
        declared[row.unit_id] = row.headcount
    nobody = {"size": 0, "named": 0}
    return {
        unit.pk: Coverage(
            size=declared.get(unit.pk) or staff.get(unit.pk, nobody)["size"],
            named=staff.get(unit.pk, nobody)["named"],
            headcount=headcounts.get(unit.pk, 0),
            on=on,
        )
        for unit in units
    }


def listed_staff(unit: Unit) -> QuerySet[User]:
    """The present staff who may stand in a list: active accounts, nobody with protected personal data."""
    present = Membership.objects.present().filter(unit=unit, user=OuterRef("pk"))
    return User.objects.filter(Exists(present), is_active=True, is_protected=False).order_by(
        swedish_order("name"), "pk"
    )


def staff_without_course(unit: Unit) -> QuerySet[User]:
    """Those of the listed staff who are not registered as having taken the course."""
    return listed_staff(unit).exclude(Exists(Completion.objects.standing().filter(user=OuterRef("pk"))))


def registered_completions(unit: Unit) -> QuerySet[Completion]:
    """The standing completions of the listed staff, latest first."""
    return (
        Completion.objects.standing()
        .filter(user__in=listed_staff(unit).order_by())
        .select_related("user")
        .order_by("-completed_on", swedish_order("user__name"), "pk")
    )


def recorded_sessions(unit: Unit) -> QuerySet[GroupSession]:
    """The unit's standing group sessions, latest first, each with `names`: how many completions still point at it."""
    names = Count("completions", filter=Q(completions__withdrawn_at__isnull=True))
    return unit.group_sessions.standing().annotate(names=names).order_by("-held_on", "-pk")


def own_completion(user: User) -> Completion | None:
    """When the person took the course, if that is registered."""
    return user.course_completions.standing().first()
