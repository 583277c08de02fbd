"""Which routines there are, what comes next for each, and whom to call."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Case, Exists, OuterRef, Q, QuerySet, Value, When
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routines.models import (
    Approval,
    Contact,
    Routine,
    RoutineQuerySet,
    RoutineVersion,
    Template,
    Verdict,
    VersionState,
)
from units.models import Unit, User
from units.queries import swedish_key, swedish_order

# What the coordinator can filter the list by: a superseded version is never the answer to where a routine stands.
STATES = [state for state in VersionState if state != VersionState.SUPERSEDED]

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
    """A routine in a list: its version in force and the one being written, each of them or none."""

    routine: Routine
    in_force: RoutineVersion | None
    being_written: RoutineVersion | None

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
    """The same routines with what a list shows of each: three queries for any number of them."""
    return routines.select_related("unit").prefetch_related("versions__approvals")


def on_page(routines: Iterable[Routine], user: User) -> list[RoutineOnPage]:
    """The routines as a list shows them to `user`: drafts only to those who may write them."""
    routines = list(routines)
    managed = set(Routine.objects.managed_by(user).filter(pk__in=[row.pk for row in routines]).values_list("pk"))
    return [
        RoutineOnPage(
            routine=routine,
            in_force=routine.in_force,
            being_written=routine.being_written if (routine.pk,) in managed else None,
        )
        for routine in routines
    ]


def found(routines: RoutineQuerySet, *, text: str = "", kind: str = "", state: str = "") -> RoutineQuerySet:
    """Of these, the routines whose title or unit holds `text`, in units of `kind`, with a version in `state`."""
    if text:
        routines = routines.filter(Q(title__icontains=text) | Q(unit__name__icontains=text))
    if kind:
        routines = routines.filter(unit__kind=kind)
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


def templates_for(unit: Unit) -> list[Template]:
    """Every template, those made for the unit's kind first."""
    return sorted(Template.objects.all(), key=lambda row: (unit.kind not in row.kinds, swedish_key(row.name)))


def endorsed_by(version: RoutineVersion) -> User | None:
    """Who has reviewed the present text; None before that."""
    last = version.approvals.select_related("by").filter(verdict=Verdict.ENDORSED).order_by("-pk").first()
    return last.by if last else None


def decisions(version: RoutineVersion) -> list[tuple[Approval, str]]:
    """What was done with a version, oldest first, each with the name of the one who did it."""
    return [(row, row.by.shown_name) for row in version.approvals.select_related("by").order_by("pk")]


def may_approve(user: User, version: RoutineVersion) -> str:
    """Why `user` may not approve an endorsed version, in a sentence; empty when they may."""
    if not version.routine.unit.managers().filter(pk=user.pk).exists():
        return _("Det är enhetens chef som fastställer rutinen.")
    if endorsed_by(version) == user:
        return _("Du har granskat den här versionen. Någon annan måste fastställa den.")
    return ""


def contacts() -> QuerySet[Contact]:
    """Whom to call, the most urgent first."""
    return Contact.objects.select_related("checked_by").order_by("position", "name")


def contact_groups() -> list[tuple[str, list[Contact]]]:
    """The contacts by whom they are for: everybody, people at work, and then those who are exposed and the rest."""
    groups: dict[str, list[Contact]] = {"everybody": [], "at_work": [], "exposed": []}
    for contact in contacts():
        audience = contact.audience.lower()
        group = "at_work" if "yrkesverksam" in audience else "exposed"
        groups["everybody" if audience in ("", "alla") else group].append(contact)
    headings = {
        "everybody": _("Vid fara, och när du är orolig"),
        "at_work": _("Råd till dig i ditt arbete"),
        "exposed": _("Stöd att hänvisa till"),
    }
    return [(headings[name], rows) for name, rows in groups.items() if rows]


def approver(version: RoutineVersion) -> str:
    """Who approved the version, as the routine says it; a protected person stands there by office only."""
    person = version.approved_by
    if person is None:
        return ""
    return _("enhetens chef") if person.is_protected else person.name
