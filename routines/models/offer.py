"""What a unit has said no to in its routine's template."""

import pghistory
from django.db import models
from django.utils.translation import gettext_lazy as _

from jarfalla import clock
from routines.models.routine import Routine
from units.models import User


@pghistory.track()
class DeclinedOffer(models.Model):
    """A unit keeps its own words of a section although its template says something else now.

    It belongs to the routine rather than to a version: a no must be possible while a version is in force and frozen. It
    holds for exactly one wording of the template; the next one is offered again.
    """

    routine = models.ForeignKey(Routine, models.PROTECT, related_name="declined_offers", verbose_name=_("rutin"))
    key = models.SlugField(_("nyckel"), max_length=60)
    # What the template said: TemplateSection.content_sha256(), or "" when the template no longer had the section.
    template_sha256 = models.CharField(_("mallens kontrollsumma"), max_length=64, blank=True)
    declined_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("avböjt av"))
    declined_at = models.DateTimeField(_("avböjt"), default=clock.now, editable=False)

    class Meta:
        verbose_name = _("avböjd ändring i mall")
        verbose_name_plural = _("avböjda ändringar i mallar")
        ordering = ["routine", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["routine", "key", "template_sha256"], name="template_offer_declined_once"),
        ]

    def __str__(self) -> str:
        return f"{self.routine}: {self.key}"
