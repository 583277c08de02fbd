"""A follow-up on paper, sent as it lies; while there is no file, a page that says why."""

import logging

from csp.decorators import csp_exempt
from django.contrib import messages
from django.http import FileResponse, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from followups import actions, permissions
from followups.models import FollowUp
from units.permissions import PortalRequest

logger = logging.getLogger(__name__)


@require_safe
def follow_up_pdf(request: PortalRequest, slug: str, pk: int) -> HttpResponseBase:
    """The stored PDF, to read in the browser or (?ladda-ner=1) to keep; else how far it has come."""
    follow_up = permissions.get_read_follow_up(request.user, slug, pk)
    if not follow_up.pdf:
        return _no_file(request, follow_up)
    try:
        return _file(request, follow_up)  # type: ignore[call-arg]  # django-csp's types know views of a request alone
    except OSError:
        logger.exception("the PDF of follow-up %s is not where it should be: %s", follow_up.pk, follow_up.pdf.name)
        return _no_file(request, follow_up)


# A policy that allows nothing also keeps the browser's own PDF reader from drawing the file.
@csp_exempt()  # type: ignore[arg-type]  # django-csp knows no request but Django's own
def _file(request: PortalRequest, follow_up: FollowUp) -> HttpResponseBase:
    """The file as it lies. Raises OSError when it is gone."""
    return FileResponse(
        follow_up.pdf.open("rb"),
        as_attachment="ladda-ner" in request.GET,
        filename=f"uppfoljning-{follow_up.round.unit.slug}-{follow_up.held_on}.pdf",
        content_type="application/pdf",
        headers={"X-Content-Type-Options": "nosniff", "Cache-Control": "private, no-cache"},
    )


def _no_file(request: PortalRequest, follow_up: FollowUp) -> HttpResponse:
    """Why there is nothing to read: 404 when what should be there is gone."""
    is_missing = bool(follow_up.pdf)
    context = {"follow_up": follow_up, "unit": follow_up.round.unit, "is_missing": is_missing}
    return render(request, "followups/pdf.html", context, status=404 if is_missing else 200)


@require_POST
def follow_up_pdf_again(request: PortalRequest, slug: str, pk: int) -> HttpResponse:
    """Try a PDF that failed, or whose file is gone, once more."""
    follow_up = permissions.get_read_follow_up(request.user, slug, pk)
    again = actions.make_pdf_again(follow_up, by=request.user)
    if again.pdf:
        messages.info(request, _("PDF:en är redan klar."))
    else:
        messages.success(request, _("Portalen gör PDF:en. Det tar oftast några sekunder."))
    return redirect("step_4", slug=slug)
