"""The permission is how a view gets its object (units/permissions.py has the rest of the story)."""

import datetime as dt
import re

from django.core.signing import BadSignature, Signer
from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from followups.models import FollowUp, RuleKind, SupportAction
from units import permissions
from units.models import Round, Unit, User

# The address in a digest says whose it is, when it was written, and that we wrote it; no row is needed for that.
_pause_signer = Signer(salt="followups.pause", sep=".")
# For so long the address in a digest works.
PAUSE_ADDRESS_LASTS = dt.timedelta(days=400)


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


def get_read_follow_up(user: User, slug: str, pk: int) -> FollowUp:
    """A follow-up of the unit, for those who read what was said; 403 for members and readers, else 404."""
    unit = permissions.get_managed_unit(user, slug)
    return get_object_or_404(_follow_ups(), pk=pk, round__unit=unit)


def get_coordinated_follow_up(user: User, pk: int) -> FollowUp:
    """A follow-up whose unit has written a lesson, for the coordinator only; 403 for readers, else 404."""
    permissions.require_coordinator(user)
    return get_object_or_404(_follow_ups().exclude(lesson=""), pk=pk)


def get_taught_follow_up(user: User, pk: int) -> FollowUp:
    """A follow-up whose unit has said yes to sharing its lesson, for those who speak for the unit; 403 for its members
    and for readers, else 404."""
    follow_up = get_object_or_404(_follow_ups().filter(lesson_may_be_shared=True), pk=pk)
    permissions.get_managed_unit(user, follow_up.round.unit.slug)
    return follow_up


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


def get_rule_kind(user: User, kind: str) -> RuleKind:
    """A rule of reminders, for the coordinator; 403 for a reader, else 404."""
    permissions.require_coordinator(user)
    if kind not in RuleKind.values:
        raise Http404
    return RuleKind(kind)


def pause_token(user: User, on: dt.date) -> str:
    """What lets whoever holds a digest of that day pause its reader's reminders, without signing in."""
    return _pause_signer.sign(f"{user.pk}-{on:%Y%m%d}")


def get_digest_reader(token: str, today: dt.date) -> User:
    """Who pauses the own reminders with a digest's address; 404 for one that is not ours, is too old, or leads to
    somebody the portal no longer writes to."""
    try:
        key, day = _pause_signer.unsign(token).split("-")
    except BadSignature as bad:
        raise Http404 from bad
    if today - dt.date.fromisoformat(day) > PAUSE_ADDRESS_LASTS:
        raise Http404
    reader = User.objects.filter(pk=key).first()
    if reader is None or not reader.gets_mail:
        raise Http404
    return reader


def _follow_ups() -> QuerySet[FollowUp]:
    return FollowUp.objects.select_related("round__unit", "shared_lesson")


def _rounds(unit: Unit) -> QuerySet[Round]:
    return unit.rounds.select_related("unit", "closed_by").prefetch_related("completions__recorded_by")


def _latest_round(unit: Unit) -> Round:
    round_ = _rounds(unit).order_by("-number").first()
    if round_ is None:
        raise Http404(_("Enheten har inte börjat någon omgång."))
    return round_
