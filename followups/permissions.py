"""The permission is how a view gets its object (units/permissions.py has the rest of the story)."""

import re

from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from followups.models import SupportAction
from units import permissions
from units.models import Round, Unit, User


def get_visible_round(user: User, slug: str) -> Round:
    """The unit's latest round, open or closed, for those who see the unit; 404 when it has had none."""
    return _latest_round(permissions.get_visible_unit(user, slug))


def get_coordinated_round(user: User, slug: str, number: str) -> Round:
    """The unit's round with that number, for the coordinator only; the latest one when `number` is none.

    A form names its round, so that sending it twice means the same round although the first time started another.
    """
    unit = permissions.get_coordinated_unit(user, slug)
    if not re.fullmatch("[0-9]{1,9}", number):
        return _latest_round(unit)
    return get_object_or_404(_rounds(unit), number=number)


def reads_notes(user: User, unit: Unit) -> bool:
    """Whether `user` reads what was said in follow-ups: the coordinator and the unit's managers do."""
    return Unit.objects.managed_by(user).filter(pk=unit.pk).exists()


def get_followed_units(user: User) -> QuerySet[Unit]:
    """The units whose follow-ups `user` keeps an eye on; 404 for somebody who has none."""
    if user.is_reader:
        raise Http404(_("Du läser siffror."))
    units = Unit.objects.managed_by(user)
    if not user.is_coordinator and not units.exists():
        raise Http404(_("Uppföljningar är för samordnaren och för chefer."))
    return units


def get_managed_support_action(user: User, pk: int) -> SupportAction:
    """What was promised, for the coordinator and the unit's managers; 403 for members and readers, else 404."""
    support_action = get_object_or_404(SupportAction.objects.select_related("follow_up__round__unit"), pk=pk)
    permissions.get_managed_unit(user, support_action.follow_up.round.unit.slug)
    return support_action


def _rounds(unit: Unit) -> QuerySet[Round]:
    return unit.rounds.select_related("unit", "closed_by").prefetch_related("completions__recorded_by")


def _latest_round(unit: Unit) -> Round:
    round_ = _rounds(unit).order_by("-number").first()
    if round_ is None:
        raise Http404(_("Enheten har inte börjat någon omgång."))
    return round_
