"""The permission is how a view gets its routine (units/permissions.py has the rest of the story)."""

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from routines.models import (
    Contact,
    Export,
    LegalReference,
    Routine,
    RoutineQuerySet,
    RoutineVersion,
    Template,
    TemplateSection,
)
from units.models import Unit, User
from units.permissions import require_coordinator


def readable_routines(user: User) -> RoutineQuerySet:
    """The routines that `user` may open; 404 for a reader, who sees figures only."""
    if user.is_reader:
        raise Http404
    return Routine.objects.readable_by(user)


def get_readable_routine(user: User, slug: str) -> Routine:
    """The routine, for the coordinator, its unit's managers and, once a version is in force, its members; else 404."""
    return get_object_or_404(readable_routines(user).select_related("unit"), slug=slug)


def get_withdrawn_routine(user: User, slug: str) -> Routine:
    """A routine that has been withdrawn, for those who work in its unit and no longer find it; else 404."""
    applied = Routine.objects.of_workplaces(user).select_related("unit").filter(slug=slug).first()
    if applied is None or applied.withdrawn is None:
        raise Http404
    return applied


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


def get_applying_routine(user: User, slug: str) -> Routine:
    """The routine, for those who work in its unit; 403 for others who may read it and for readers, else 404."""
    if user.is_reader:
        raise PermissionDenied(_("Du läser siffror och kan inte ändra något."))
    routine = get_readable_routine(user, slug)
    if not routine.unit.memberships.present().filter(user=user).exists():
        raise PermissionDenied(_("Det här gör den som arbetar i enheten."))
    return routine


def get_routine_with_receipts(user: User, slug: str) -> Routine:
    """The routine, for those who may see who has read it: its unit's managers and the coordinator. 404 for everybody
    else, also for colleagues who may read the routine: who has read what is not theirs to know."""
    return get_object_or_404(Routine.objects.managed_by(user).select_related("unit"), slug=slug)


def get_shared_routine(user: User, slug: str) -> Routine:
    """A routine that its unit shares, for those who write another unit's; 403 for others who may read it and for
    readers, 404 for one that is not shared."""
    if user.is_reader:
        raise PermissionDenied(_("Du läser siffror och kan inte ändra något."))
    routine = get_object_or_404(Routine.objects.shared().select_related("unit"), slug=slug)
    if not Unit.objects.managed_by(user).exclude(pk=routine.unit_id).exists():
        raise PermissionDenied(_("Det här gör den som är chef för en annan enhet, eller samordnaren."))
    return routine


def manages(user: User, routine: Routine) -> bool:
    """Whether `user` may write on the routine."""
    return Routine.objects.managed_by(user).filter(pk=routine.pk).exists()


def get_version(user: User, routine: Routine, number: str) -> RoutineVersion:
    """The version of a routine that `user` may read: any for those who write it; for others only one that is in force
    or was (an old link leads to the one in force), else 404: drafts do not exist for them."""
    kept = routine.versions.filter(discarded_at__isnull=True).select_related("approved_by")
    version = next((row for row in kept if row.number == number), None)
    if version is None or not (version.in_force_at or manages(user, routine)):
        raise Http404
    version.routine = routine
    return version


def get_coordinated_contact(user: User, pk: int) -> Contact:
    """A contact, for the coordinator only; 403 for a reader, else 404."""
    require_coordinator(user)
    return get_object_or_404(Contact, pk=pk)


def get_current_contact(user: User, pk: int) -> Contact:
    """The same, but 404 for one that was taken out of the registry."""
    require_coordinator(user)
    return get_object_or_404(Contact.objects.current(), pk=pk)


def get_coordinated_law(user: User, pk: int) -> LegalReference:
    """A legal reference, for the coordinator only; 403 for a reader, else 404."""
    require_coordinator(user)
    return get_object_or_404(LegalReference, pk=pk)


def get_current_law(user: User, pk: int) -> LegalReference:
    """The same, but 404 for one that was taken out of the registry."""
    require_coordinator(user)
    return get_object_or_404(LegalReference.objects.current(), pk=pk)


def get_template(user: User, pk: int) -> Template:
    """A template, for the coordinator only; 403 for a reader, else 404."""
    require_coordinator(user)
    return get_object_or_404(Template, pk=pk)


def get_template_section(user: User, pk: int, key: str) -> TemplateSection:
    """A section of a template, for the coordinator only; 403 for a reader, else 404."""
    template = get_template(user, pk)
    section = get_object_or_404(template.sections.prefetch_related("contacts", "legal_references"), key=key)
    section.template = template
    return section


def require_exports(user: User) -> None:
    """Files of the whole municipality are for the coordinator; for everybody else they do not exist."""
    if not user.is_coordinator:
        raise Http404


def get_visible_export(user: User, pk: int) -> Export:
    """An export, for the coordinator; a unit's binder also for those who work there. For everybody else 404."""
    return get_object_or_404(Export.objects.visible_to(user).select_related("unit", "requested_by"), pk=pk)


def get_export_to_cancel(user: User, pk: int) -> Export:
    """An export, for who asked for it and who manages; 403 for others who may see it, else 404."""
    export = get_visible_export(user, pk)
    if not export.may_be_cancelled_by(user):
        raise PermissionDenied(_("Bara den som har beställt filen, chefen och samordnaren kan avbryta."))
    return export
