"""The permission is how a view gets its object; units/permissions.py has the getters for units and rounds."""

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from courses.models import Completion, GroupSession, Material, Survey, Training, TrainingQuerySet
from units.models import Membership, Round, Unit, User
from units.permissions import get_managed_unit


def get_managed_session(user: User, slug: str, pk: int) -> GroupSession:
    """A group session of the unit, for those who log its steps; see get_managed_unit for the refusals."""
    return get_object_or_404(GroupSession.objects.select_related("unit"), unit=get_managed_unit(user, slug), pk=pk)


def get_managed_completion(user: User, slug: str, pk: int) -> Completion:
    """The completion of somebody who works in the unit now, for those who log its steps."""
    staff = Membership.objects.present().filter(unit=get_managed_unit(user, slug)).values("user")
    listed = Completion.objects.filter(user__in=staff, user__is_protected=False)
    return get_object_or_404(listed.select_related("user"), pk=pk)


def visible_trainings(user: User) -> TrainingQuerySet:
    """The trainings that `user` may open; 404 for a reader, who sees figures only."""
    if user.is_reader:
        raise Http404
    return Training.objects.visible_to(user)


def get_visible_training(user: User, pk: int) -> Training:
    """The training, for the coordinator and those who work in its unit; else 404."""
    return get_object_or_404(visible_trainings(user).prefetch_related("rounds__unit"), pk=pk)


def get_coordinated_training(user: User, pk: int) -> Training:
    """The training, for the coordinator only; 403 for those who work in its unit and for readers, else 404."""
    if user.is_reader:
        raise PermissionDenied(_("Du läser siffror och kan inte ändra något."))
    training = get_visible_training(user, pk)
    if not user.is_coordinator:
        raise PermissionDenied(_("Det här gör samordnaren."))
    return training


def get_attended_training(user: User, pk: int) -> Training:
    """The training, for those who record who came: the coordinator and the managers of its units; 403 for their
    staff and for readers, else 404.
    """
    if user.is_reader:
        raise PermissionDenied(_("Du läser siffror och kan inte ändra något."))
    training = get_visible_training(user, pk)
    managed = training.rounds.filter(unit__in=Unit.objects.managed_by(user))
    if not (user.is_coordinator or managed.exists()):
        raise PermissionDenied(_("Det här gör enhetens chef eller samordnaren."))
    return training


def get_material(pk: int) -> Material:
    """A material of the library, for everybody who has signed in; 404 once it has been retired."""
    return get_object_or_404(Material.objects.in_library(), pk=pk)


def get_any_material(pk: int) -> Material:
    """A material, retired or not: taking it away twice is the same as once."""
    return get_object_or_404(Material, pk=pk)


def get_material_file(pk: int) -> tuple[Material, str]:
    """A material of the library and the name of its stored file; 404 when it is a link only."""
    material = get_material(pk)
    if not material.file.name:
        raise Http404
    return material, material.file.name


def get_evaluated_training(user: User, pk: int) -> Training:
    """The training, for the coordinator and the managers of its units; 403 for their staff, else 404."""
    training = get_visible_training(user, pk)
    managed = Round.objects.filter(trainings=training, unit__in=Unit.objects.managed_by(user))
    if not (user.is_coordinator or managed.exists()):
        raise PermissionDenied(_("Utvärderingen läser samordnaren och enhetens chef."))
    return training


def get_managed_survey(user: User, pk: int) -> Survey:
    """The survey, for those who share and close it: a pulse for those who log the unit's steps, an evaluation for the
    coordinator. 403 for others in the unit and for readers, else 404.
    """
    if user.is_reader:
        raise PermissionDenied(_("Du läser siffror och kan inte ändra något."))
    survey = get_object_or_404(Survey.objects.select_related("round__unit", "training"), pk=pk)
    if survey.round:
        get_managed_unit(user, survey.round.unit.slug)
    elif survey.training:
        get_coordinated_training(user, survey.training.pk)
    return survey
