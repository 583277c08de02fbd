"""What stands in a version."""

import pghistory
import pgtrigger
from django.db import models
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from jarfalla import clock, rich_text
from routines.models.registry import Contact, LegalReference
from routines.models.template import Section, SectionKind
from routines.models.version import RoutineVersion
from units.models import User

_FROZEN = """
    IF EXISTS (
        SELECT 1 FROM routines_routineversion
        WHERE id IN (OLD.version_id, NEW.version_id) AND approved_at IS NOT NULL
    ) THEN
        RAISE EXCEPTION 'an approved version is not edited' USING ERRCODE = '23514';
    END IF;
    RETURN COALESCE(NEW, OLD);
"""
# The publication notes which revision it printed; nothing else of an approved version's placements changes.
_PLACED_FROZEN = """
    IF EXISTS (
        SELECT 1 FROM routines_routinesection AS section
        JOIN routines_routineversion AS version ON version.id = section.version_id
        WHERE section.id IN (OLD.section_id, NEW.section_id) AND version.approved_at IS NOT NULL
            AND (TG_OP <> 'UPDATE' OR version.in_force_at IS NOT NULL
                OR to_jsonb(NEW) - 'printed_revision' IS DISTINCT FROM to_jsonb(OLD) - 'printed_revision')
    ) THEN
        RAISE EXCEPTION 'an approved version is not edited' USING ERRCODE = '23514';
    END IF;
    RETURN COALESCE(NEW, OLD);
"""


def _trigger(name: str, func: str) -> pgtrigger.Trigger:
    operation = pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete
    return pgtrigger.Trigger(name=name, when=pgtrigger.Before, operation=operation, func=func)


class Markup(models.TextChoices):
    """How `body` is written down."""

    HTML = "html", _("formaterad text")
    # As the portal's first version wrote it; approved texts are never rewritten, so theirs stay so.
    PLAIN = "plain", _("vanlig text")


@pghistory.track()
class RoutineSection(Section):
    """One heading of a version and what it says. Frozen by the database once the version is approved."""

    version = models.ForeignKey(RoutineVersion, models.PROTECT, related_name="sections", verbose_name=_("version"))
    markup = models.CharField(_("skrivsätt"), max_length=10, choices=Markup, default=Markup.HTML, editable=False)
    # What the template said when its words were last taken over: the hash tells whether it has changed since (a no to
    # the change is a DeclinedOffer), the text is what both sides started from. Empty for a section of the unit's own.
    template_sha256 = models.CharField(_("mallens kontrollsumma"), max_length=64, blank=True, editable=False)
    template_body = models.TextField(_("mallens text då"), blank=True, editable=False)

    class Meta:
        verbose_name = _("avsnitt")
        verbose_name_plural = _("avsnitt")
        ordering = ["version", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["version", "position"],
                name="routine_section_position_unique",
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.UniqueConstraint(fields=["version", "key"], name="routine_section_key_unique"),
        ]
        triggers = [_trigger("approved_text_is_frozen", _FROZEN)]

    @property
    def html(self) -> SafeString:
        """The body as HTML that is safe to show; "" for a checklist, whose `points` say everything."""
        if self.kind == SectionKind.CHECKLIST:
            return mark_safe("")
        if self.markup == Markup.PLAIN:
            return mark_safe(rich_text.from_plain(self.body))  # noqa: S308  from_plain escapes
        return mark_safe(rich_text.safe(self.body))  # noqa: S308  sanitised again: a bulk write may have passed forms

    @property
    def page_html(self) -> SafeString:
        """The same for a web page, where a table that is wider than the screen scrolls by itself, by the keyboard too
        (WCAG 2.1.1)."""
        box = format_html('<div class="table-scroll" role="group" tabindex="0" aria-label="{}">', _("Tabell"))
        html = self.html.replace("<table>", f"{box}<table>").replace("</table>", "</table></div>")
        return mark_safe(html)  # noqa: S308  it was safe, and what is put in is ours

    @property
    def contacts(self) -> list[Contact]:
        """Whom to call, as the registry has it now, without those taken out of it. No query when prefetched."""
        return [row.contact for row in self.placed_contacts.all() if row.contact.retired_at is None]

    @property
    def references(self) -> list[LegalReference]:
        """The placed laws, as the registry has them now, without those taken out of it. No query when prefetched."""
        return [row.reference for row in self.placed_references.all() if row.reference.retired_at is None]

    @property
    def is_empty(self) -> bool:
        """Whether nobody has written or placed anything here. Placed rows cost a query, or none when prefetched."""
        written = rich_text.to_plain(self.html).strip() or self.points or any(steps for _, steps in self.decisions)
        return not (written or self.contacts or self.references)


@pghistory.track()
class PlacedContact(models.Model):
    """A contact in a section, by reference: the page shows the present number, and the PDF knows which it printed."""

    section = models.ForeignKey(
        RoutineSection, models.CASCADE, related_name="placed_contacts", verbose_name=_("avsnitt")
    )
    contact = models.ForeignKey(Contact, models.PROTECT, related_name="placed", verbose_name=_("kontakt"))
    printed_revision = models.PositiveIntegerField(_("ändringen i PDF:en"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("kontakt i avsnitt")
        ordering = ["contact__position", "contact__name"]
        constraints = [models.UniqueConstraint(fields=["section", "contact"], name="contact_placed_once_in_section")]
        triggers = [_trigger("approved_contacts_are_frozen", _PLACED_FROZEN)]

    def __str__(self) -> str:
        return str(self.contact)


@pghistory.track()
class PlacedReference(models.Model):
    """A legal reference in a section, by reference."""

    section = models.ForeignKey(
        RoutineSection, models.CASCADE, related_name="placed_references", verbose_name=_("avsnitt")
    )
    reference = models.ForeignKey(LegalReference, models.PROTECT, related_name="placed", verbose_name=_("lagrum"))
    printed_revision = models.PositiveIntegerField(_("ändringen i PDF:en"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("lagrum i avsnitt")
        ordering = ["reference__position", "reference__label"]
        constraints = [
            models.UniqueConstraint(fields=["section", "reference"], name="reference_placed_once_in_section")
        ]
        triggers = [_trigger("approved_references_are_frozen", _PLACED_FROZEN)]

    def __str__(self) -> str:
        return str(self.reference)


class Writing(models.Model):
    """Who has a section open for writing, and when their page last said so: others are warned, nobody is locked
    out. Rows older than a few minutes mean nothing."""

    section = models.ForeignKey(RoutineSection, models.CASCADE, related_name="writings", verbose_name=_("avsnitt"))
    user = models.ForeignKey(User, models.CASCADE, related_name="+", verbose_name=_("skrivs av"))
    at = models.DateTimeField(_("senast"), default=clock.now)

    class Meta:
        verbose_name = _("pågående skrivande")
        constraints = [models.UniqueConstraint(fields=["section", "user"], name="writing_once_per_person")]

    def __str__(self) -> str:
        return f"{self.section}: {self.user}"
