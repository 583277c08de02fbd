"""Who has taken the web course, and what share of a unit's staff that is, on any day.

Nothing of it is stored: every figure is reckoned from rows that say since when they hold, so a corrected row
corrects every day that it concerns, and a withdrawn row counts for no day.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from django.db import connection
from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _

from jarfalla import clock
from units.models import Programme, Refused, Unit
from units.queries import add_months

M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Coverage:
    """Täckning: how many of those who worked in the unit on the day `on` had a course that was valid that day.

    `registered` of the staff list are registered by name. `reported` took part in group sessions without a name,
    less those who have been given a name since. Both stand here before the cap; `named` and `headcount` are what
    counts, and together they are `covered`. `size` is what the unit declared on `declared_on`, or else (None) the
    people on the staff list.
    """

    size: int
    registered: int
    reported: int
    on: dt.date
    declared_on: dt.date | None = None

    @property
    def named(self) -> int:
        """How many count by name; fewer than are registered only when the unit has declared a smaller headcount."""
        return min(self.size, self.registered)

    @property
    def headcount(self) -> int:
        """How many count without a name: at most the staff who don't count by name."""
        return min(self.size - self.named, self.reported)

    @property
    def covered(self) -> int:
        """How many have taken the course: never more than work there."""
        return self.named + self.headcount

    @property
    def counted(self) -> int:
        """Registered and reported together, before the cap; may exceed `size`."""
        return self.registered + self.reported

    @property
    def lacking(self) -> int:
        """How many of those who work there have not taken the course, or took it too long ago."""
        return self.size - self.covered

    @property
    def percent(self) -> int:
        """The share in whole percent, rounded down, so that 79.9 never shows as 80; 0 when nobody works there."""
        return self.covered * 100 // self.size if self.size else 0

    def meets(self, threshold: int) -> bool:
        """Whether at least `threshold` percent have taken the course; reckoned in integers. False without staff."""
        return self.size > 0 and self.covered * 100 >= threshold * self.size

    def required(self, threshold: int) -> int:
        """How many people `threshold` percent is, rounded up."""
        return -(-threshold * self.size // 100)

    def missing(self, threshold: int) -> int:
        """How many more people have to take the course."""
        return max(0, self.required(threshold) - self.covered)

    def room(self, names: int = 0) -> int:
        """How many participants can still be counted without a name, when `names` more are registered by name."""
        return max(0, self.size - self.covered - names)

    def require_room(self, headcount: int, names: int) -> None:
        """Raise Refused, with the figures, unless `headcount` unnamed participants fit beside `names` named ones."""
        room = self.room(names)
        if headcount <= room:
            return
        if self.size == 0:
            raise Refused(_("Enheten har ingen personal i portalen. Lägg till personal först."))
        sentence = _(
            "Högst %(room)s kan räknas utan namn: enheten har %(size)s anställda, %(covered)s har redan gått kursen "
            "och %(names)s är valda med namn."
        )
        if room == 0:
            sentence = _(
                "Ingen fler kan räknas utan namn: enheten har %(size)s anställda, %(covered)s har redan gått kursen "
                "och %(names)s är valda med namn."
            )
        raise Refused(sentence % {"room": room, "size": self.size, "covered": self.covered, "names": names})


def coverage(unit: Unit, on: dt.date | None = None) -> Coverage:
    """The coverage of one unit on a day, today when not given; two queries."""
    return coverages([unit], on)[unit.pk]


def coverages(
    units: Iterable[Unit], on: dt.date | None = None, *, programme: Programme | None = None
) -> dict[int, Coverage]:
    """The coverage of each unit by its primary key; two queries for any number of units.

    Whoever has the `programme` at hand gives it and saves one of them.
    """
    day = on or clock.today()
    return {pk: reached for (pk, _day), reached in reckon([(unit.pk, day) for unit in units], programme).items()}


def coverage_trend(unit: Unit, days: Sequence[dt.date]) -> list[Coverage]:
    """The coverage of one unit on each of `days`, in their order; two queries for any number of days."""
    found = reckon([(unit.pk, day) for day in days])
    return [found[unit.pk, day] for day in days]


def reckon(
    asked: Collection[tuple[int, dt.date]], programme: Programme | None = None
) -> dict[tuple[int, dt.date], Coverage]:
    """The coverage of a unit, by primary key, on a day, for each pair that is asked for. The one place that reckons."""
    if not asked:
        return {}
    months = (programme or Programme.current()).course_validity_months
    units, days = zip(*asked, strict=True)
    pairs: dict[str, Any] = {"units": list(units), "days": list(days), "months": months}
    with connection.cursor() as cursor:
        cursor.execute(_UNITS_ON_DAYS, pairs)
        return {
            (unit, day): Coverage(
                size=people if declared is None else declared,
                registered=registered,
                reported=reported,
                on=day,
                declared_on=None if declared is None else declared_on,
            )
            for unit, day, people, registered, reported, declared, declared_on in cursor
        }


# Written as SQL, because the ORM has no join with a list of days: with a query for each day instead, a trend of three
# years took a third of a second to compile. What "present" and "valid" mean stands here as in Membership.present and
# `valid_on`; tests/courses/test_coverage_properties.py holds all of it to a model in plain Python.
_UNITS_ON_DAYS = """
    SELECT asked.unit, asked.day, staff.people, staff.registered, sessions.reported,
           declared.headcount, declared.declared_on
    FROM unnest(%(units)s::bigint[], %(days)s::date[]) AS asked(unit, day)
    CROSS JOIN LATERAL (
        -- A person once, however many memberships and completions.
        SELECT count(DISTINCT membership.user_id) AS people,
               count(DISTINCT membership.user_id) FILTER (WHERE EXISTS (
                   SELECT FROM courses_completion AS taken
                   WHERE taken.user_id = membership.user_id AND taken.withdrawn_at IS NULL
                   AND taken.completed_on <= asked.day
                   AND (%(months)s::int IS NULL
                        OR asked.day < taken.completed_on + make_interval(months => %(months)s::int))
               )) AS registered
        FROM units_membership AS membership
        WHERE membership.unit_id = asked.unit AND membership.started_on <= asked.day
        AND (membership.ended_on IS NULL OR membership.ended_on > asked.day)
    ) AS staff
    CROSS JOIN LATERAL (
        -- Whoever was given a name later is one less without a name, on every day on which the session counts.
        SELECT coalesce(sum(greatest(0, session.headcount - (
                   SELECT count(DISTINCT named_later.user_id) FROM courses_completion AS named_later
                   WHERE named_later.counted_in_id = session.id AND named_later.withdrawn_at IS NULL
               ))), 0)::bigint AS reported
        FROM courses_groupsession AS session
        WHERE session.unit_id = asked.unit AND session.withdrawn_at IS NULL AND session.headcount IS NOT NULL
        AND session.held_on <= asked.day
        AND (%(months)s::int IS NULL
             OR asked.day < session.held_on + make_interval(months => %(months)s::int))
    ) AS sessions
    LEFT JOIN LATERAL (
        -- The declaration that holds; an empty one lets the staff list count again.
        SELECT declaration.headcount, declaration.declared_on FROM units_declaredheadcount AS declaration
        WHERE declaration.unit_id = asked.unit AND declaration.declared_on <= asked.day
        ORDER BY declaration.declared_on DESC, declaration.id DESC
        LIMIT 1
    ) AS declared ON TRUE
"""


def valid_on(rows: "QuerySet[M]", day: dt.date, months: int | None, *, column: str = "completed_on") -> "QuerySet[M]":
    """Those of `rows` that count on the day: from the date in `column` on, for `months` calendar months or for ever."""
    begun = rows.filter(**{f"{column}__lte": day})
    if months is None:
        return begun
    return cast("QuerySet[M]", begun.alias(valid_until=add_months(column, months)).filter(valid_until__gt=day))
