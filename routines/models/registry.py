"""The two registries that routines refer to: whom to call, and what the law says."""

import re
from typing import ClassVar

import pghistory
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from units.models import User


class RegistryEntry(models.Model):
    """What contacts and legal references share: when a person last looked it up, and how often its print changed.

    `revision` rises whenever something changes that stands in a PDF, so that a PDF knows whether it shows the present
    wording (PlacedContact.printed_revision). An entry is retired rather than deleted: old versions refer to it.
    """

    # What stands in a PDF: a change of one of these raises `revision`. So does the first check of an unchecked entry.
    PRINTED: ClassVar[tuple[str, ...]]
    # What its form fills, and which of them tells an entry from the others.
    EDITED: ClassVar[tuple[str, ...]]
    NAMED_BY: ClassVar[str]

    checked_on = models.DateField(_("kontrollerad"), null=True, blank=True)
    checked_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("kontrollerad av")
    )
    position = models.PositiveSmallIntegerField(_("ordning"), default=0)
    revision = models.PositiveIntegerField(_("ändring nummer"), default=1, editable=False)
    retired_at = models.DateTimeField(_("används inte längre"), null=True, blank=True, editable=False)
    retired_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("borttagen av"), editable=False
    )

    class Meta:
        abstract = True


class ContactQuerySet(models.QuerySet["Contact"]):
    """Questions about the registry."""

    def current(self) -> "ContactQuerySet":
        """Those that may be placed and shown."""
        return self.filter(retired_at__isnull=True)


@pghistory.track()
class Contact(RegistryEntry):
    """Whom to call. The first ones come from routines/seed/kontakter.csv; unchecked until a person dates it."""

    name = models.CharField(_("namn"), max_length=150, unique=True)
    phone = models.CharField(_("telefon"), max_length=60, blank=True)
    web = models.URLField(_("webbplats"), blank=True)
    hours = models.CharField(_("öppettider"), max_length=100, blank=True)
    audience = models.CharField(_("för vem"), max_length=150, blank=True)
    source = models.CharField(_("källa"), max_length=150, blank=True)

    PRINTED = ("name", "phone", "web", "hours", "audience")
    EDITED = (*PRINTED, "source")
    NAMED_BY = "name"

    objects = ContactQuerySet.as_manager()

    class Meta:
        verbose_name = _("kontakt")
        verbose_name_plural = _("kontakter")
        ordering = ["position", "name"]
        constraints = [
            models.CheckConstraint(
                name="contact_checked_by_somebody",
                condition=Q(checked_on__isnull=True) | Q(checked_by__isnull=False),
                violation_error_message=_("Skriv vem som har kontrollerat uppgiften."),
            ),
            models.CheckConstraint(
                name="contact_retired_by_somebody", condition=Q(retired_at__isnull=True) | Q(retired_by__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def tel(self) -> str:
        """The number as a telephone dials it, "+46858028500"; an extension in brackets is left to the ear."""
        digits = re.sub(r"[^\d+]", "", self.phone.split("(")[0])
        return f"+46{digits[1:]}" if digits.startswith("0") else digits


class LegalReferenceQuerySet(models.QuerySet["LegalReference"]):
    """Questions about the registry."""

    def current(self) -> "LegalReferenceQuerySet":
        """Those that may be placed and shown."""
        return self.filter(retired_at__isnull=True)


@pghistory.track()
class LegalReference(RegistryEntry):
    """A place in a law, and what it is about. The first ones come from routines/seed/lagrum.csv."""

    label = models.CharField(_("beteckning"), max_length=80, unique=True)
    law = models.CharField(_("lag"), max_length=200)
    place = models.CharField(_("lagrum"), max_length=80, blank=True)
    about = models.CharField(_("handlar om"), max_length=300)

    PRINTED = ("law", "place", "about")
    EDITED = ("label", *PRINTED)
    NAMED_BY = "label"

    objects = LegalReferenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("lagrum")
        verbose_name_plural = _("lagrum")
        ordering = ["position", "label"]
        constraints = [
            models.CheckConstraint(
                name="legal_reference_checked_by_somebody",
                condition=Q(checked_on__isnull=True) | Q(checked_by__isnull=False),
                violation_error_message=_("Skriv vem som har kontrollerat uppgiften."),
            ),
            models.CheckConstraint(
                name="legal_reference_retired_by_somebody",
                condition=Q(retired_at__isnull=True) | Q(retired_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.law} {self.place}".strip()
