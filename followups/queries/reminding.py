"""Who is to be reminded today, and which letters have become wrong."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

from django.db.models import Case, Count, Exists, F, Min, OuterRef, Q, QuerySet, When, Window
from django.db.models.functions import RowNumber

from followups.models import DigestPause, Reminder, RuleKind, SweepRun
from followups.queries.contacts import present_managers
from followups.queries.rules import Rule
from followups.queries.sources import Period, Source, Units
from followups.queries.subjects import People, Wanted, wanted
from units.models import Membership, Message, Programme, Unit, User, UserRole
from units.models.message import MessageQuerySet
from units.queries import swedish_order

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations

    class _Ranked(TypedDict):
        rank: int
        total: int
        late: int

    RankedReminder = WithAnnotations[Reminder, _Ranked]

R = TypeVar("R", bound=Reminder)

# A sweep that has not finished for so long is a fault that somebody has to see to.
HEARTBEAT = dt.timedelta(hours=26)
# What a pause does not hold back: it was agreed, and the day is near.
NEVER_PAUSED = (RuleKind.MEETING,)
# What a digest's subject says how many there are of.
LATE = (RuleKind.OVERDUE, RuleKind.ESCALATED)


def coordinators() -> QuerySet[User]:
    """Those who coordinate now, and whom others may write to."""
    return User.objects.filter(role=UserRole.COORDINATOR, is_active=True, is_protected=False).order_by("pk")


def people_of(units: Collection[Unit]) -> People:
    """Who gets the reminders about `units`. Three queries for any number of them."""
    managers: dict[int, dict[int, User]] = defaultdict(dict)
    for row in present_managers().filter(unit__in=units):
        managers[row.unit_id][row.user_id] = row.user
    keys = {unit.superior_id for unit in units if unit.superior_id}
    found = User.objects.filter(is_active=True, is_protected=False).in_bulk(keys)
    superiors = {unit.pk: found[unit.superior_id] for unit in units if unit.superior_id in found}
    return People(list(coordinators()), {pk: list(users.values()) for pk, users in managers.items()}, superiors)


def called_for(
    sources: Iterable[Source], programme: Programme, rules: dict[RuleKind, Rule], on: dt.date, units: Units = None
) -> Iterator[list[Wanted]]:
    """Chunk by chunk, every reminder that the day `on` calls for, about `units` or about all; whether or not it has
    been written. Of those who have paused only what a pause does not hold back."""
    paused = paused_through()
    for source in sources:
        for subjects in source(programme, rules, Period.day(on), units):
            found = wanted(subjects, people_of([row.unit for row in subjects]), rules, on)
            yield [row for row in found if not is_held_back(row, paused, on)]


def paused_through() -> dict[int, dt.date]:
    """The last day of each person's pause in digests, by primary key. One query."""
    pauses = DigestPause.objects.filter(ended_at__isnull=True).values_list("user", "ends_on")
    return {user: ends_on or dt.date.max for user, ends_on in pauses}


def is_held_back(row: Wanted, paused: dict[int, dt.date], on: dt.date) -> bool:
    """Whether the person has a pause that holds the reminder back on that day."""
    return row.occasion.kind not in NEVER_PAUSED and on <= paused.get(row.to.pk, dt.date.min)


def unwritten(rows: Collection[Wanted]) -> list[Wanted]:
    """Those that nobody has been told yet. One query."""
    written = set(Reminder.objects.filter(key__in=[row.key for row in rows]).values_list("key", flat=True))
    return [row for row in rows if row.key not in written]


def waiting_letters() -> MessageQuerySet:
    """Letters with reminders that surely have not gone out, and that nobody is sending now."""
    said = Reminder.objects.filter(message=OuterRef("pk"))
    return Message.objects.surely_waiting().filter(Exists(said))


def waiting_reminders() -> "QuerySet[Reminder]":
    """Reminders that surely nobody has read: their letters wait, or are not written."""
    return Reminder.objects.filter(Q(message__in=Message.objects.surely_waiting()) | Q(message__isnull=True))


def waiting_units() -> list[int]:
    """The units, by primary key, that such reminders are about. Two queries: the letters that wait and the rows without
    one are few and have an index each, which one question about both could not use."""
    waiting = Message.objects.surely_waiting()
    rows = Reminder.objects.order_by().values_list("unit_id", flat=True).distinct()
    return sorted({*rows.filter(message__in=waiting), *rows.filter(message__isnull=True)})


def unsaid(recipients: Collection[int], *, most: int) -> "dict[int, list[RankedReminder]]":
    """By recipient, the reminders that no letter says yet, most urgent first: `most` of them, each with how many there
    are in all, and how many of them are about late follow-ups. One query, and one for the names of new managers."""
    by = [_urgency(), F("occasion_on").asc(), swedish_order("unit__name").asc(), F("pk").asc()]
    rows: QuerySet[Any] = (
        Reminder.objects.filter(message__isnull=True, recipient__in=recipients)
        .annotate(rank=Window(RowNumber(), partition_by="recipient", order_by=by))
        .annotate(total=Window(Count("*"), partition_by="recipient"))
        .annotate(late=Window(Count("pk", filter=Q(kind__in=LATE)), partition_by="recipient"))
        .filter(rank__lte=most)
        .select_related("unit")
        .order_by("recipient", "rank")
    )
    found: dict[int, list[Any]] = defaultdict(list)
    for row in named(rows):
        found[row.recipient_id].append(row)
    return found


def named(rows: Iterable[R]) -> list[R]:
    """The reminders, each with the name of the new manager it is about, as it is today; nobody is named whose data is
    protected. One query, none when no row is about a manager."""
    found = list(rows)
    keys = {row.details.get("membership") for row in found if row.kind == RuleKind.NEW_MANAGER} - {None}
    if not keys:
        return found
    managers = Membership.objects.filter(pk__in=keys, user__is_protected=False).select_related("user")
    names = {str(manager.pk): manager.user.shown_name for manager in managers}
    for row in found:
        row.person = names.get(row.details.get("membership", ""), "")
    return found


def _urgency() -> Case:
    """The place of a reminder's kind in RuleKind, which has the most urgent first."""
    return Case(*(When(kind=kind, then=place) for place, kind in enumerate(RuleKind)))


def letters_of_day(recipients: Sequence[int], on: dt.date) -> dict[int, int]:
    """How many letters with the reminders of the day `on` each recipient has had. One query."""
    written = Message.objects.filter(recipient__in=recipients, key__startswith=f"reminders:{on}:")
    return dict(written.order_by().values_list("recipient").annotate(Count("pk")))


def last_finished() -> dt.datetime | None:
    """When a sweep last finished."""
    return (
        SweepRun.objects.filter(finished_at__isnull=False)
        .order_by("-finished_at")
        .values_list("finished_at", flat=True)
        .first()
    )


def is_heart_beating(now: dt.datetime) -> bool:
    """Whether a sweep has finished within HEARTBEAT; a portal that is younger than that has had no time to."""
    since = last_finished() or User.objects.aggregate(first=Min("created_at"))["first"]
    return since is None or now - since <= HEARTBEAT
