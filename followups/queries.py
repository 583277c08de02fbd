"""Which follow-ups come, are due and are late, and which reminders that calls for. Nothing here is stored."""

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

from dateutil.relativedelta import relativedelta
from django.db import models
from django.db.models import F, Func, OuterRef, Prefetch, Q, Subquery, Value
from django.db.models.functions import Cast
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from followups.models import FollowUp, SupportAction
from units.models import (
    Membership,
    Message,
    Participation,
    ParticipationState,
    Programme,
    Round,
    Step,
    StepCompletion,
    Unit,
    User,
    UserRole,
)
from units.models.message import MessageState

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations

    class _Dates(TypedDict):
        routines_on: dt.date
        opens_on: dt.date
        closes_on: dt.date

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
    """The days on which a round's follow-up is to be held, seen from the day `on`. First and last day count."""

    round: Round
    routines_on: dt.date
    opens_on: dt.date
    closing_on: dt.date  # from this day on, one month or less is left
    closes_on: dt.date
    on: dt.date

    @property
    def state(self) -> WindowState:
        """Where the follow-up is on the day `on`."""
        if self.on > self.closes_on:
            return WindowState.OVERDUE
        if self.on < self.opens_on:
            return WindowState.UPCOMING
        return WindowState.CLOSING if self.on >= self.closing_on else WindowState.DUE

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

    @property
    def too_early(self) -> str:
        """The sentence for somebody who would complete step 4 before the window opens."""
        return _("Uppföljningen öppnar den %(day)s. Skriv varför den görs tidigare.") % {"day": written(self.opens_on)}

    @property
    def before_routines(self) -> str:
        """The sentence for somebody who dates a follow-up before step 3."""
        return _("Uppföljningen kan inte ligga före steg 3, som blev klart den %(day)s.") % {
            "day": written(self.routines_on)
        }


def window_of(round_: Round, programme: Programme, on: dt.date) -> Window | None:
    """The round's window seen from the day `on`; None before step 3."""
    done = round_.standing().get(Step.ROUTINES)
    return _window(round_, done.completed_on, programme, on) if done else None


def _window(round_: Round, routines_on: dt.date, programme: Programme, on: dt.date) -> Window:
    def after(months: int) -> dt.date:
        return routines_on + relativedelta(months=months)

    return Window(
        round=round_,
        routines_on=routines_on,
        opens_on=after(programme.follow_up_opens_months),
        closing_on=after(programme.follow_up_closes_months - 1),
        closes_on=after(programme.follow_up_closes_months),
        on=on,
    )


def rounds_to_follow_up(programme: Programme) -> "models.QuerySet[DatedRound, DatedRound]":
    """Open rounds that have step 3 and lack step 4, of units that take part, with `opens_on` and `closes_on`.

    PostgreSQL counts the months, and counts them as Round.follow_up_window does: the 31st plus months is the
    last day of a shorter month.
    """
    standing = StepCompletion.objects.standing().filter(round=OuterRef("pk"))
    answer = Participation.objects.filter(unit=OuterRef("unit")).order_by("-pk").values("state")[:1]
    return (
        Round.objects.filter(closed_on__isnull=True)
        .alias(participation=Subquery(answer))
        .filter(participation=ParticipationState.TAKING_PART)
        .filter(~models.Exists(standing.filter(step=Step.FOLLOW_UP)))
        .annotate(routines_on=Subquery(standing.filter(step=Step.ROUTINES).values("completed_on")[:1]))
        .filter(routines_on__isnull=False)
        .annotate(
            opens_on=_months_after("routines_on", programme.follow_up_opens_months),
            closes_on=_months_after("routines_on", programme.follow_up_closes_months),
        )
        .select_related("unit")
    )


def _months_after(field: str, months: int) -> Cast:
    interval = Func(
        Value(months),
        template="make_interval(months => %(expressions)s)",
        output_field=models.DurationField(),
    )
    return Cast(F(field) + interval, models.DateField())


def windows(rows: "list[DatedRound]", programme: Programme, on: dt.date) -> list[Window]:
    """The windows of rounds that `rounds_to_follow_up` found, seen from the day `on`."""
    return [_window(row, row.routines_on, programme, on) for row in rows]


