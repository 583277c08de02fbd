"""The PDF of a version, and where it is kept."""

import contextlib
import hashlib
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile

from jarfalla import pdf
from routines import queries
from routines.models import RoutineVersion
from units.models import Programme

TEMPLATE = "pdf/routine.html"
# The column of the file's name holds 100 characters; the hash must not be what is cut off.
_LONGEST_SLUG = 60


def routine_pdf(version: RoutineVersion) -> bytes:
    """The PDF of an approved version. Raises jarfalla.pdf.PdfProblem when it can't be made right."""
    return pdf.render(TEMPLATE, context(version))


def context(version: RoutineVersion) -> dict[str, Any]:
    """What templates/pdf/routine.html is given; the words are explained there."""
    routine = version.routine
    return {
        "programme": Programme.current(),
        "unit": routine.unit,
        "routine": routine,
        "version": {
            "number": version.number,
            "approved_at": version.approved_at,
            "approved_by": queries.approver(version),
        },
        "document_date": version.approved_at,
        "url": settings.BASE_URL + routine.get_absolute_url(),
        "sections": list(version.sections.all()),
        "contacts": list(queries.contacts()),
    }


def store_pdf(version: RoutineVersion, content: bytes) -> tuple[str, str]:
    """Keep `content` under a name made of what it is; return the name and the SHA-256.

    A whole copy that is there already is used again; half a file, left by a full disk, is replaced.
    """
    storage = version.pdf.storage
    digest = hashlib.sha256(content).hexdigest()
    name = f"routines/{version.routine.slug[:_LONGEST_SLUG]}-v{version.number}-{digest[:12]}.pdf"
    if storage.exists(name):
        with storage.open(name) as kept:
            if hashlib.sha256(kept.read()).hexdigest() == digest:
                return name, digest
        storage.delete(name)
    try:
        return storage.save(name, ContentFile(content)), digest
    except OSError:
        with contextlib.suppress(OSError):  # what is left of it is in the way of the next try
            storage.delete(name)
        raise
