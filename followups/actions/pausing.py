"""A person wants no reminders for a time, and then wants them again.

There is no `by`: it is the person's own doing, signed in or with the address in a digest.
"""

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from followups.models import DigestPause
from jarfalla import clock
from units.models import Refused, User


@transaction.atomic
def pause_digests(user: User, *, ends_on: dt.date | None) -> DigestPause:
    """Hold back the person's reminders through `ends_on`, or until they say so; a pause that stands is changed.

    Raises Refused for a day that has passed.
    """
    today = clock.today()
    if ends_on and ends_on < today:
        raise Refused(_("Dagen har redan varit. Välj en som kommer."))
    standing = _standing(user)
    if standing and (standing.ends_on is None or standing.ends_on >= today):
        if standing.ends_on != ends_on:
            standing.ends_on = ends_on
            standing.save(update_fields=["ends_on"])
        return standing
    if standing:  # it is over, and nobody has said so yet
        _end(standing)
    return DigestPause.objects.create(user=user, ends_on=ends_on)


@transaction.atomic
def resume_digests(user: User) -> None:
    """Let the person have reminders again; what still holds comes on the next working day."""
    if standing := _standing(user):
        _end(standing)


def _standing(user: User) -> DigestPause | None:
    """The person's pause that has not been ended; the person is locked, so that two clicks make one pause."""
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    return DigestPause.objects.filter(user=user, ended_at__isnull=True).first()


def _end(pause: DigestPause) -> None:
    pause.ended_at = clock.now()
    pause.save(update_fields=["ended_at"])
