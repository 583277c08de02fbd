"""Lists that somebody uploaded: shown as a preview first, saved when they say so."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

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


class ImportKind(models.TextChoices):
    """What sort of list it is."""

    STAFF = "staff", _("Personallista")
    COMPLETIONS = "completions", _("Genomförda webbkurser")


class ImportState(models.TextChoices):
    """Where an import is, derived from its dates."""

    UPLOADED = "uploaded", _("Välj kolumner")
    READING = "reading", _("Läses")
    UNREADABLE = "unreadable", _("Gick inte att läsa")
    READY = "ready", _("Väntar på ditt beslut")
    SAVING = "saving", _("Sparas")
    FAILED = "failed", _("Gick inte att spara")
    SAVED = "saved", _("Sparad")
    CANCELLED = "cancelled", _("Avbruten")


class ListImport(models.Model):
    """A list of people that somebody uploaded: its columns are mapped, the worker reads it, and what it would
    change is shown (ImportRow) before the chosen rows are saved, all of them or none.

    The file itself lies in the row until the import has ended, so that a worker on any machine can read it.
    """

    kind = models.CharField(_("sort"), max_length=20, choices=ImportKind)
    file_name = models.CharField(_("fil"), max_length=200)
    content = models.BinaryField(_("filens innehåll"), null=True, blank=True)
    header = models.JSONField(_("rubriker"), default=list)
    sample = models.JSONField(_("de första raderna"), default=list)
    # Field of the portal → place of the column in `header`. What the next file of the same kind starts from.
    mapping = models.JSONField(_("kolumner"), default=dict)
    is_complete = models.BooleanField(_("listan har alla som arbetar i enheterna"), default=True)
    uploaded_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("uppladdad av")
    )
    uploaded_at = models.DateTimeField(_("uppladdad"), default=clock.now, editable=False)
    mapped_at = models.DateTimeField(_("kolumnerna valda"), null=True, blank=True)
    rows_read = models.PositiveIntegerField(_("lästa rader"), default=0)
    rows_total = models.PositiveIntegerField(_("antal rader"), null=True, blank=True)
    read_at = models.DateTimeField(_("läst"), null=True, blank=True)
    refusal = models.TextField(_("varför filen inte gick att läsa"), blank=True)
    # The verdicts that are to be saved.
    chosen = models.JSONField(_("valda sorters ändringar"), default=list)
    chosen_at = models.DateTimeField(_("sparandet beställt"), null=True, blank=True)
    chosen_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("beställt av")
    )
    saved_at = models.DateTimeField(_("sparad"), null=True, blank=True)
    # How many rows of each verdict were saved.
    saved = models.JSONField(_("sparade rader"), default=dict)
    cancelled_at = models.DateTimeField(_("avbruten"), null=True, blank=True)

    class Meta:
        verbose_name = _("import av en lista")

    def __str__(self) -> str:
        return self.file_name

    @property
    def state(self) -> ImportState:
        """Where the import is."""
        if self.saved_at:
            return ImportState.SAVED
        if self.cancelled_at:
            return ImportState.CANCELLED
        if self.refusal:
            return ImportState.FAILED if self.chosen_at else ImportState.UNREADABLE
        if self.mapped_at is None:
            return ImportState.UPLOADED
        if self.read_at is None:
            return ImportState.READING
        return ImportState.SAVING if self.chosen_at else ImportState.READY


class Verdict(models.TextChoices):
    """What a row of a list would change."""

    JOINER = "joiner", pgettext_lazy("import", "Börjar")
    MOVE = "move", _("Byter enhet")
    LEAVER = "leaver", pgettext_lazy("import", "Slutar")
    RENAMED = "renamed", _("Nytt namn")
    COMPLETED = "completed", _("Har gått kursen")
    UNCHANGED = "unchanged", _("Ingen ändring")
    REFUSED = "refused", _("Går inte att använda")


class ImportRow(models.Model):
    """One row of a list with its verdict, as it was when the list was read; gone when the import has ended.

    A reason is kept as its code and values, so that everybody reads it in their own language.
    """

    list_import = models.ForeignKey(ListImport, models.CASCADE, related_name="rows")
    # Empty for somebody who is missing in the list.
    line = models.PositiveIntegerField(_("rad"), null=True, blank=True)
    verdict = models.CharField(_("vad raden ändrar"), max_length=20, choices=Verdict)
    data = models.JSONField(_("värden"), default=dict)
    column = models.CharField(_("kolumn"), max_length=200, blank=True)
    reason = models.CharField(_("skäl"), max_length=40, blank=True)
    reason_values = models.JSONField(_("värden i skälet"), default=dict)
    is_excluded = models.BooleanField(_("tas inte med"), default=False)
    # About somebody with protected personal data: counted, never shown.
    is_hidden = models.BooleanField(_("visas inte"), default=False)

    class Meta:
        verbose_name = _("rad i en importerad lista")
        indexes = [models.Index(fields=["list_import", "verdict", "line"], name="import_row_by_verdict")]

    def __str__(self) -> str:
        return f"{self.list_import}, {self.line}"
