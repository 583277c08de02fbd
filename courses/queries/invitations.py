"""Who is to be invited to a training, and which trainings somebody has to be written to about."""

import datetime as dt
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone

from courses.models import Invitation, Training
from units.models import Membership, MembershipRole, User
from units.models.people import MembershipQuerySet

_TRAINING = "unit__rounds__training_rounds__training"


def invited_people(training: Training) -> QuerySet[User]:
    """Whom a training that lies ahead concerns: the managers of its units, or all of their staff.

    They work there now and still will on the day; none of a training that is cancelled.
    """
    if training.cancelled_at:
        return User.objects.none()
    day = timezone.localdate(training.starts_at)
    staff = _who_get_mail().filter(_stays_until(day), **{_TRAINING: training.pk})
    staff = staff if training.invites_staff else staff.managers()
    return User.objects.filter(pk__in=staff.values("user"))


def unheard(training: Training) -> QuerySet[User]:
    """Those of the invited who have not been written to about the training as it is now, in a fixed order."""
    heard = training.invitations.filter(cancelled_at__isnull=True, sequence=training.sequence)
    return invited_people(training).exclude(pk__in=heard.values("user")).order_by("pk")


def no_longer_invited(training: Training) -> QuerySet[Invitation]:
    """The invitations of those whom the training no longer concerns, in a fixed order."""
    stands = training.invitations.filter(cancelled_at__isnull=True)
    return stands.exclude(user__in=invited_people(training)).select_related("user").order_by("pk")


def trainings_to_tell_of(at: dt.datetime) -> QuerySet[Training, Any]:
    """The primary keys of the trainings that the worker has something to do about at the moment `at`; one query.

    They have changed since everybody was written to; or they lie ahead, and somebody has joined or left a unit.
    """
    stands = Invitation.objects.filter(cancelled_at__isnull=True)
    invited = stands.filter(training=OuterRef(OuterRef("pk")), user=OuterRef("user"))
    newcomers = _staff_to_invite("").filter(~Exists(invited))
    leavers = stands.filter(training=OuterRef("pk")).filter(
        ~Exists(_staff_to_invite("training__").filter(user=OuterRef("user")))
    )
    changed = Q(told_sequence__isnull=True) | ~Q(told_sequence=F("sequence"))
    ahead = Q(held_on__isnull=True, cancelled_at__isnull=True, starts_at__gt=at)
    found = Training.objects.filter(changed | (ahead & (Exists(newcomers) | Exists(leavers))))
    return found.order_by("pk").values_list("pk", flat=True)


def _staff_to_invite(outer: str) -> QuerySet[Membership]:
    """The same people as invited_people, for a subquery; `outer` leads from the row outside to the training."""
    # One filter(): every condition speaks of the same training.
    return _who_get_mail().filter(
        Q(role=MembershipRole.MANAGER) | Q(**{f"{_TRAINING}__invites_staff": True}),
        _stays_until(TruncDate(f"{_TRAINING}__starts_at")),
        **{_TRAINING: OuterRef(f"{outer}pk")},
    )


def _who_get_mail() -> MembershipQuerySet:
    """Those who work somewhere now and get mail."""
    return Membership.objects.present().filter(user__is_active=True, user__is_protected=False)


def _stays_until(day: Any) -> Q:
    """A membership that still holds on the day."""
    return Q(ended_on__isnull=True) | Q(ended_on__gt=day)


def versions(training: Training) -> dict[int, Any]:
    """What the training looked like after each change that people were told of, by its sequence; one query."""
    events = Training.pgh_event_model.objects.filter(pgh_obj=training.pk)  # type: ignore[attr-defined]  # by pghistory
    return {event.sequence: event for event in events.order_by("pgh_id")}


def invited_now(training: Training) -> int:
    """How many people stand as invited and have a letter about it written."""
    return training.invitations.filter(cancelled_at__isnull=True).count()
