"""A unit offers its routine to the others, and another takes a copy over."""

from django.db import transaction
from django.utils.translation import gettext as _

from jarfalla import clock
from routines.actions.locking import lock_routine
from routines.actions.writing import copy_sections, free_slug
from routines.models import Routine, RoutineVersion, Sharing
from units.models import Refused, Unit, User

# What a copy takes over besides the text. The diary number and whom it applies to are the unit's own.
_TAKEN_OVER = ("document_type", "review_months")


@transaction.atomic
def share_routine(routine: Routine, *, by: User) -> Sharing:
    """Offer the routine to the other units; return the offer that stands already.

    Raises Refused when no version is in force: a draft is nobody else's business.
    """
    routine = lock_routine(routine)
    if standing := routine.sharings.standing().first():
        return standing
    if routine.in_force is None:
        raise Refused(_("Rutinen gäller inte än. Dela den när den är fastställd."))
    return routine.sharings.create(shared_by=by)


@transaction.atomic
def stop_sharing(routine: Routine, *, by: User) -> Routine:
    """Take the offer back; a routine that is not shared stays as it is. Copies that others made are theirs."""
    routine = lock_routine(routine)
    if standing := routine.sharings.standing().first():
        standing.ended_by, standing.ended_at = by, clock.now()
        standing.save()
    return routine


@transaction.atomic
def adopt_routine(version: RoutineVersion, *, unit: Unit, title: str, by: User) -> Routine:
    """Make a routine for `unit` whose first draft is a copy of another unit's version in force, with its origin.

    Return the one that the same click has made already. Raises Refused when the version is no longer in force or no
    longer shared, when it is the unit's own, and when the unit has another routine with that title.
    """
    unit = Unit.objects.select_for_update(of=("self",)).get(pk=unit.pk)
    source = Routine.objects.shared().select_related("template").filter(pk=version.routine_id).first()
    if source is None or not source.versions.in_force().filter(pk=version.pk).exists():
        raise Refused(_("Rutinen delas inte längre, eller har ändrats. Gå tillbaka till listan över delade rutiner."))
    if source.unit_id == unit.pk:
        raise Refused(_("Rutinen är redan enhetens egen."))
    title = " ".join(title.split())
    if existing := unit.routines.filter(title__iexact=title).first():
        untouched = existing.origin_id == version.pk and existing.created_by_id == by.pk
        if untouched and not existing.versions.filter(approvals__isnull=False).exists():
            return existing
        raise Refused(_("Enheten har redan en rutin med den titeln."))
    routine = unit.routines.create(
        template=source.template, origin=version, title=title, slug=free_slug(title, unit), created_by=by
    )
    draft = routine.versions.create(
        major=1,
        minor=0,
        created_by=by,
        applies_to=_("Alla som arbetar på enheten"),
        **{name: getattr(version, name) for name in _TAKEN_OVER},
    )
    copy_sections(version, draft)
    return routine
