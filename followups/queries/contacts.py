"""Which contacts come, are due and are late. Nothing here is stored: windows follow from a step's day and the
programme, so a corrected date moves them."""

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

from dateutil.relativedelta import relativedelta
from django.db import models
from django.db.models import OuterRef, Prefetch, Q, Subquery
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from followups.models import FollowUp, SupportAction
from units.models import (
    Membership,
    Outcome,
    Participation,
    ParticipationState,
    Programme,
    Round,
    SettledContact,
    Step,
    StepCompletion,
    Unit,
)
from units.queries import with_contact

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations

    class _Dates(TypedDict):
        routines_on: dt.date
        anchored_on: dt.date
        answered_at: dt.datetime
        routines_recorded_at: dt.datetime
        contacts_settled: int
        contact_settled_on: dt.date | None
        contact_held_on: dt.date | None
        window_opens_on: dt.date
        window_target_on: dt.date
        window_closes_on: dt.date

    DatedRound = WithAnnotations[Round, _Dates]

# How far ahead the list of follow-ups looks.
UPCOMING_MONTHS = 3


class WindowState(models.TextChoices):
    """Where a follow-up is on a given day."""

    OVERDUE = "overdue", gettext_lazy("Försenad")
    CLOSING = "closing", gettext_lazy("Stänger snart")
    DUE = "due", gettext_lazy("Dags nu")
    UPCOMING = "upcoming", gettext_lazy("Kommer")

    @property
    def heading(self) -> str:
        """What stands above the follow-ups in this state."""
        return {
            WindowState.OVERDUE: _("Försenade"),
            WindowState.CLOSING: _("Stänger inom en månad"),
            WindowState.DUE: _("Dags nu"),
            WindowState.UPCOMING: _("Öppnar snart"),
        }[self]


@dataclass(frozen=True)
class Window:
    """The days on which a round's next contact is to be held, seen from the day `on`. First and last day count.

    All days are so many months after `counts_from`, counted at once: never a month from a month.
    """

    round: Round
    number: int  # 1 is the round's first contact
    planned: int  # how many the programme plans
    is_planned: bool  # one beyond the plan is there because more support was decided
    is_last: bool  # of the planned ones, or beyond them
    counts_from: dt.date
    months: int  # from there to the day to aim for
    opens_before: int  # months
    closes_after: int  # months
    routines_on: dt.date
    # The first day on which step 4 may be completed without a reason: the one to aim for with the round's first
    # contact, whichever comes next.
    earliest_on: dt.date
    on: dt.date

    @property
    def title(self) -> str:
        """Which of the round's contacts it is: Samtal 1 av 2."""
        said = {"number": self.number, "planned": self.planned}
        return _("Samtal %(number)s av %(planned)s") % said if self.is_planned else _("Extra samtal %(number)s") % said

    @property
    def opens_on(self) -> dt.date:
        """The first day."""
        return self._after(max(self.months - self.opens_before, 0))

    @property
    def target_on(self) -> dt.date:
        """The day to aim for."""
        return self._after(self.months)

    @property
    def closes_on(self) -> dt.date:
        """The last day."""
        return self.left_on(0)

    def left_on(self, months: int) -> dt.date:
        """The day on which so many months are left; with fewer than none, the day that so many have passed since."""
        return self._after(self.months + self.closes_after - months)

    def _after(self, months: int) -> dt.date:
        return self.counts_from + relativedelta(months=months)

    @property
    def state(self) -> WindowState:
        """Where the contact is on the day `on`."""
        if self.on > self.closes_on:
            return WindowState.OVERDUE
        if self.on < self.opens_on:
            return WindowState.UPCOMING
        return WindowState.CLOSING if self.on >= self.left_on(1) else WindowState.DUE

    @property
    def pill(self) -> str:
        """The state's word in templates/_status.html, which chooses colour and icon."""
        return {WindowState.OVERDUE: "overdue", WindowState.UPCOMING: "waiting"}.get(self.state, "next")

    @property
    def days(self) -> str:
        """How long until the window opens or closes, or since it closed, in words."""
        if self.state == WindowState.UPCOMING:
            days = (self.opens_on - self.on).days
            return ngettext("öppnar i morgon", "öppnar om %(days)s dagar", days) % {"days": days}
        days = (self.closes_on - self.on).days
        if days == 0:
            return _("sista dagen i dag")
        if days > 0:
            return ngettext("%(days)s dag kvar", "%(days)s dagar kvar", days) % {"days": days}
        return ngettext("stängde i går", "stängde för %(days)s dagar sedan", -days) % {"days": -days}

    def why_not(self, number: int) -> str:
        """The sentence for somebody who means another contact than the next one, as an old page does; "" for this."""
        if number < self.number:
            return _("Samtal %(number)s är redan registrerat.") % {"number": number}
        return _("Samtal %(number)s kommer först.") % {"number": self.number} if number > self.number else ""

    @property
    def too_early(self) -> str:
        """The sentence for somebody who would complete step 4 before its time."""
        return _("Omgången kan avslutas från den %(day)s. Skriv varför det görs tidigare.") % {
            "day": written(self.earliest_on)
        }

    @property
    def before_routines(self) -> str:
        """The sentence for somebody who dates a follow-up before step 3."""
        return _("Uppföljningen kan inte ligga före steg 3, som blev klart den %(day)s.") % {
            "day": written(self.routines_on)
        }


