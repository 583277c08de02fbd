"""Finding and reading routines."""

import logging
from urllib.parse import urlencode

from csp.decorators import csp_exempt
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from routines import permissions, queries
from routines.forms import RoutineFilter
from routines.models import Routine, RoutineVersion
from units.permissions import PortalRequest

logger = logging.getLogger(__name__)

ROUTINES_PER_PAGE = 25


@require_safe
def routines(request: PortalRequest) -> HttpResponse:
    """The routines that apply to the user; all of them, with filters, for the coordinator."""
    readable = permissions.readable_routines(request.user)
    if not request.user.is_coordinator:
        rows = queries.on_page(queries.in_order(queries.listed(readable)), request.user)
        return render(request, "routines/routines.html", {"rows": rows})
    chosen = RoutineFilter(request.GET).chosen
    found = queries.found(
        readable, text=chosen.get("q", ""), kind=chosen.get("kind", ""), state=chosen.get("state", "")
    )
    page = Paginator(queries.waiting_first(queries.listed(found)), ROUTINES_PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page_obj": page,
        "rows": queries.on_page(page, request.user),
        "filter": RoutineFilter(initial=chosen),
        "chosen": chosen,
        "query": f"?{urlencode(chosen)}&" if chosen else "",
    }
    return render(request, "routines/all_routines.html", context)


@require_safe
def routine(request: PortalRequest, slug: str) -> HttpResponse:
    """The version in force, to read; and for those who write it, where the next one is."""
    found = permissions.get_readable_routine(request.user, slug)
    manages = permissions.manages(request.user, found)
    return render(request, "routines/routine.html", reading_context(found, manages=manages))


def reading_context(found: Routine, *, manages: bool) -> dict[str, object]:
    """What the page shows of a routine: drafts only to those who may write them."""
    version, being_written = found.in_force, found.being_written if manages else None
    return {
        "routine": found,
        "unit": found.unit,
        "version": version,
        "approved_by": queries.approver(version) if version else "",
        "sections": version.sections.all() if version else [],
        "contacts": queries.contacts(),
        "manages": manages,
        "row": queries.RoutineOnPage(found, version, being_written),
    }


# A policy that allows nothing also keeps the browser's own PDF reader from drawing the file.
@csp_exempt()  # type: ignore[arg-type]  # django-csp knows no request but Django's own
@require_safe
def routine_pdf(request: PortalRequest, slug: str) -> HttpResponseBase:
    """The stored PDF of the version in force, to read in the browser or (?ladda-ner=1) to keep."""
    found = permissions.get_readable_routine(request.user, slug)
    version = found.in_force
    if version is None:
        raise Http404
    try:
        file = version.pdf.open("rb")
    except OSError:
        logger.exception("the PDF of version %s is not where it should be: %s", version.pk, version.pdf.name)
        return render(request, "routines/pdf_missing.html", {"routine": found}, status=404)
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
