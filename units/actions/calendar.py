"""The personal calendar feed: opened, replaced and closed by the person alone."""

from django.db import transaction
from django.utils.translation import gettext as _

from jarfalla import clock
from units.models import CalendarFeed, Refused, User


@transaction.atomic
def open_feed(user: User) -> CalendarFeed:
    """The person's secret address; the one that is open, or else a new one that nobody has seen before.

    Raises Refused for somebody whose calendar may not leave the portal.
    """
    user = User.objects.select_for_update(of=("self",)).get(pk=user.pk)
    if not user.may_have_calendar:
        raise Refused(_("Ditt konto kan inte ha någon kalenderadress."))
    feed = user.calendar_feeds.filter(revoked_at__isnull=True).first()
    return feed or user.calendar_feeds.create()


@transaction.atomic
def revoke_feed(user: User) -> bool:
    """Close the person's address for ever; return whether there was one."""
    return user.calendar_feeds.filter(revoked_at__isnull=True).update(revoked_at=clock.now()) > 0


@transaction.atomic
def replace_feed(user: User) -> CalendarFeed:
    """A new address instead of one that somebody else may have seen. Raises Refused as open_feed does."""
    revoke_feed(user)
    return open_feed(user)