def follow_up_list(
    units: models.QuerySet[Unit], programme: Programme, on: dt.date
) -> "models.QuerySet[DatedRound, DatedRound]":
    """The late, open and soon opening follow-ups of `units`, most urgent first, with each unit's `present_managers`.

    All windows are equally long, so the order of step 3's dates is also: late, closing, open, upcoming.
    """
    until = on + relativedelta(months=UPCOMING_MONTHS)
    return (
        rounds_to_follow_up(programme)
        .filter(unit__in=units, opens_on__lte=until)
        .prefetch_related(Prefetch("unit__memberships", queryset=present_managers(), to_attr="present_managers"))
        .order_by("routines_on", "unit__name", "pk")
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
        .select_related("round", "recorded_by")
        .prefetch_related("support_actions__done_by")
        .order_by("-held_on", "-pk")
    )


def written(day: dt.date) -> str:
    """A day as a person writes it: 22 maj 2027."""
    return date_format(day, "j F Y")


# --- Reminders -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rule:
    """A reminder: in which states of the window it holds, and which date of the window gives the occasion."""

    name: str
    states: tuple[WindowState, ...]
    occasion: str

    def key(self, window: Window, user_id: int) -> str:
        """Why the letter exists. A corrected date of step 3 is a new occasion; another day of sweeping is not."""
        return f"follow_up_{self.name}:{window.round.pk}:{getattr(window, self.occasion):%Y-%m-%d}:{user_id}"


# The coordinator gets the one that the day calls for, so an outage of any length ends in one letter.
OPENS = Rule("opens", (WindowState.DUE,), "opens_on")
CLOSING = Rule("closing", (WindowState.CLOSING,), "closing_on")
OVERDUE = Rule("overdue", (WindowState.OVERDUE,), "closes_on")
# The unit's managers hear once that it is time, in words of their own.
OPENS_UNIT = Rule("opens_unit", (WindowState.DUE, WindowState.CLOSING), "opens_on")

COORDINATOR_RULES = (OPENS, CLOSING, OVERDUE)
MANAGER_RULES = (OPENS_UNIT,)


@dataclass(frozen=True)
class Reminder:
    """One letter that a day calls for: which rule, which follow-up, to whom."""

    rule: Rule
    window: Window
    to: User

    @property
    def key(self) -> str:
        """Why the letter exists."""
        return self.rule.key(self.window, self.to.pk)


def reminders(open_windows: list[Window]) -> list[Reminder]:
    """Every reminder that the windows call for on their day, whether or not it has been written already."""
    coordinators = list(User.objects.filter(role=UserRole.COORDINATOR, is_active=True, is_protected=False))
    unit_ids = [window.round.unit_id for window in open_windows]
    managers: dict[int, dict[int, User]] = {}
    for membership in present_managers().filter(unit__in=unit_ids).exclude(user__role=UserRole.COORDINATOR):
        managers.setdefault(membership.unit_id, {})[membership.user_id] = membership.user
    return [
        Reminder(rule, window, user)
        for window in open_windows
        for rules, users in (
            (COORDINATOR_RULES, coordinators),
            (MANAGER_RULES, list(managers.get(window.round.unit_id, {}).values())),
        )
        for rule in rules
        if window.state in rule.states
        for user in users
    ]


def unwritten(called_for: list[Reminder]) -> list[tuple[str, Reminder]]:
    """The reminders that no letter exists for, each with its letter's key.

    A letter that was cancelled does not count: a unit that paused and came back is reminded again, under a key
    that says for which time.
    """
    units = {reminder.window.round.unit_id for reminder in called_for}
    rows = Message.objects.filter(unit__in=units, key__startswith="follow_up_").values_list("key", "cancelled_at")
    cancelled = {key: cancelled_at is not None for key, cancelled_at in rows}
    wanted = []
    for reminder in called_for:
        key, time = reminder.key, 1
        while cancelled.get(key):
            time += 1
            key = f"{reminder.key}:{time}"
        if key not in cancelled:
            wanted.append((key, reminder))
    return wanted


def waiting_reminders() -> models.QuerySet[Message]:
    """Letters about follow-ups that have not gone out yet."""
    return Message.objects.in_state(MessageState.PLANNED).filter(key__startswith="follow_up_")


def outdated_reminders(programme: Programme, on: dt.date) -> list[Message]:
    """Waiting letters that the day `on` no longer calls for: step 4 is done, the unit pauses, a date moved."""
    waiting = list(waiting_reminders())
    round_ids = {int(message.key.split(":")[1]) for message in waiting}
    rows = list(rounds_to_follow_up(programme).filter(pk__in=round_ids)) if waiting else []
    called_for = {reminder.key for reminder in reminders(windows(rows, programme, on))} if rows else set()
    return [message for message in waiting if ":".join(message.key.split(":")[:4]) not in called_for]


def is_about(round_: Round) -> Q:
    """Messages about this round's follow-up."""
    return Q(key__regex=rf"^follow_up_[a-z_]+:{round_.pk}:")
