"""What a routine starts from."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from units.models import Kind


class SectionKind(models.TextChoices):
    """How a section's text is shown."""

    TEXT = "text", _("text")
    CHECKLIST = "checklist", _("checklista")
    CONTACTS = "contacts", _("kontakter")


class Template(models.Model):
    """A routine to start from, for some kinds of unit; the first ones come from routines/seed/."""

    name = models.CharField(_("namn"), max_length=120, unique=True)
    kinds = ArrayField(
        models.CharField(max_length=30, choices=Kind), verbose_name=_("verksamhetstyper"), default=list, blank=True
    )

    class Meta:
        verbose_name = _("mall")
        verbose_name_plural = _("mallar")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class TemplateSection(models.Model):
    """One heading of a template, with guidance for the writer and a text to start from."""

    template = models.ForeignKey(Template, models.CASCADE, related_name="sections", verbose_name=_("mall"))
    position = models.PositiveSmallIntegerField(_("ordning"))
    kind = models.CharField(_("sort"), max_length=20, choices=SectionKind, default=SectionKind.TEXT)
    heading = models.CharField(_("rubrik"), max_length=120)
    guidance = models.TextField(_("vägledning"), blank=True)
    body = models.TextField(_("text"), blank=True)
    is_mandatory = models.BooleanField(_("måste fyllas i"), default=False)

    class Meta:
        verbose_name = _("avsnitt i mall")
        ordering = ["template", "position"]
        constraints = [
            models.UniqueConstraint(fields=["template", "position"], name="template_section_position_unique"),
        ]

    def __str__(self) -> str:
        return self.heading
