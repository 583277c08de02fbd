"""The registry of whom to call."""

import re

import pghistory
from django.db import models
from django.utils.translation import gettext_lazy as _

from units.models import User


@pghistory.track()
class Contact(models.Model):
    """Whom to call. The first ones come from routines/seed/kontakter.csv; unchecked until a person dates it."""

    name = models.CharField(_("namn"), max_length=150, unique=True)
    phone = models.CharField(_("telefon"), max_length=60, blank=True)
    web = models.URLField(_("webbplats"), blank=True)
    hours = models.CharField(_("öppettider"), max_length=100, blank=True)
    audience = models.CharField(_("för vem"), max_length=150, blank=True)
    source = models.CharField(_("källa"), max_length=150, blank=True)
    checked_on = models.DateField(_("kontrollerad"), null=True, blank=True)
    checked_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("kontrollerad av")
    )
    position = models.PositiveSmallIntegerField(_("ordning"), default=0)

    class Meta:
        verbose_name = _("kontakt")
        verbose_name_plural = _("kontakter")
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name

    @property
    def tel(self) -> str:
        """The number as a telephone dials it, "+46858028500"; an extension in brackets is left to the ear."""
        digits = re.sub(r"[^\d+]", "", self.phone.split("(")[0])
        return f"+46{digits[1:]}" if digits.startswith("0") else digits
