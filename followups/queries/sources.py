"""Where the subjects of reminders come from. Each source gives them in chunks, so that a sweep over any number of units
holds a thousand rounds at a time; each chunk costs as many queries as the next. Asked about some units alone, it gives
what it would give of them.

Sources of other apps stand above the apps, in jarfalla/reminding.py.
"""

import datetime as dt
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import DateField, Exists, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce, Greatest, TruncDate
from django.utils import timezone

from followups.models import Booking, RuleKind, SupportAction
from followups.queries.contacts import rounds_to_follow_up, windows
from followups.queries.rules import Rule
from followups.queries.subjects import NEWS, Occasion, Subject, contact_subject
from units.models import (
    Membership,
    Participation,
    ParticipationState,
    Programme,
    Round,
    SettledContact,
    Step,
    StepCompletion,
)

if TYPE_CHECKING:
    from followups.queries.contacts import DatedRound

# How many rows a source reads at a time.
CHUNK = 1000

Rules = dict[RuleKind, Rule]
Units = Collection[int] | None


@dataclass(frozen=True)
class Period:
    """The days that a source is asked about, first and last among them: one for a sweep, a year for a preview."""

    on: dt.date
    until: dt.date

    @classmethod
    def day(cls, on: dt.date) -> "Period":
        """That day alone."""
        return cls(on, on)


# Gives the subjects of which something may hold on some day of the period, if nothing happens: of some units, or of
# all when that is None. A subject is the same whichever period it was asked for.
Source = Callable[[Programme, Rules, Period, Units], Iterator[list[Subject]]]


def contacts(programme: Programme, rules: Rules, period: Period, units: Units = None) -> Iterator[list[Subject]]:
    """The windows that have opened by the end of the period."""
    opened = rounds_to_follow_up(programme).filter(window_opens_on__lte=period.until)
    for rows in chunks(opened, units):
        yield contact_subjects(rows, programme, rules, period.on)


def contact_subjects(rows: "list[DatedRound]", programme: Programme, rules: Rules, on: dt.date) -> list[Subject]:
    """The windows of rounds that `rounds_to_follow_up` found. One query."""
    standing = Booking.objects.filter(round__in=rows, cancelled_at__isnull=True)
    booked = {(row.round_id, row.number): timezone.localdate(row.starts_at) for row in standing}
    return [
        contact_subject(
            window,
            rules,
            heard_on=timezone.localdate(max(row.answered_at, row.routines_recorded_at)),
            booked_on=booked.get((window.round.pk, window.number)),
        )
        for row, window in zip(rows, windows(rows, programme, on), strict=True)
    ]


def meetings(programme: Programme, rules: Rules, period: Period, units: Units = None) -> Iterator[list[Subject]]:
    """Booked contacts that come within the days of the rule; one on another day is another occasion."""
    ahead = rules[RuleKind.MEETING].days or 1
    over = SettledContact.objects.standing().filter(round=OuterRef("round"), number__gte=OuterRef("number"))
    soon = Booking.objects.filter(
        ~Exists(over),
        cancelled_at__isnull=True,
        starts_at__date__range=(period.on, period.until + dt.timedelta(days=ahead)),
        round__in=rounds_to_follow_up(programme).values("pk"),
    )
    for rows in chunks(soon.select_related("round__unit"), units, unit="round__unit"):
        yield [_meeting(row, ahead) for row in rows]


def _meeting(booking: Booking, ahead: int) -> Subject:
    starts_at = timezone.localtime(booking.starts_at)
    day = starts_at.date()
    return Subject(
        key=f"meeting:{booking.pk}",
        unit=booking.round.unit,
        occasions=[Occasion(RuleKind.MEETING, day - dt.timedelta(days=ahead), until=day)],
        details={"starts_at": starts_at.isoformat(), "place": booking.place},
    )


def support_actions(programme: Programme, rules: Rules, period: Period, units: Units = None) -> Iterator[list[Subject]]:
    """What was promised and is not done so many days after its day, in rounds that go on."""
    late = rules[RuleKind.SUPPORT_ACTION].days or 1
    rows = SupportAction.objects.filter(
        done_on__isnull=True,
        due_on__lte=period.until - dt.timedelta(days=late),
        follow_up__round__in=rounds_to_follow_up(programme).values("pk"),
    )
    for chunk in chunks(rows.select_related("follow_up__round__unit"), units, unit="follow_up__round__unit"):
        yield [
            Subject(
                key=f"support-action:{row.pk}",
                unit=row.follow_up.round.unit,
                occasions=[Occasion(RuleKind.SUPPORT_ACTION, row.due_on + dt.timedelta(days=late))],
                details={"what": row.what, "owner": row.owner, "due_on": f"{row.due_on:%Y-%m-%d}"},
            )
            for row in chunk
        ]


