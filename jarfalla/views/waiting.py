"""What waits for a manager about the routines of their units, besides the unit's next step."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Prefetch
from django.urls import reverse
from django.utils.translation import gettext as _

from jarfalla.views.next_step import Evidence
from routines.models import Routine, RoutineVersion, VersionState
from routines.queries import in_order, open_offer_counts


@dataclass(frozen=True)
class WaitingRoutine:
    """One thing to do about one routine, and where."""

    text: str
    url: str


def unfinished(known: Evidence) -> list[WaitingRoutine]:
    """The new versions that the manager has the word about, also long after step 3. No query."""
    turns = {
        VersionState.ENDORSED: (_("Fastställ rutinen ”%(title)s”"), "routine_approve"),
        VersionState.RETURNED: (_("Rutinen ”%(title)s” behöver ändras"), "routine_write"),
        VersionState.FAILED: (_("PDF:en till ”%(title)s” kunde inte skapas"), "routine"),
    }
    waiting = []
    for routine, state in known.unfinished:
        if state in turns:
            text, page = turns[state]
            waiting.append(WaitingRoutine(text % {"title": routine.title}, reverse(page, args=[routine.slug])))
    return waiting


def changed_templates(units: Collection[int]) -> dict[int, list[WaitingRoutine]]:
    """The routines of these units whose template says something else now, by the unit's primary key; as many queries
    for one routine as for many."""
    versions = Prefetch("versions", RoutineVersion.objects.defer("words", "search"))
    routines = in_order(Routine.objects.filter(unit__in=units, template__isnull=False)).prefetch_related(versions)
    counts, found = open_offer_counts(routines), defaultdict(list)
    for routine in routines:
        if routine.pk in counts:
            text = _("Mallen till ”%(title)s” har ändrats") % {"title": routine.title}
            found[routine.unit_id].append(WaitingRoutine(text, reverse("offers", args=[routine.slug])))
    return found
