"""Which routines are to be looked over, and whose they are."""

import datetime as dt
from collections.abc import Collection

from django.db.models import QuerySet

from routines.models import RoutineVersion
from units.models import Membership, User


def versions_to_review(*, before: dt.date) -> "QuerySet[RoutineVersion]":
    """Versions in force whose review date comes before that day, with their routine, its unit and its owner."""
    coming = RoutineVersion.objects.to_review_before(before).defer("words", "search")
    return coming.select_related("routine__unit", "routine__owner")


def present_owners(versions: Collection[RoutineVersion]) -> dict[int, User]:
    """By the version's key, its routine's owner: one who still works there and gets mail. One query, when the routines
    and their owners are loaded."""
    owned = {version.pk: version.routine for version in versions if version.routine.owner_id}
    here = Membership.objects.present().filter(unit__in={routine.unit_id for routine in owned.values()})
    working = set(here.filter(user__in={routine.owner_id for routine in owned.values()}).values_list("unit", "user"))
    return {
        pk: routine.owner
        for pk, routine in owned.items()
        if routine.owner and routine.owner.gets_mail and (routine.unit_id, routine.owner_id) in working
    }
