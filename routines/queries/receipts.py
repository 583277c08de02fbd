"""Who has read a routine and understood it: each for themselves, and for the manager who remains.

A major version asks everybody again; a receipt for any of its corrections counts for the others.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Exists, Max, OuterRef, QuerySet

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
    receipt: ReadReceipt | None  # the latest, whatever version it is for

    @property
    def is_done(self) -> bool:
        """Whether the present wording is read: this version, or another with the same substance."""
        return self.receipt is not None and self.receipt.version.major == self.in_force.major

    @property
    def is_changed(self) -> bool:
        """Whether the substance has changed since the person read it."""
        return self.receipt is not None and not self.is_done


def own_readings(user: User, versions: Iterable[RoutineVersion]) -> dict[int, OwnReading]:
    """What `user` has said about each of these versions in force, by the routine's pk. One query."""
    wanted = {version.routine_id: version for version in versions}
    rows = ReadReceipt.objects.filter(user=user, version__routine__in=wanted).select_related("version")
    rows = rows.defer("version__words", "version__search").order_by("version__major", "version__minor")
    latest = {row.version.routine_id: row for row in rows}
    return {pk: OwnReading(version, latest.get(pk)) for pk, version in wanted.items()}


@dataclass(frozen=True)
class Receipts:
    """Who of those who work in the unit has read the version in force. Nobody with protected data is named."""

    version: RoutineVersion
    remaining: list[User]
    read: list[ReadReceipt]
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
    here = Membership.objects.present().filter(unit=unit, user=OuterRef("user"))
    rows = _receipts_for(version).filter(Exists(here)).select_related("user", "version")
    rows = rows.defer("version__words", "version__search").order_by(swedish_order("user__name"), "user", "at")
    first = {row.user_id: row for row in reversed(rows)}
    read = [row for row in reversed(first.values()) if not row.user.is_protected]
    return Receipts(
        version=version,
        remaining=list(remaining(version).filter(is_protected=False)),
        read=read,
        protected_read=len(first) - len(read),
        protected=present_staff(unit).filter(is_protected=True).count(),
        reminded_at=reminders_of(version.routine).aggregate(at=Max("created_at"))["at"],
    )


def present_staff(unit: Unit) -> QuerySet[User]:
    """Everybody who works in the unit now, by name."""
    here = Membership.objects.present().filter(unit=unit, user=OuterRef("pk"))
    return User.objects.filter(Exists(here)).order_by(swedish_order("name"), "pk")


def remaining(version: RoutineVersion) -> QuerySet[User]:
    """Those who work in the unit and have not read the version in force, nor another with the same substance."""
    return present_staff(version.routine.unit).exclude(Exists(_receipts_for(version).filter(user=OuterRef("pk"))))


def _receipts_for(version: RoutineVersion) -> QuerySet[ReadReceipt]:
    return ReadReceipt.objects.filter(version__routine=version.routine_id, version__major=version.major)


def reminders_of(routine: Routine) -> QuerySet[Message]:
    """The reminders to read a routine that have been written."""
    return Message.objects.filter(key__startswith=f"{reminder_key(routine)}:")


def reminder_key(routine: Routine, person: User | None = None) -> str:
    """Why a reminder exists: a person is reminded of a routine at most once a day, however often somebody asks."""
    about = f"routine_unread:{routine.pk}"
    return f"{about}:{person.pk}:{clock.today():%Y-%m-%d}" if person else about
