"""Routines whose PDFs show an older wording than the registries, and publishing them again."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from routines import actions, queries
from units.permissions import PortalRequest, require_coordinator

ROUTINES_PER_PAGE = 25
# A message names so many of what was passed over; the page names all of them.
_NAMED_AT_MOST = 5


@require_safe
def affected(request: PortalRequest) -> HttpResponse:
    """Which PDFs show an older wording, and how far those have come that are being made again."""
    require_coordinator(request.user)
    progress = queries.republishing_progress()
    if request.htmx:
        return render(request, "routines/_republishing.html", {"progress": progress})
    stale = queries.affected(queries.stale_versions())
    page = Paginator(stale, ROUTINES_PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "progress": progress,
        "page_obj": page,
        "rows": queries.affected_on_page(list(page)),
        "ready_count": queries.stale_without_new_pdf().count(),
        "start_over": queries.reviews_to_start_over(),
    }
    return render(request, "routines/affected.html", context)


@require_POST
def republish(request: PortalRequest) -> HttpResponse:
    """Publish all of them again, as corrections."""
    require_coordinator(request.user)
    result = actions.republish_affected(by=request.user)
    if count := len(result.versions) + result.left:
        said = ngettext("%(n)s rutin ges ut igen.", "%(n)s rutiner ges ut igen.", count)
        messages.success(request, said % {"n": count})
    if result.passed_over:
        messages.warning(request, _passed_over(result))
    if not (count or result.passed_over):
        messages.info(request, _("Alla PDF:er visar det som står i registret nu."))
    return redirect("affected")


def _passed_over(result: actions.Republished) -> str:
    """Which routines were left, and why."""
    names = [f"{row.routine.title} ({row.routine.unit.name})" for row in result.passed_over]
    named = "; ".join(names[:_NAMED_AT_MOST])
    if more := len(names[_NAMED_AT_MOST:]):
        named = _("%(names)s och %(n)s till") % {"names": named, "n": more}
    return _("De här väntar redan på en PDF och hoppades över: %(names)s.") % {"names": named}
