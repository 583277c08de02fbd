"""Which routines there are, and what comes next for each."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Case, Exists, OuterRef, Prefetch, Q, Value, When
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from jarfalla import clock
from routines.models import Approval, Routine, RoutineQuerySet, RoutineVersion, VersionState
from routines.queries.offers import open_offer_counts
from routines.queries.receipts import OwnReading, own_readings
from units.models import Membership, User
from units.queries import swedish_order

# What the coordinator can filter the list by: a superseded version is never the answer to where a routine stands.
STATES = [state for state in VersionState if state != VersionState.SUPERSEDED]
# And by this, which is no state: in force, and not looked over in time.
LATE = "late"

# What comes next and who does it, by the state of the version that is being written.
_NEXT: dict[VersionState, Promise] = {
    VersionState.DRAFT: gettext_lazy("Chefen skriver klart texten och skickar den till samordnaren."),
    VersionState.IN_REVIEW: gettext_lazy("Samordnaren läser och granskar."),
    VersionState.RETURNED: gettext_lazy("Chefen ändrar det som samordnaren har skrivit och skickar igen."),
    VersionState.ENDORSED: gettext_lazy("Chefen läser en sista gång och fastställer."),
    VersionState.APPROVED: gettext_lazy("Portalen skapar PDF:en. Det tar oftast några sekunder, högst någon minut."),
    VersionState.FAILED: gettext_lazy("Samordnaren eller chefen försöker skapa PDF:en igen."),
}


def what_is_next(version: RoutineVersion) -> str:
    """What comes next for a version that is being written, and who does it; empty for one that is in force."""
    return str(_NEXT.get(version.state, ""))


@dataclass(frozen=True)
class RoutineOnPage:
    """A routine in a list: its version in force and the one being written, each of them or none; and what the one
    who looks has said about the first, when it applies to them."""

    routine: Routine
    in_force: RoutineVersion | None
    being_written: RoutineVersion | None
    reading: OwnReading | None = None
    offers: int = 0  # in how many sections the template has changed, for those who write the routine

    @property
    def is_overdue(self) -> bool:
        """Whether it was to be looked over before today."""
        return self.in_force is not None and self.in_force.is_review_overdue(clock.today())

    @property
    def withdrawn(self) -> RoutineVersion | None:
        """The version that was withdrawn, while none is in force."""
        return self.routine.withdrawn

    @property
    def next(self) -> str:
        """What comes next and who does it."""
        return what_is_next(self.being_written) if self.being_written else ""

    @property
    def last_return(self) -> str:
        """What the reviewer asked for, while the version is back with its writer."""
        version = self.being_written
        if version is None or version.last_approval is None or version.state != VersionState.RETURNED:
            return ""
        return version.last_approval.comment


def listed(routines: RoutineQuerySet) -> RoutineQuerySet:
    """The same routines with what a list shows of each: three queries for any number of them.

    Texts stay in the database: the words to search in are as long as the routines themselves.
    """
    versions = RoutineVersion.objects.defer("words", "search")
    approvals = Approval.objects.defer("content_sha256")
    return routines.select_related("unit").prefetch_related(
        Prefetch("versions", versions), Prefetch("versions__approvals", approvals)
    )


def on_page(routines: Iterable[Routine], user: User) -> list[RoutineOnPage]:
    """The routines as a list shows them to `user`: drafts only to those who may write them."""
    routines = list(routines)
    asked = Routine.objects.filter(pk__in=[row.pk for row in routines])
    managed = set(asked.managed_by(user).values_list("pk", flat=True))
    applying = set(asked.applying_to(user).values_list("pk", flat=True))
    readings = own_readings(user, [row.in_force for row in routines if row.in_force and row.pk in applying])
    offers = open_offer_counts(row for row in routines if row.pk in managed)
    return [
        RoutineOnPage(
            routine=routine,
            in_force=routine.in_force,
            being_written=routine.being_written if routine.pk in managed else None,
            reading=readings.get(routine.pk),
            offers=offers.get(routine.pk, 0),
        )
        for routine in routines
    ]


def found(routines: RoutineQuerySet, *, text: str = "", kind: str = "", state: str = "") -> RoutineQuerySet:
    """Of these, the routines whose title or unit holds `text`, in units of `kind`, with a version in `state` (or that
    are LATE)."""
    if text:
        routines = routines.filter(Q(title__icontains=text) | Q(unit__name__icontains=text))
    if kind:
        routines = routines.filter(unit__kind=kind)
    if state == LATE:
        late = RoutineVersion.objects.to_review_before(clock.today()).filter(routine=OuterRef("pk"))
        return routines.filter(Exists(late))
    return routines.in_state(VersionState(state)) if state else routines


def waiting_first(routines: RoutineQuerySet) -> RoutineQuerySet:
    """Those that wait for the coordinator first, then by unit and title as Swedish sorts."""
    versions = RoutineVersion.objects.filter(routine=OuterRef("pk"))
    waits = Exists(versions.in_state(VersionState.IN_REVIEW)) | Exists(versions.in_state(VersionState.FAILED))
    return routines.annotate(turn=Case(When(waits, then=Value(0)), default=Value(1))).order_by(
        "turn", swedish_order("unit__name"), swedish_order("title"), "pk"
    )


def in_order(routines: RoutineQuerySet) -> RoutineQuerySet:
    """By title, as Swedish sorts."""
    return routines.order_by(swedish_order("title"), swedish_order("unit__name"), "pk")


def shared_by_others(user: User) -> RoutineQuerySet:
    """What units where `user` does not work offer to the others."""
    here = Membership.objects.present().filter(unit=OuterRef("unit"), user=user)
    return Routine.objects.shared().filter(~Exists(here))


def own(routines: RoutineQuerySet, user: User) -> RoutineQuerySet:
    """Of these, the routines of the units where `user` works now."""
    here = Membership.objects.present().filter(unit=OuterRef("unit"), user=user)
    return routines.filter(Exists(here))
