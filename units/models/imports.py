"""A list of units that somebody uploaded: shown as a preview first, saved when they say so."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from jarfalla import clock
from units.models.people import User


class UnitImport(models.Model):
    """What was read from a file: `rows` holds checked cells and their line, `problems` line, column and reason.

    Which of the rows are new is not stored: somebody else may add a unit while the preview stands open.
    """

    file_name = models.CharField(_("fil"), max_length=200)
    rows = models.JSONField(_("rader"), default=list)
    problems = models.JSONField(_("fel"), default=list)
    ignored_columns = models.JSONField(_("kolumner som inte används"), default=list)
    # Nobody, when the list was imported on the command line.
    uploaded_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("uppladdad av")
    )
    uploaded_at = models.DateTimeField(_("uppladdad"), default=clock.now, editable=False)
    applied_at = models.DateTimeField(_("importerad"), null=True, blank=True)
    created_count = models.PositiveIntegerField(_("nya enheter"), default=0)

    class Meta:
        verbose_name = _("import av enheter")

    def __str__(self) -> str:
        return self.file_name