def window_of(round_: Round, programme: Programme, on: dt.date) -> Window | None:
    """The window of the round's next contact, seen from the day `on`; None before step 3."""
    standing = round_.standing()
    if Step.ROUTINES not in standing:
        return None
    last = round_.contacts.standing().order_by("number").last()
    days = _Days(
        anchored_on=standing[Step(programme.follow_up_anchor)].completed_on,
        routines_on=standing[Step.ROUTINES].completed_on,
        settled=last.number if last else 0,
        settled_on=last.settled_on if last else None,
        was_held=last is not None and last.outcome == Outcome.HELD,
    )
    return _window(round_, days, programme, on)


def window_held(follow_up: FollowUp, programme: Programme) -> Window | None:
    """The window of the contact that `follow_up` was, seen from its day, as the steps stood when it was recorded; None
    when that can't be told, as for one from before there were several."""
    if follow_up.contact is None:
        return None
    stood = {
        Step(row.step): row.completed_on
        for row in follow_up.round.completions.filter(recorded_at__lte=follow_up.recorded_at)
        .exclude(withdrawn_at__lt=follow_up.recorded_at)
        .order_by("recorded_at", "pk")
    }
    anchored_on, routines_on = stood.get(Step(programme.follow_up_anchor)), stood.get(Step.ROUTINES)
    if anchored_on is None or routines_on is None:
        return None
    number = follow_up.contact.number
    before = follow_up.round.contacts.filter(number=number - 1, pk__lt=follow_up.contact.pk).order_by("pk").last()
    was_held = before is not None and before.outcome == Outcome.HELD
    days = _Days(anchored_on, routines_on, number - 1, before.settled_on if before else None, was_held)
    return _window(follow_up.round, days, programme, follow_up.held_on)


@dataclass(frozen=True)
class _Days:
    anchored_on: dt.date
    routines_on: dt.date
    settled: int
    settled_on: dt.date | None
    was_held: bool  # the last one that is settled

    def next_from(self, programme: Programme) -> tuple[dt.date, int]:
        """What the next contact is counted from, and how many months: from the anchor; beyond the plan from the
        contact before it, and so too when that was held so late that the next one would come on its heels."""
        planned, extra = programme.follow_up_months, programme.follow_up_extra_months
        if self.settled_on is None:
            return self.anchored_on, planned[0]
        if self.settled >= len(planned):
            return self.settled_on, extra
        months = planned[self.settled]
        too_soon = self.anchored_on + relativedelta(months=months) < self.settled_on + relativedelta(months=extra)
        return (self.settled_on, extra) if self.was_held and too_soon else (self.anchored_on, months)


def _window(round_: Round, days: _Days, programme: Programme, on: dt.date) -> Window:
    planned = programme.follow_up_months
    counts_from, months = days.next_from(programme)
    return Window(
        round=round_,
        number=days.settled + 1,
        planned=len(planned),
        is_planned=days.settled < len(planned),
        is_last=days.settled + 1 >= len(planned),
        counts_from=counts_from,
        months=months,
        opens_before=programme.follow_up_opens_before_months,
        closes_after=programme.follow_up_closes_after_months,
        routines_on=days.routines_on,
        earliest_on=days.anchored_on + relativedelta(months=planned[0]),
        on=on,
    )


