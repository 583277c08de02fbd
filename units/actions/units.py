"""Units, their participation, and the programme's settings."""

import datetime as dt
from typing import Any

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from jarfalla import clock
from units.actions.steps import start_round
from units.models import Participation, ParticipationState, Programme, Refused, Unit, UnitImport, User


def free_slug(name: str) -> str:
    """A web address for `name` that no unit has yet: å, ä and ö become a, a and o."""
    base = slugify(name)[:120] or "enhet"
    slug, number = base, 2
    while Unit.objects.filter(slug=slug).exists():
        slug, number = f"{base}-{number}", number + 1
    return slug


@transaction.atomic
def create_unit(*, by: User | None, name: str, kind: str, **fields: Any) -> Unit:
    """Make a unit that has not been invited yet; return the one with that name if it exists.

    `fields` are ownership, department, district and declared_headcount. `by` is None on the command line.
    """
    if existing := Unit.objects.filter(name__iexact=name).first():
        return existing
    if fields.get("declared_headcount"):
        fields.setdefault("declared_on", clock.today())
    return Unit.objects.create(name=name, slug=free_slug(name), kind=kind, **fields)


@transaction.atomic
def update_unit(unit: Unit, *, by: User, **fields: Any) -> Unit:
    """Change what is known about a unit. A new headcount gets today's date; the web address stays."""
    unit = Unit.objects.select_for_update().get(pk=unit.pk)
    if "declared_headcount" in fields and fields["declared_headcount"] != unit.declared_headcount:
        unit.declared_on = clock.today() if fields["declared_headcount"] else None
    for name, value in fields.items():
        setattr(unit, name, value)
    unit.save()
    return unit


@transaction.atomic
def import_units(unit_import: UnitImport, *, by: User | None) -> UnitImport:
    """Save the good rows of a checked import, once: a second call returns the first result."""
    unit_import = UnitImport.objects.select_for_update(of=("self",)).get(pk=unit_import.pk)
    if unit_import.applied_at:
        return unit_import
    before = Unit.objects.count()
    for row in unit_import.rows:
        create_unit(by=by, **row)
    unit_import.created_count = Unit.objects.count() - before
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
    programme = Programme.objects.select_for_update().get(pk=Programme.current().pk)
    for name, value in fields.items():
        setattr(programme, name, value)
    programme.save()
    return programme
