"""What stands in the units' plans (verksamhetsplan)."""

from routines.models import PlanEntry, Routine, VersionState
from units.models import Unit


def routines_outside_plan(unit: Unit) -> list[Routine]:
    """The unit's routines in force of which nobody has said that they are written into its plan, by title."""
    in_force = Routine.objects.filter(unit=unit).in_state(VersionState.IN_FORCE)
    written = PlanEntry.objects.standing().values("routine")
    return list(in_force.exclude(pk__in=written).order_by("title", "pk"))


def plan_entries(unit: Unit) -> list[tuple[PlanEntry, str]]:
    """What stands in the unit's plan about its routines in force, each with the name of who said so."""
    in_force = Routine.objects.filter(unit=unit).in_state(VersionState.IN_FORCE)
    entries = PlanEntry.objects.standing().filter(routine__in=in_force).select_related("routine", "recorded_by")
    return [(entry, entry.recorded_by.shown_name) for entry in entries.order_by("routine__title", "pk")]
