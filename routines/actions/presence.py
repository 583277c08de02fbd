"""Who has a section open for writing: others are warned, nobody is locked out."""

import datetime as dt

from django.db import transaction

from jarfalla import clock
from routines.models import RoutineSection, Writing
from units.models import User

# A page says so three times a minute; one that has been silent for this long is closed or asleep.
SILENT_AFTER = dt.timedelta(seconds=70)


@transaction.atomic
def note_writing(section: RoutineSection, *, by: User) -> list[User]:
    """`by` is writing in the section now. Return who else is, in the order of their names."""
    now = clock.now()
    # Nothing here is kept: it says who is where.
    Writing.objects.filter(section__version=section.version_id, at__lt=now - SILENT_AFTER).delete()
    Writing.objects.update_or_create(section=section, user=by, defaults={"at": now})
    others = Writing.objects.filter(section=section).exclude(user=by).select_related("user")
    return [row.user for row in others.order_by("user__name", "user__pk")]


@transaction.atomic
def note_left(section: RoutineSection, *, by: User) -> None:
    """`by` has closed the page."""
    Writing.objects.filter(section=section, user=by).delete()
