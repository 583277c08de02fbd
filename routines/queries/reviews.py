"""Which routines are to be looked over, and who is told."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from dateutil.relativedelta import relativedelta
from django.db.models import Q, QuerySet

from routines.models import RoutineVersion
from units.models import Membership, MembershipRole, Message, User, UserRole

# So long before the review date the first reminder goes out.
AHEAD = dt.timedelta(days=30)


@dataclass(frozen=True)
class ReviewReminder:
    """One letter about one version to one person. `months_late` is 0 ahead of the day, 1 from the day after it, and
    rises with each calendar month."""

    version: RoutineVersion
    due_on: dt.date
    months_late: int
    to: User

    @property
    def key(self) -> str:
        """Says why the letter exists: nobody is told twice of the same day, also when a correction has come since."""
        return f"routine_review:{self.version.routine_id}:{self.due_on}:{self.months_late}:{self.to.pk}"


def versions_to_review(*, on: dt.date) -> "QuerySet[RoutineVersion]":
    """Versions in force whose review date has passed or comes within AHEAD."""
    coming = RoutineVersion.objects.to_review_before(on + AHEAD + dt.timedelta(days=1)).defer("words", "search")
    return coming.select_related("routine__unit", "routine__owner").order_by("approved_at", "pk")


def reminders(*, on: dt.date) -> list[ReviewReminder]:
    """The letters that the day `on` calls for and that nobody has been sent yet. As many queries for one as for a
    hundred, for beat asks every minute."""
    versions = list(versions_to_review(on=on))
    to = recipients(versions)
    wanted = []
    for version in versions:
        due_on = version.review_on
        assert due_on is not None  # it is in force
        late = months_late(due_on, on=on)
        wanted += [ReviewReminder(version, due_on, late, person) for person in to[version.pk]]
    written = set(Message.objects.filter(key__in=[row.key for row in wanted]).values_list("key", flat=True))
    return [row for row in wanted if row.key not in written]


def months_late(due_on: dt.date, *, on: dt.date) -> int:
    """0 up to the review date, then 1, and one more each calendar month."""
    if on <= due_on:
        return 0
    late = relativedelta(on, due_on)
    return late.years * 12 + late.months + 1


def recipients(versions: Collection[RoutineVersion]) -> dict[int, list[User]]:
    """By the version's key: its routine's owner and the coordinators; the unit's managers in place of an owner who has
    left. Two queries, when the routines and their owners are loaded."""
    coordinators = list(User.objects.filter(role=UserRole.COORDINATOR, is_active=True).order_by("pk"))
    units = {version.routine.unit_id for version in versions}
    owners = {version.routine.owner_id for version in versions if version.routine.owner_id}
    managers: dict[int, list[User]] = defaultdict(list)
    working: set[tuple[int, int]] = set()
    here = Membership.objects.present().filter(unit__in=units, user__is_active=True)
    for row in here.filter(Q(role=MembershipRole.MANAGER) | Q(user__in=owners)).select_related("user").order_by("user"):
        working.add((row.unit_id, row.user_id))
        if row.role == MembershipRole.MANAGER:
            managers[row.unit_id].append(row.user)
    found = {}
    for version in versions:
        routine = version.routine
        owner = routine.owner if (routine.unit_id, routine.owner_id) in working else None
        answering = [owner] if owner else managers[routine.unit_id]
        found[version.pk] = list(dict.fromkeys([*answering, *coordinators]))
    return found
