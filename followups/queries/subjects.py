"""What people are reminded of, and which reminder a day calls for. Pure: nothing here reads or writes a row.

A subject has a line of occasions. Of each line a person gets the last occasion that has come, and only that one: an
outage of any length ends in one letter, and what is no longer true is not said.
"""

import calendar
import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import holidays
from dateutil.relativedelta import relativedelta

from followups.models import Recipient, RuleKind
from followups.queries.contacts import Window
from followups.queries.rules import Rule
from units.models import QuietPeriod, Unit, User

# So long after the first day a manager is new; after that it is no news.
NEWS = dt.timedelta(days=60)
DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Occasion:
    """A day from which a rule calls for a reminder; until `until`, when that is given, or until the next occasion."""

    kind: RuleKind
    on: dt.date
    until: dt.date | None = None


@dataclass(frozen=True)
class Subject:
    """One thing to be reminded of. `key` names it for ever; `details` is what the letter says about it."""

    key: str
    unit: Unit
    occasions: Sequence[Occasion]
    details: dict[str, str] = field(default_factory=dict)
    # Those who get it in place of the unit's managers: the new manager, the owner of a routine.
    instead_of_managers: Sequence[User] | None = None
    # Up to and with this day nobody is reminded; after it of what has come by then.
    silent_through: dt.date | None = None

    def called_for(self, roles: Iterable[Recipient], rules: dict[RuleKind, Rule], on: dt.date) -> Occasion | None:
        """The last occasion that has come by the day `on` for the first of the roles that has one; None when there is
        none, or it is past."""
        if self.silent_through and on <= self.silent_through:
            return None
        return next((found for role in roles if (found := self._last(role, rules, on))), None)

    def _last(self, role: Recipient, rules: dict[RuleKind, Rule], on: dt.date) -> Occasion | None:
        come = [row for row in self.occasions if row.on <= on and rules[row.kind].goes_to(role)]
        last = max(come, key=lambda row: row.on, default=None)
        return last if last and (last.until is None or on <= last.until) else None


@dataclass(frozen=True)
class Wanted:
    """One reminder that a day calls for, to one person."""

    subject: Subject
    occasion: Occasion
    to: User

    @property
    def key(self) -> str:
        """Rule, subject, occasion and person: a corrected date is a new occasion, another day of sweeping is not."""
        return f"{self.occasion.kind}:{self.subject.key}:{self.occasion.on:%Y-%m-%d}:{self.to.pk}"


@dataclass(frozen=True)
class People:
    """Who holds which role for a unit, without closed accounts and protected persons."""

    coordinators: Sequence[User]
    managers: dict[int, list[User]]  # by unit
    superiors: dict[int, User]  # by unit

    def of(self, subject: Subject) -> Iterator[tuple[Sequence[Recipient], User]]:
        """Everybody whom a reminder of the subject may go to, each person once, with the roles that they have for it.
        Nobody is the superior of a unit that they see to in another role."""
        managers = subject.instead_of_managers
        if managers is None:
            managers = self.managers.get(subject.unit.pk, [])
        found: dict[int, tuple[list[Recipient], User]] = {}
        for role, users in ((Recipient.COORDINATOR, self.coordinators), (Recipient.MANAGER, managers)):
            for user in users:
                found.setdefault(user.pk, ([], user))[0].append(role)
        if superior := self.superiors.get(subject.unit.pk):
            found.setdefault(superior.pk, ([Recipient.SUPERIOR], superior))
        return (row for row in found.values() if row[1].gets_mail)


def wanted(subjects: Iterable[Subject], people: People, rules: dict[RuleKind, Rule], on: dt.date) -> list[Wanted]:
    """Every reminder that the day `on` calls for, whether or not it has been written already."""
    return [
        Wanted(subject, occasion, user)
        for subject in subjects
        for roles, user in people.of(subject)
        if (occasion := subject.called_for(roles, rules, on))
    ]


def contact_subject(
    window: Window, rules: dict[RuleKind, Rule], *, heard_on: dt.date, booked_on: dt.date | None
) -> Subject:
    """The window of a contact: it opens, closes in two months, in one, is late month by month, and then is heard of
    further up. Until a time that is booked has passed, nobody is reminded to book one.

    Whoever comes to a unit late is told what is true then: that a month is left is not said of a window that has
    closed, nor that two are when one is. And nobody hears of a late contact further up before the others have had their
    months: they begin when the window has closed, when the portal heard that the unit takes part and has its routines
    (`heard_on`), or when the booked time has passed, whichever is last.
    """
    times = rules[RuleKind.OVERDUE].times or 1
    late_from = max(window.closes_on, heard_on, booked_on or heard_on)
    late = [
        (window.left_on(-month) if late_from == window.closes_on else late_from + relativedelta(months=month)) + DAY
        for month in range(times + 1)
    ]
    occasions = [
        Occasion(RuleKind.OPENS, window.opens_on, until=window.closes_on),
        Occasion(RuleKind.TWO_MONTHS_LEFT, window.left_on(2), until=window.left_on(1) - DAY),
        Occasion(RuleKind.ONE_MONTH_LEFT, window.left_on(1), until=window.closes_on),
        *(Occasion(RuleKind.OVERDUE, day) for day in late[:-1]),
        Occasion(RuleKind.ESCALATED, late[-1]),
    ]
    names = ("opens_on", "target_on", "closes_on", "routines_on")
    details = {name: f"{getattr(window, name):%Y-%m-%d}" for name in names}
    if booked_on:  # it has passed when anything is said, and the contact may have been held
        details["was_booked_on"] = f"{booked_on:%Y-%m-%d}"
    return Subject(
        key=f"contact:{window.round.pk}:{window.number}",
        unit=window.round.unit,
        # A window that is shorter than two months opens when they are left, and says so in one letter.
        occasions=[row for row in occasions if row.on >= window.opens_on],
        details=details,
        silent_through=booked_on,
    )


# --- Days on which nobody is written to --------------------------------------------------------------------------


def is_working_day(day: dt.date, quiet: Collection[QuietPeriod]) -> bool:
    """Whether letters go out on that day: no weekend, no Swedish holiday or its eve that is one in practice, no quiet
    period."""
    return (
        day.weekday() < calendar.SATURDAY and not _is_holiday(day) and not any(period.covers(day) for period in quiet)
    )


def next_working_day(day: dt.date, quiet: Collection[QuietPeriod]) -> dt.date | None:
    """That day, or the first working day after it; None when a year has none."""
    days = (day + dt.timedelta(days=ahead) for ahead in range(367))
    return next((candidate for candidate in days if is_working_day(candidate, quiet)), None)


def _is_holiday(day: dt.date) -> bool:
    return day in _SWEDEN


# Midsummer's, Christmas and New Year's eve are days off in Sweden; the package calls them de facto holidays.
_SWEDEN = holidays.country_holidays("SE", categories=("public", "de_facto"))
