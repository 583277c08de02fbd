"""Who will get which reminder in the coming months if nothing happens: what a sweep of each day would find, reckoned
at once. Nothing is written."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial

from dateutil.relativedelta import relativedelta

from followups.models import Recipient, Reminder, RuleKind, SweepRun
from followups.queries.reminding import is_held_back, paused_through, people_of
from followups.queries.sources import Period, Rules, Source, Units
from followups.queries.subjects import DAY, People, Subject, Wanted, next_working_day
from units.models import Programme, QuietPeriod, Unit, User

_MOST_URGENT_FIRST = {kind: place for place, kind in enumerate(RuleKind)}


@dataclass(frozen=True)
class Foreseen:
    """On that day the person is to be reminded, if nothing happens before."""

    day: dt.date
    recipient: User
    kind: RuleKind
    unit: Unit
    details: dict[str, str]
    key: str  # that of the Reminder that will be written


@dataclass(frozen=True)
class Outlook:
    """What the coming days look like, for everybody: the rules, the pauses, the days on which letters are written."""

    period: Period
    rules: Rules
    paused: dict[int, dt.date]  # by person, through which day
    working_day: Callable[[dt.date], dt.date | None]  # the first from that day on; None when a year has none

    def foreseen(self, subjects: Iterable[Subject], people: People) -> Iterator[Foreseen]:
        """What sweeps on each day of the period would find of the subjects, each thing once. Pure."""
        for subject in subjects:
            for roles, user in people.of(subject):
                for day, row in self._of_one(subject, roles, user):
                    yield Foreseen(day, user, row.occasion.kind, subject.unit, subject.details, row.key)

    def _of_one(self, subject: Subject, roles: Sequence[Recipient], user: User) -> Iterator[tuple[dt.date, Wanted]]:
        """What one person hears of a subject, and when.

        Which occasion holds changes on a few days alone: when one comes, when the silence or the pause is over.
        Between them it is the same or has passed, so the first working day after each finds all that there is to find.
        """
        said: set[str] = set()
        for change in self._changes(subject, user):
            day = self.working_day(max(change, self.period.on))
            if day is None or day > self.period.until:
                return
            occasion = subject.called_for(roles, self.rules, day)
            row = occasion and Wanted(subject, occasion, user)
            if row and row.key not in said and not is_held_back(row, self.paused, day):
                said.add(row.key)
                yield day, row

    def _changes(self, subject: Subject, user: User) -> list[dt.date]:
        silences = [day for day in (subject.silent_through, self.paused.get(user.pk)) if day and day < dt.date.max]
        return sorted({self.period.on, *(row.on for row in subject.occasions), *(day + DAY for day in silences)})


def preview(
    sources: Iterable[Source],
    programme: Programme,
    rules: Rules,
    today: dt.date,
    *,
    months: int = 12,
    units: Units = None,
) -> list[Foreseen]:
    """Every reminder of the coming months, about `units` or about all, by day and then the most urgent first.

    It takes for granted that each day has its sweep and that nothing else happens. What has been said already is not
    there, and of this day nothing more once it has been swept. As many queries for each thousand subjects.
    """
    is_swept = SweepRun.objects.filter(on=today, finished_at__isnull=False).exists()
    outlook = Outlook(
        Period(today + DAY if is_swept else today, today + relativedelta(months=months)),
        rules,
        paused_through(),
        cache(partial(next_working_day, quiet=list(QuietPeriod.objects.all()))),
    )
    found: list[Foreseen] = []
    for source in sources:
        for subjects in source(programme, rules, outlook.period, units):
            found += _unsaid(list(outlook.foreseen(subjects, people_of([row.unit for row in subjects]))))
    return sorted(found, key=_order)


def _unsaid(rows: Sequence[Foreseen]) -> list[Foreseen]:
    """Those that no letter says yet. One query."""
    letters = Reminder.objects.filter(message__isnull=False)
    said = set(letters.filter(key__in=[row.key for row in rows]).values_list("key", flat=True))
    return [row for row in rows if row.key not in said]


def _order(row: Foreseen) -> tuple[dt.date, int, str, int]:
    return row.day, _MOST_URGENT_FIRST[row.kind], row.unit.name, row.recipient.pk