def last_not_held(round_: Round) -> SettledContact | None:
    """The contact whose "could not be held" can be taken back: the last one that stands, while the round goes on."""
    last = round_.contacts.standing().order_by("number").last()
    if last is None or last.outcome != Outcome.NOT_HELD:
        return None
    return None if round_.closed_on or Step.FOLLOW_UP in round_.standing() else last


def rounds_to_follow_up(programme: Programme) -> "models.QuerySet[DatedRound, DatedRound]":
    """Open rounds that have step 3 and lack step 4, of units that take part, with the days of their next contact.

    PostgreSQL counts the months, and counts them as Window does: the 31st plus months is the last day of a shorter
    month.
    """
    standing = StepCompletion.objects.standing().filter(round=OuterRef("pk"))
    answer = Participation.objects.filter(unit=OuterRef("unit")).order_by("-pk")
    rounds = (
        Round.objects.filter(closed_on__isnull=True)
        .alias(participation=Subquery(answer.values("state")[:1]))
        .filter(participation=ParticipationState.TAKING_PART)
        .filter(~models.Exists(standing.filter(step=Step.FOLLOW_UP)))
        .annotate(
            answered_at=Subquery(answer.values("recorded_at")[:1]),
            routines_on=Subquery(standing.filter(step=Step.ROUTINES).values("completed_on")[:1]),
            routines_recorded_at=Subquery(standing.filter(step=Step.ROUTINES).values("recorded_at")[:1]),
            anchored_on=Subquery(standing.filter(step=programme.follow_up_anchor).values("completed_on")[:1]),
        )
        .filter(routines_on__isnull=False)
    )
    return with_contact(rounds, programme, round_pk="pk", anchored_on="anchored_on").select_related("unit")


def windows(rows: "list[DatedRound]", programme: Programme, on: dt.date) -> list[Window]:
    """The windows of rounds that `rounds_to_follow_up` found, seen from the day `on`."""
    return [
        _window(
            row,
            _Days(
                row.anchored_on,
                row.routines_on,
                row.contacts_settled,
                row.contact_settled_on,
                was_held=row.contact_held_on is not None,
            ),
            programme,
            on,
        )
        for row in rows
    ]


def follow_up_list(
    units: models.QuerySet[Unit], programme: Programme, on: dt.date
) -> "models.QuerySet[DatedRound, DatedRound]":
    """The late, open and soon opening contacts of `units`, most urgent first, with each unit's `present_managers`."""
    until = on + relativedelta(months=UPCOMING_MONTHS)
    return (
        rounds_to_follow_up(programme)
        .filter(unit__in=units, window_opens_on__lte=until)
        .prefetch_related(Prefetch("unit__memberships", queryset=present_managers(), to_attr="present_managers"))
        .order_by("window_closes_on", "unit__name", "pk")
    )


def present_managers() -> models.QuerySet[Membership]:
    """Today's managers, without closed accounts and protected persons, by name."""
    return (
        Membership.objects.present()
        .managers()
        .filter(user__is_active=True, user__is_protected=False)
        .select_related("user")
        .order_by("user__name", "pk")
    )


def open_support_actions(units: models.QuerySet[Unit], on: dt.date) -> models.QuerySet[SupportAction]:
    """What was promised to `units` and is not done yet, late ones first; `is_late` says which those are."""
    return (
        SupportAction.objects.filter(done_on__isnull=True, follow_up__round__unit__in=units)
        .annotate(is_late=Q(due_on__lt=on))
        .select_related("follow_up__round__unit")
        .order_by("due_on", "pk")
    )


def said_before(unit: Unit) -> models.QuerySet[FollowUp]:
    """The unit's follow-ups in all its rounds, latest first, with what was promised in them."""
    return (
        FollowUp.objects.filter(round__unit=unit)
        .select_related("round", "recorded_by", "shared_lesson")
        .prefetch_related("support_actions__done_by")
        .order_by("-held_on", "-pk")
    )


def written(day: dt.date) -> str:
    """A day as a person writes it: 22 maj 2027."""
    return date_format(day, "j F Y")
