"""The permission is how a view gets its routine (units/permissions.py has the rest of the story)."""

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from routines.models import Contact, Routine, RoutineQuerySet
from units.models import User
from units.permissions import require_coordinator


def readable_routines(user: User) -> RoutineQuerySet:
    """The routines that `user` may open; 404 for a reader, who sees figures only."""
    if user.is_reader:
        raise Http404
    return Routine.objects.readable_by(user)


def get_readable_routine(user: User, slug: str) -> Routine:
    """The routine, for the coordinator, its unit's managers and, once a version is in force, its members; else 404."""
    return get_object_or_404(readable_routines(user).select_related("unit"), slug=slug)


def get_managed_routine(user: User, slug: str) -> Routine:
    """The routine, for those who write it; 403 for members who may read it and for readers, else 404."""
    routine = Routine.objects.managed_by(user).select_related("unit").filter(slug=slug).first()
    if routine is not None:
        return routine
    if user.is_reader:
        raise PermissionDenied(_("Du läser siffror och kan inte ändra något."))
    get_readable_routine(user, slug)
    raise PermissionDenied(_("Det här gör enhetens chef eller samordnaren."))


def get_coordinated_routine(user: User, slug: str) -> Routine:
    """The routine, for the coordinator only; 403 for those who may read it and for readers, else 404."""
    routine = get_managed_routine(user, slug)
    if not user.is_coordinator:
        raise PermissionDenied(_("Det här gör samordnaren."))
    return routine


def manages(user: User, routine: Routine) -> bool:
    """Whether `user` may write on the routine."""
    return Routine.objects.managed_by(user).filter(pk=routine.pk).exists()


def get_coordinated_contact(user: User, pk: int) -> Contact:
    """A contact, for the coordinator only; 403 for a reader, else 404."""
    require_coordinator(user)
    return get_object_or_404(Contact, pk=pk)
