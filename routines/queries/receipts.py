"""Who has read a routine and understood it: each for themselves, and for the manager who remains.

A major version asks everybody again; a receipt for any of its corrections counts for the others. Whoever approved a
version has read it: they are not asked, and no receipt is written for them.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Exists, Max, OuterRef, Q, QuerySet, Subquery

from jarfalla import clock
from routines.models import ReadReceipt, Routine, RoutineVersion
from units.models import Membership, Message, Unit, User
from units.queries import swedish_order

if TYPE_CHECKING:
    import datetime as dt


@dataclass(frozen=True)
class OwnReading:
    """What a person has said about a routine in force that applies to them."""

    in_force: RoutineVersion
    version: RoutineVersion | None  # the latest that they have read
    read_at: "dt.datetime | None" = None  # None when they approved it, and so read it

    @property
    def is_done(self) -> bool:
        """Whether the present wording is read: this version, or another with the same substance."""
        return self.version is not None and self.version.major == self.in_force.major

    @property
    def is_changed(self) -> bool:
        """Whether the substance has changed since the person read it."""
        return self.version is not None and not self.is_done


def own_readings(user: User, versions: Iterable[RoutineVersion]) -> dict[int, OwnReading]:
    """What `user` has said about each of these versions in force, by the routine's pk. One query."""
    wanted = {version.routine_id: version for version in versions}
    receipt = ReadReceipt.objects.filter(user=user, version=OuterRef("pk"))
    rows = RoutineVersion.objects.filter(Exists(receipt) | _approved_by(user), routine__in=wanted)
    rows = rows.annotate(read_at=Subquery(receipt.values("at"))).defer("words", "search").order_by("major", "minor")
    latest = {row.routine_id: (row, row.read_at) for row in rows}  # type: ignore[attr-defined]  # it is annotated
    return {pk: OwnReading(version, *latest.get(pk, (None,))) for pk, version in wanted.items()}


def _approved_by(user: "User | OuterRef") -> Q:
    """The versions that came into force on the word of `user`."""
    return Q(approved_by=user, in_force_at__isnull=False)


@dataclass(frozen=True)
class Reading:
    """Somebody who has read a version, or approved it, when."""

    user: User
    version: RoutineVersion
    at: "dt.datetime"
    has_approved: bool = False


@dataclass(frozen=True)
class Receipts:
    """Who of those who work in the unit has read the version in force. Nobody with protected data is named."""

    version: RoutineVersion
    remaining: list[User]
    read: list[Reading]
    protected_read: int
    protected: int
    reminded_at: "dt.datetime | None"

    @property
    def done(self) -> int:
        """How many have read it."""
        return len(self.read) + self.protected_read

    @property
    def total(self) -> int:
        """How many it applies to."""
        return len(self.read) + len(self.remaining) + self.protected


def receipts(version: RoutineVersion) -> Receipts:
    """Everybody who works in the unit now, by whether they have read the version in force."""
    unit = version.routine.unit
    staff = present_staff(unit)
    here = {person.pk: person for person in staff}
    first = {row.user.pk: row for row in reversed(_readings_of(version)) if row.user.pk in here}
    read = [first[pk] for pk, person in here.items() if pk in first and not person.is_protected]
    return Receipts(
        version=version,
        remaining=[person for pk, person in here.items() if pk not in first and not person.is_protected],
        read=read,
        protected_read=len(first) - len(read),
        protected=sum(person.is_protected for person in staff),
        reminded_at=reminders_of(version.routine).aggregate(at=Max("created_at"))["at"],
    )


@dataclass(frozen=True)
class ReadCount:
    """How many of those who work in the unit have read a version in force, of how many."""

    version: RoutineVersion
    done: int
    total: int


def read_counts(unit: Unit, versions: Iterable[RoutineVersion]) -> list[ReadCount]:
    """What `receipts` counts, of each of the unit's versions in force; three queries however many they are."""
    wanted = list(versions)
    routines = [version.routine_id for version in wanted]
    staff = set(present_staff(unit).values_list("pk", flat=True))
    receipts = ReadReceipt.objects.filter(version__routine__in=routines)
    approved = RoutineVersion.objects.filter(routine__in=routines, in_force_at__isnull=False)
    read: dict[tuple[int, int], set[int | None]] = defaultdict(set)
    for rows in (
        receipts.values_list("version__routine", "version__major", "user"),
        approved.values_list("routine", "major", "approved_by"),
    ):
        for routine, major, user in rows:
            read[routine, major].add(user)
    return [ReadCount(version, len(read[version.routine_id, version.major] & staff), len(staff)) for version in wanted]


def present_staff(unit: Unit) -> QuerySet[User]:
    """Everybody who works in the unit now, by name."""
    here = Membership.objects.present().filter(unit=unit, user=OuterRef("pk"))
    return User.objects.filter(Exists(here)).order_by(swedish_order("name"), "pk")


def remaining(version: RoutineVersion) -> QuerySet[User]:
    """Those who work in the unit and have not read the version in force, nor another with the same substance."""
    receipts = ReadReceipt.objects.filter(version__in=_same_substance(version), user=OuterRef("pk"))
    approved = _same_substance(version).filter(_approved_by(OuterRef("pk")))
    return present_staff(version.routine.unit).exclude(Exists(receipts)).exclude(Exists(approved))


def _same_substance(version: RoutineVersion) -> QuerySet[RoutineVersion]:
    return RoutineVersion.objects.filter(routine=version.routine_id, major=version.major)


def _readings_of(version: RoutineVersion) -> list[Reading]:
    """Everybody who has read the substance of the version, or approved it, the first time first; two queries."""
    receipts = ReadReceipt.objects.filter(version__in=_same_substance(version)).select_related("user", "version")
    found = [Reading(row.user, row.version, row.at) for row in receipts.defer("version__words", "version__search")]
    approved = _same_substance(version).filter(approved_by__isnull=False, in_force_at__isnull=False)
    for row in approved.select_related("approved_by").defer("words", "search"):
        assert row.approved_by is not None  # asked for
        assert row.approved_at is not None  # it came into force
        found.append(Reading(row.approved_by, row, row.approved_at, has_approved=True))
    return sorted(found, key=lambda row: row.at)


def reminders_of(routine: Routine) -> QuerySet[Message]:
    """The reminders to read a routine that have been written."""
    return Message.objects.filter(key__startswith=f"{reminder_key(routine)}:")


def reminder_key(routine: Routine, person: User | None = None) -> str:
    """Why a reminder exists: a person is reminded of a routine at most once a day, however often somebody asks."""
    about = f"routine_unread:{routine.pk}"
    return f"{about}:{person.pk}:{clock.today():%Y-%m-%d}" if person else about
