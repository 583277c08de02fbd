"""The personal calendar feed: a secret address that a calendar program asks for the person's dates."""

import secrets

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from jarfalla import clock
from units.models.people import User


def new_token() -> str:
    """A secret that nobody guesses (256 bits), fit for an address."""
    return secrets.token_urlsafe(32)


class CalendarFeed(models.Model):
    """One person's secret address; revoked rather than deleted, so that an old address never answers again."""

    user = models.ForeignKey(User, models.PROTECT, related_name="calendar_feeds", verbose_name=_("person"))
    token = models.CharField(_("hemlig del av adressen"), max_length=64, unique=True, default=new_token, editable=False)
    created_at = models.DateTimeField(_("skapad"), default=clock.now, editable=False)
    revoked_at = models.DateTimeField(_("stängd"), null=True, blank=True)

    class Meta:
        verbose_name = _("kalenderadress")
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(revoked_at__isnull=True),
                name="calendar_feed_one_open_per_person",
                violation_error_message=_("Du har redan en kalenderadress."),
            ),
        ]

    def __str__(self) -> str:
        return str(self.user)
