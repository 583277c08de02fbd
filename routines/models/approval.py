"""Who decided what about a version."""

import pghistory
import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from jarfalla import clock
from units.models import User


class Verdict(models.TextChoices):
    """What somebody did with a version on its way to being in force."""

    SUBMITTED = "submitted", _("skickad till granskning")
    RETURNED = "returned", _("återlämnad")
    ENDORSED = "endorsed", _("granskad")
    APPROVED = "approved", _("fastställd")
    # The text was edited after it was submitted or endorsed: what was decided about it no longer counts.
    REOPENED = "reopened", _("ändrad, ska granskas igen")
    # A correction from the registries was published: the manager's approval of the version before goes with it.
    CARRIED = "carried", _("rättad, fastställandet gäller fortfarande")


@pghistory.track()
class Approval(models.Model):
    """Who did what with exactly which content, and when. Rows are added, never changed."""

    version = models.ForeignKey(
        "routines.RoutineVersion", models.PROTECT, related_name="approvals", verbose_name=_("version")
    )
    verdict = models.CharField(_("beslut"), max_length=20, choices=Verdict)
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("av"))
    at = models.DateTimeField(_("när"), default=clock.now, editable=False)
    comment = models.TextField(_("kommentar"), blank=True)
    content_sha256 = models.CharField(_("innehållets kontrollsumma"), max_length=64)

    class Meta:
        verbose_name = _("beslut om version")
        ordering = ["version", "pk"]
        constraints = [
            models.CheckConstraint(
                name="approval_return_has_a_comment",
                condition=~Q(verdict="returned") | ~Q(comment=""),
                violation_error_message=_("Skriv vad som behöver ändras."),
            ),
        ]
        triggers = [pgtrigger.Protect(name="approval_is_never_changed", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.version}: {self.get_verdict_display()}"
