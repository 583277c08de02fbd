"""Letters about files that took a while to make."""

from django.utils import translation
from django.utils.translation import gettext_lazy as _

from routines.models import Export
from units.mail import Letter, write_letter
from units.models import User

_READY = _("Filen är klar: %(what)s")
_FAILED = _("Filen gick inte att skapa: %(what)s")


def export_ended(export: Export, to: User) -> Letter:
    """Tell `to`, who may have left the page, that the file is ready, or why there is none."""
    with translation.override(to.language):
        what = export.get_kind_display()
        if export.unit:
            what = f"{what}, {export.unit.name}"
        subject = str(_READY if export.finished_at else _FAILED) % {"what": what}
        return write_letter(
            "export_ended",
            key=f"export_ended:{export.pk}",
            to=to,
            subject=subject,
            context={"export": export, "what": what},
        )
