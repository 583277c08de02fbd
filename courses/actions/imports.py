"""Saving a list of completions from the learning portal: the rows that somebody chose, some thousand at a time."""

import datetime as dt
from collections.abc import Iterable

from django.utils.translation import gettext_lazy as _

from courses import queries
from courses.imports import FIELDS, REASONS, cells_of_completions, columns_of_completions, judge_completions
from courses.models import Completion
from jarfalla import clock
from units.imports.lists import ImportSpec, Slice, batches, chosen_rows, register
from units.models import ImportKind, ImportRow, ListImport, Membership, Programme, Unit, User, Verdict

ROWS_AT_ONCE = 2_000


def save_completions(list_import: ListImport, slices: Iterable[Slice]) -> dict[str, int]:
    """Record that the people took the course on the days in the list; how many rows of each verdict changed something.

    What has been recorded since the list was read is passed over: the same day, and anything for somebody who got a
    course that is valid today. The units are locked first, as they are for whoever reckons with their coverage. The
    completions are recorded by whoever chose the rows.
    """
    people = _people(list_import)
    _lock_units(people)
    assert list_import.chosen_by_id is not None  # pages know who asks, and the command wants to be told
    done_meanwhile = _with_a_valid_course(people)
    count = 0
    for part in slices:
        chosen = [row for row in part.rows if row.data["user"] not in done_meanwhile]
        count += _register(chosen, list_import.chosen_by_id)
    return {Verdict.COMPLETED: count} if count else {}


def _people(list_import: ListImport) -> list[int]:
    """The primary keys of everybody in the chosen rows."""
    return sorted(set(chosen_rows(list_import).order_by().values_list("data__user", flat=True)))


def _lock_units(people: list[int]) -> None:
    """Lock every unit whose coverage these people are or were part of, in one order."""
    units: set[int] = set()
    for some in batches(people, ROWS_AT_ONCE):
        units |= set(Membership.objects.filter(user__in=some).order_by().values_list("unit", flat=True).distinct())
    list(Unit.objects.select_for_update(no_key=True).filter(pk__in=units).order_by("pk").values_list("pk"))


def _with_a_valid_course(people: list[int]) -> set[int]:
    """Those of `people`, all of them locked, who have a course that is valid today."""
    today, months = clock.today(), Programme.current().course_validity_months
    found: set[int] = set()
    for some in batches(people, ROWS_AT_ONCE):
        list(User.objects.select_for_update(no_key=True).filter(pk__in=some).order_by("pk").values_list("pk"))
        standing = Completion.objects.standing().filter(user__in=some)
        found |= set(queries.valid_on(standing, today, months).values_list("user", flat=True))
    return found


def _register(rows: list[ImportRow], by: int) -> int:
    """Write a completion for each row whose day isn't there; how many that were."""
    days = {(row.data["user"], dt.date.fromisoformat(row.data["on"])) for row in rows}
    standing = Completion.objects.standing().filter(user__in={user for user, _day in days})
    days -= set(standing.values_list("user", "completed_on"))
    Completion.objects.bulk_create(
        Completion(user_id=user, completed_on=day, recorded_by_id=by) for user, day in sorted(days)
    )
    return len(days)


COMPLETIONS = register(
    ImportSpec(
        kind=ImportKind.COMPLETIONS,
        address="genomforda",
        title=_("Importera genomförda webbkurser"),
        about=(
            _("Hämta en rapport ur lärportalen. Varje rad är en person som har gått webbkursen."),
            _("Listan ska ha e-postadress och datum. Den får även ha läge, till exempel Slutförd."),
            _("Bara personer som redan finns i portalen registreras. Importera personallistan först."),
            _("Personnummer ska inte vara med."),
        ),
        fields=FIELDS,
        judge=judge_completions,
        save=save_completions,
        verdicts=(Verdict.COMPLETED,),
        columns=columns_of_completions,
        cells=cells_of_completions,
        reasons=REASONS,
    )
)
