"""Material to learn from."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from units.models import Kind, User


class MaterialType(models.TextChoices):
    """What sort of material it is; the seed's own words. Another word in `Material.kind` begins with one of these."""

    COURSE = "kurs", _("Kurs")
    GUIDANCE = "vägledning", _("Vägledning")
    POSTERS = "affischer och utbildningspaket", _("Affischer och utbildningspaket")
    CAMPAIGN = "kampanj", _("Kampanj")
    MATERIAL = "material", _("Annat material")


class MaterialQuerySet(models.QuerySet["Material"]):
    """Questions about the library."""

    def in_library(self) -> "MaterialQuerySet":
        """Those that have not been retired."""
        return self.filter(retired_at__isnull=True)


class Material(models.Model):
    """A course, guidance or poster to learn from, as a link or a file; the first ones come from
    courses/seed/vagledning.csv. Retired rather than deleted: trainings point at it.
    """

    title = models.CharField(_("titel"), max_length=200, unique=True)
    publisher = models.CharField(_("utgivare"), max_length=200, blank=True)
    web = models.URLField(_("webbplats"), blank=True)
    description = models.CharField(_("vad det är bra för"), max_length=500, blank=True)
    audience = models.CharField(_("målgrupp"), max_length=200, blank=True)
    # Verksamhetstyper that it is made for; empty means everybody.
    kinds = ArrayField(models.CharField(max_length=30, choices=Kind), default=list, blank=True)
    file = models.FileField(_("fil"), upload_to="material/", blank=True)
    file_name = models.CharField(_("filens namn"), max_length=200, blank=True)
    kind = models.CharField(_("typ"), max_length=100, blank=True)
    position = models.PositiveSmallIntegerField(_("ordning"), default=0)
    added_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("tillagt av")
    )
    retired_at = models.DateTimeField(_("borttaget"), null=True, blank=True)

    objects = MaterialQuerySet.as_manager()

    class Meta:
        verbose_name = _("material")
        ordering = ["position", "title"]

    def __str__(self) -> str:
        return self.title

    @property
    def type_label(self) -> str:
        """What sort it is, in the reader's language; a word of the municipality's own as it stands."""
        known = {str(choice.value): str(choice.label) for choice in MaterialType}
        return known.get(self.kind) or self.kind[:1].upper() + self.kind[1:]

    @property
    def audience_label(self) -> str:
        """For whom it is made, in words: what the seed says, else the names of `kinds`; empty for everybody."""
        if self.audience and self.audience != "alla":
            return self.audience
        return ", ".join(str(Kind(kind).label) for kind in self.kinds if kind in Kind.values)
