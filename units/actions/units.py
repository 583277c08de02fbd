"""Units, their participation, and the programme's settings."""

import datetime as dt
from collections.abc import Container
from typing import Any

from django.db import connection, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from jarfalla import clock
from units.actions.steps import start_round
from units.imports import UnitList, fields_of, split_known
from units.models import (
    DeclaredHeadcount,
    Participation,
    ParticipationState,
    Programme,
    Refused,
    Unit,
    UnitImport,
    User,
)

# Addresses of pages that stand beside the units' own: /enheter/ny/.
RESERVED_SLUGS = {"ny", "importera"}


def free_slug(name: str, taken: Container[str] | None = None) -> str:
    """A web address for `name` that is not `taken` (by default: that no unit has); å, ä, ö become a, a, o."""
    base = slugify(name)[:120] or "enhet"
    if taken is None:
        taken = set(Unit.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    slug, number = base, 2
    while slug in RESERVED_SLUGS or slug in taken:
        slug, number = f"{base}-{number}", number + 1
    return slug


def lock_names() -> None:
    """Let nobody else add or change a unit until the transaction ends; everybody may read meanwhile.

    Whoever looks for a free name or web address locks first: no row can be locked that isn't there yet.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {connection.ops.quote_name(Unit._meta.db_table)} IN SHARE ROW EXCLUSIVE MODE")


@transaction.atomic
def create_unit(
    *,
    by: User | None,
    name: str,
    kind: str,
    declared_headcount: int | None = None,
    declared_on: dt.date | None = None,
    **fields: Any,
) -> Unit:
    """Make a unit that has not been invited yet; return the one with that name if it exists.

    `fields` are ownership, department, district and superior. `by` is None on the command line.
    """
    lock_names()
    if existing := Unit.objects.filter(name__iexact=name).first():
        return existing
    unit = Unit.objects.create(name=name, slug=free_slug(name), kind=kind, **fields)
    if declared_headcount is not None:
        declare_headcount(unit, headcount=declared_headcount, on=declared_on or clock.today(), by=by)
    return unit


@transaction.atomic
def update_unit(unit: Unit, *, by: User, declared_on: dt.date | None = None, **fields: Any) -> Unit:
    """Change what is known about a unit; the web address stays. Raises Refused when another unit has the name.

    `declared_headcount` among the fields is declared from `declared_on` (today when not given).
    """
    lock_names()
    if Unit.objects.filter(name__iexact=fields.get("name", unit.name)).exclude(pk=unit.pk).exists():
        raise Refused(_("Det finns redan en enhet med det namnet."))
    unit = Unit.objects.select_for_update().get(pk=unit.pk)
    if "declared_headcount" in fields:
        headcount = fields.pop("declared_headcount")
        declare_headcount(unit, headcount=headcount, on=declared_on or clock.today(), by=by)
    for name, value in fields.items():
        setattr(unit, name, value)
    unit.save()
    return unit


@transaction.atomic
def declare_headcount(unit: Unit, *, headcount: int | None, on: dt.date, by: User | None) -> DeclaredHeadcount | None:
    """So many work in the unit from the day `on`; None lets the staff list count again. Return what holds that day.

    Saying what holds already adds nothing. Raises Refused for a date in the future. `by` is None on the command line.
    """
    unit = Unit.objects.select_for_update().get(pk=unit.pk)
    if on > clock.today():
        raise Refused(_("Datumet ligger i framtiden. Välj dagens datum eller ett tidigare."))
    holds = unit.declared_headcount(on)
    if (holds.headcount if holds else None) == headcount:
        return holds
    return unit.declared_headcounts.create(headcount=headcount, declared_on=on, recorded_by=by)


def keep_import(unit_list: UnitList, *, file_name: str, by: User | None) -> UnitImport:
    """Keep what a file held, so that it can be shown before anything is saved. `by` is None on the command line."""
    return UnitImport.objects.create(
        file_name=file_name[-200:],
        rows=unit_list.rows,
        problems=unit_list.problems,
        ignored_columns=unit_list.ignored_columns,
        uploaded_by=by,
    )


@transaction.atomic
def import_units(unit_import: UnitImport, *, by: User | None) -> UnitImport:
    """Make a unit of each good row of a checked import, once: a second call returns the first result.

    A row whose unit somebody has added meanwhile is passed over. No mail goes out. `by` is None on the command line.
    """
    unit_import = UnitImport.objects.select_for_update(of=("self",)).get(pk=unit_import.pk)
    if unit_import.applied_at:
        return unit_import
    lock_names()
    slugs = set(Unit.objects.values_list("slug", flat=True))
    rows, _known = split_known(unit_import.rows)
    units, headcounts = [], {}
    for row in rows:
        fields = fields_of(row)
        slug = free_slug(row["name"], slugs)
        headcounts[slug] = fields.pop("declared_headcount", None)
        units.append(Unit(slug=slug, **fields))
        slugs.add(slug)
    # ignore_conflicts: PostgreSQL may see one name where Python sees two, in letters that Swedish doesn't have.
    Unit.objects.bulk_create(units, ignore_conflicts=True)
    made = Unit.objects.filter(slug__in=headcounts)
    DeclaredHeadcount.objects.bulk_create(
        DeclaredHeadcount(unit=unit, headcount=headcounts[unit.slug], recorded_by=by)
        for unit in made
        if headcounts[unit.slug]
    )
    unit_import.created_count = len(made)
    unit_import.applied_at = clock.now()
    unit_import.save()
    return unit_import


@transaction.atomic
def record_participation(
    unit: Unit, *, state: ParticipationState, since: dt.date | None = None, note: str = "", by: User
) -> Participation:
    """Record the unit's answer to the offer; a unit that takes part gets its first round.

    Repeating the present state returns the present row. Raises Refused for a date in the future.
    """
    unit = Unit.objects.select_for_update().get(pk=unit.pk)
    since = since or clock.today()
    if since > clock.today():
        raise Refused(_("Datumet ligger i framtiden. Välj dagens datum eller ett tidigare."))
    latest = unit.participations.order_by("-pk").first()
    if latest and latest.state == state:
        return latest
    row = unit.participations.create(state=state, since=since, note=note, recorded_by=by)
    if state == ParticipationState.TAKING_PART and unit.open_round is None:
        start_round(unit, by=by)
    return row


@transaction.atomic
def change_programme(*, by: User, **fields: Any) -> Programme:
    """Change the programme's names, thresholds, months or sender."""
    programme, _made = Programme.objects.select_for_update().get_or_create(pk=1)
    for name, value in fields.items():
        setattr(programme, name, value)
    programme.save()
    return programme
