"""The stored PDF of a version, sent as it lies."""

import logging

from django.http import FileResponse, HttpResponseBase
from django.shortcuts import render

from routines.models import RoutineVersion
from units.permissions import PortalRequest

logger = logging.getLogger(__name__)


def stored_pdf(request: PortalRequest, version: RoutineVersion) -> HttpResponseBase:
    """The file, to read in the browser or (?ladda-ner=1) to keep; a page that says so when it is not there."""
    try:
        file = version.pdf.open("rb")
    except OSError:
        logger.exception("the PDF of version %s is not where it should be: %s", version.pk, version.pdf.name)
        return render(request, "routines/pdf_missing.html", {"routine": version.routine}, status=404)
    return FileResponse(
        file,
        as_attachment="ladda-ner" in request.GET,
        filename=file_name(version),
        content_type="application/pdf",
        headers={"X-Content-Type-Options": "nosniff", "Cache-Control": "private, no-cache"},
    )


def file_name(version: RoutineVersion) -> str:
    """What the downloaded file is called."""
    return f"{version.routine.slug}-v{version.number}.pdf"