def new_managers(programme: Programme, rules: Rules, period: Period, units: Units = None) -> Iterator[list[Subject]]:
    """Managers who have just begun at a unit that is on its way. Whoever managed it before is no news, nor is who
    came with the unit when it was put into the portal."""
    same = Membership.objects.managers().filter(unit=OuterRef("unit"), user=OuterRef("user"))
    rows = (
        Membership.objects.present()
        .managers()
        .filter(started_on__range=(period.on - NEWS, period.until))
        .filter(user__is_active=True, unit__in=_under_way().values("unit"))
        .exclude(started_on__lte=F("unit__created_at__date"))
        .exclude(Exists(same.filter(started_on__lt=OuterRef("started_on"))))
        .select_related("unit", "user")
    )
    for chunk in chunks(rows, units, unit="unit"):
        yield [
            Subject(
                key=f"new-manager:{row.pk}",
                unit=row.unit,
                occasions=[Occasion(RuleKind.NEW_MANAGER, row.started_on, until=row.started_on + NEWS)],
                # Not the name: it is read when it is said. Who has become protected is no longer named.
                details={"membership": str(row.pk), "is_named": "" if row.user.is_protected else "1"},
                instead_of_managers=[row.user],
            )
            for row in chunk
        ]


def stalled(programme: Programme, rules: Rules, period: Period, units: Units = None) -> Iterator[list[Subject]]:
    """Rounds before step 4 in which nothing has happened for so many days.

    A step that was recorded or taken back has happened, and so has an answer to the offer: a unit that comes back
    from a pause has not stood still.
    """
    days = rules[RuleKind.STALLED].days or 1
    completions = StepCompletion.objects.filter(round=OuterRef("pk"))
    standing = completions.standing()
    answer = Participation.objects.filter(unit=OuterRef("unit")).order_by("-pk")
    rows = (
        _under_way()
        .annotate(
            steps_done=Coalesce(Subquery(standing.order_by("-step").values("step")[:1]), 0),
            still_since=Greatest(
                "started_on",
                _day(standing.order_by("-recorded_at"), "recorded_at"),
                _day(completions.filter(withdrawn_at__isnull=False).order_by("-withdrawn_at"), "withdrawn_at"),
                _day(answer, "recorded_at"),
            ),
        )
        .filter(steps_done__lt=Step.ROUTINES, still_since__lte=period.until - dt.timedelta(days=days))
        .select_related("unit")
    )
    for chunk in chunks(rows, units, unit="unit"):
        yield [_stalled(row, days) for row in chunk]


def _day(rows: "QuerySet[Any]", column: str) -> Subquery:
    """The date in Stockholm of the first row's `column`; nothing, which Greatest passes over, when there is none."""
    return Subquery(rows.values(day=TruncDate(column))[:1], output_field=DateField())


def _stalled(row: Any, days: int) -> Subject:
    step = Step(row.steps_done + 1)
    return Subject(
        key=f"stalled:{row.pk}:{step.value}",
        unit=row.unit,
        occasions=[Occasion(RuleKind.STALLED, row.still_since + dt.timedelta(days=days))],
        details={"step": str(step.value), "since": f"{row.still_since:%Y-%m-%d}"},
    )


def _under_way() -> "QuerySet[Round]":
    """Open rounds of units that take part."""
    answer = Participation.objects.filter(unit=OuterRef("unit")).order_by("-pk").values("state")[:1]
    rounds = Round.objects.filter(closed_on__isnull=True).alias(participation=Subquery(answer))
    return rounds.filter(participation=ParticipationState.TAKING_PART)


def chunks(rows: "QuerySet[Any]", units: Units, *, unit: str = "unit") -> "Iterator[list[Any]]":
    """The rows by their key, CHUNK at a time; of `units` alone, which column `unit` says, when that is not None."""
    if units is not None:
        rows = rows.filter(**{f"{unit}__in": units})
    last = 0
    while chunk := list(rows.filter(pk__gt=last).order_by("pk")[:CHUNK]):
        yield chunk
        last = chunk[-1].pk


SOURCES: tuple[Source, ...] = (contacts, meetings, support_actions, new_managers, stalled)
