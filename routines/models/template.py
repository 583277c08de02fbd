"""What a routine starts from."""

import hashlib
import json
from typing import Any

import pghistory
import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from jarfalla import rich_text
from routines.models.registry import Contact, LegalReference
from units.models import Kind, User

# Whether to inform guardians: contact too early can put a child in danger. Every template has this section, nobody can
# empty, unlock or remove it, and units take it as it is. The database holds all of that, not only the pages.
GUARDIANS = "vardnadshavare"


class SectionKind(models.TextChoices):
    """How a section's text is written and shown."""

    TEXT = "text", _("text")
    CHECKLIST = "checklist", _("checklista")
    DECISIONS = "decisions", _("beslutstabell")
    CONTACTS = "contacts", _("kontakter")
    LEGAL = "legal", _("lagrum")


class Situation(models.TextChoices):
    """The four cells of a decision table: who it is about, and what one fears."""

    MINOR_CRIME = "minor_crime", _("Under 18 år och utsatt för brott")
    MINOR_RISK = "minor_risk", _("Under 18 år och riskerar att fara illa")
    ADULT_CRIME = "adult_crime", _("Vuxen och utsatt för brott")
    ADULT_RISK = "adult_risk", _("Vuxen och riskerar att fara illa")


class Section(models.Model):
    """What sections of templates and of versions share. Which fields speak depends on the kind:

    text       `body` is sanitised HTML (jarfalla/rich_text.py)
    checklist  `body` is plain text, a point on every line
    decisions  `cells` holds plain text by Situation, a step on every line; `body` (HTML) introduces
    contacts   placed contacts by reference; `body` (HTML) introduces
    legal      placed legal references; `body` (HTML) introduces
    """

    # What makes a section of a version and one of its template the same, whatever their headings and places.
    key = models.SlugField(_("nyckel"), max_length=60)
    position = models.PositiveSmallIntegerField(_("ordning"))
    kind = models.CharField(_("sort"), max_length=20, choices=SectionKind, default=SectionKind.TEXT)
    heading = models.CharField(_("rubrik"), max_length=120)
    guidance = models.TextField(_("vägledning"), blank=True)
    body = models.TextField(_("text"), blank=True)
    cells = models.JSONField(_("beslutstabell"), default=dict, blank=True)
    is_mandatory = models.BooleanField(_("måste fyllas i"), default=False)
    # Locked: units take the template's words as they are.
    is_locked = models.BooleanField(_("låst text"), default=False)
    # What somebody who is in a hurry needs: first on the page, on a phone and on paper.
    is_acute = models.BooleanField(_("visas överst"), default=False)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.heading

    @property
    def points(self) -> list[str]:
        """The points of a checklist, one a line; none in other sections."""
        return _lines(self.body) if self.kind == SectionKind.CHECKLIST else []

    @property
    def decisions(self) -> list[tuple[Situation, list[str]]]:
        """The four cells of a decision table, each with its steps; empty in other sections."""
        if self.kind != SectionKind.DECISIONS:
            return []
        return [(situation, _lines(str(self.cells.get(situation.value, "")))) for situation in Situation]


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


class TemplateQuerySet(models.QuerySet["Template"]):
    """Questions about templates."""

    def current(self) -> "TemplateQuerySet":
        """Those that new routines may start from, and whose changes are offered to the old ones."""
        return self.filter(retired_at__isnull=True)


@pghistory.track()
class Template(models.Model):
    """A routine to start from, for some kinds of unit, owned by the coordinator; the first ones come from
    routines/seed/templates/."""

    name = models.CharField(_("namn"), max_length=120, unique=True)
    kinds = ArrayField(
        models.CharField(max_length=30, choices=Kind), verbose_name=_("verksamhetstyper"), default=list, blank=True
    )
    retired_at = models.DateTimeField(_("används inte längre"), null=True, blank=True, editable=False)
    retired_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("borttagen av"), editable=False
    )

    objects = TemplateQuerySet.as_manager()

    class Meta:
        verbose_name = _("mall")
        verbose_name_plural = _("mallar")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                name="template_retired_by_somebody",
                condition=Q(retired_at__isnull=True, retired_by__isnull=True)
                | Q(retired_at__isnull=False, retired_by__isnull=False),
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="template_has_the_guardians_section",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                timing=pgtrigger.Deferred,
                func="""
                    IF EXISTS (SELECT 1 FROM routines_template WHERE id = NEW.id) AND NOT EXISTS (
                        SELECT 1 FROM routines_templatesection WHERE template_id = NEW.id AND key = 'vardnadshavare'
                    ) THEN
                        RAISE EXCEPTION 'every template says whether to inform guardians' USING ERRCODE = '23514';
                    END IF;
                    RETURN NULL;
                """,
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Where the coordinator edits it."""
        return reverse("template", args=[self.pk])


@pghistory.track()
class TemplateSection(Section):
    """One heading of a template, with guidance for the writer and a text to start from."""

    template = models.ForeignKey(Template, models.CASCADE, related_name="sections", verbose_name=_("mall"))
    contacts = models.ManyToManyField(Contact, blank=True, related_name="+", verbose_name=_("kontakter"))
    legal_references = models.ManyToManyField(LegalReference, blank=True, related_name="+", verbose_name=_("lagrum"))

    class Meta:
        verbose_name = _("avsnitt i mall")
        ordering = ["template", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["template", "position"],
                name="template_section_position_unique",
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.UniqueConstraint(fields=["template", "key"], name="template_section_key_unique"),
            models.CheckConstraint(
                name="guardians_section_mandatory_locked",
                condition=~Q(key=GUARDIANS) | (Q(is_mandatory=True, is_locked=True) & ~Q(body="")),
                violation_error_message=_("Avsnittet om vårdnadshavare måste finnas, ha en text och vara låst."),
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="guardians_section_is_never_deleted",
                operation=pgtrigger.Delete,
                condition=pgtrigger.Q(old__key=GUARDIANS),
            ),
            pgtrigger.Protect(
                name="guardians_section_stays_what_it_is",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__key=GUARDIANS)
                & (
                    pgtrigger.Q(new__key__df=pgtrigger.F("old__key"))
                    | pgtrigger.Q(new__template__df=pgtrigger.F("old__template"))
                    | pgtrigger.Q(new__kind__df=pgtrigger.F("old__kind"))
                ),
            ),
        ]

    def get_absolute_url(self) -> str:
        """Where the coordinator edits it."""
        return reverse("template_section", args=[self.template_id, self.key])

    @property
    def html(self) -> str:
        """The body as HTML; "" for a checklist, whose `points` say everything."""
        return "" if self.kind == SectionKind.CHECKLIST else rich_text.safe(self.body)

    def content_sha256(self) -> str:
        """What the template says here, as a hash: a routine's section remembers the one that it was made from, and a
        difference is offered to its unit. Guidance is not part of it: it never stands in a routine."""
        content: list[Any] = [self.kind, self.heading, self.body, self.cells]
        content += [self.is_mandatory, self.is_locked, self.is_acute]
        content += [sorted(row.pk for row in self.contacts.all())]
        content += [sorted(row.pk for row in self.legal_references.all())]
        return hashlib.sha256(json.dumps(content, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
