"""A preview of reminders as pages show it: month by month, the mails of each day. Pure."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from dateutil.relativedelta import relativedelta

from followups.models import RuleKind
from followups.queries.preview import Foreseen
from units.models import Unit, User


@dataclass(frozen=True)
class ForeseenMail:
    """What one person will be reminded of on one day: one mail, however much there is."""

    day: dt.date
    to: User
    rows: Sequence[tuple[RuleKind, Sequence[Unit]]]  # each kind with its units

    @property
    def total(self) -> int:
        """How many reminders it says."""
        return sum(len(units) for _kind, units in self.rows)


@dataclass(frozen=True)
class ForeseenMonth:
    """A calendar month of the preview, by its first day."""

    first: dt.date
    total: int  # reminders


def months_ahead(rows: Iterable[Foreseen], today: dt.date, *, months: int = 12) -> list[ForeseenMonth]:
    """Every calendar month of the preview with how many reminders it has, also those without any."""
    counts = Counter(month_of(row.day) for row in rows)
    every = (month_of(today) + relativedelta(months=ahead) for ahead in range(months + 1))
    return [ForeseenMonth(month, counts[month]) for month in every]


def month_of(day: dt.date) -> dt.date:
    """The first day of that day's month."""
    return day.replace(day=1)


def mails(rows: Iterable[Foreseen]) -> list[ForeseenMail]:
    """The rows as the mails that say them, by day and person; what is most urgent stands first in each."""
    places = {kind: place for place, kind in enumerate(RuleKind)}
    in_order = sorted(
        rows, key=lambda row: (row.day, row.recipient.name, row.recipient.pk, places[row.kind], row.unit.name)
    )
    return [
        ForeseenMail(day, some[0].recipient, _by_kind(some))
        for (day, _person), group in groupby(in_order, key=lambda row: (row.day, row.recipient.pk))
        for some in [list(group)]
    ]


def _by_kind(rows: Sequence[Foreseen]) -> list[tuple[RuleKind, list[Unit]]]:
    return [(kind, [row.unit for row in some]) for kind, some in groupby(rows, key=lambda row: row.kind)]


def difference(before: Iterable[Foreseen], after: Iterable[Foreseen]) -> tuple[list[Foreseen], list[Foreseen]]:
    """What comes and what goes when the one preview becomes the other; a reminder on another day does both."""
    old = {_said(row): row for row in before}
    new = {_said(row): row for row in after}
    return [row for key, row in new.items() if key not in old], [row for key, row in old.items() if key not in new]


def _said(row: Foreseen) -> tuple[object, ...]:
    """What the reader notices of a reminder; from which day a rule counts it is none of that."""
    return row.day, row.recipient.pk, row.kind, row.unit.pk, tuple(sorted(row.details.items()))
