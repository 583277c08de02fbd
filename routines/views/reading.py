"""Reading a routine."""

from typing import Any

from csp.decorators import csp_exempt
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from jarfalla import clock
from routines import permissions, queries
from routines.forms import ReadForm
from routines.models import Routine, RoutineVersion
from routines.views.no_longer import or_no_longer
from routines.views.stored import stored_pdf
from units.forms import PortalForm
from units.models import User
from units.permissions import PortalRequest


@require_safe
@or_no_longer
def routine(request: PortalRequest, slug: str) -> HttpResponse:
    """The version in force, to read; and for those who write it, where the next one is."""
    return show_routine(request, permissions.get_readable_routine(request.user, slug))


def show_routine(request: PortalRequest, found: Routine, sent: PortalForm | None = None) -> HttpResponse:
    """The page; `sent` is the form that was not accepted."""
    manages = permissions.manages(request.user, found)
    version, being_written = found.in_force, found.being_written if manages else None
    context: dict[str, Any] = {
        "routine": found,
        "unit": found.unit,
        "version": version,
        "withdrawn": found.withdrawn if manages else None,
        "manages": manages,
        "sees_unit": manages or queries.works_in_unit_of(found, request.user),
        "row": queries.RoutineOnPage(found, version, being_written),
        "origin": queries.origin(found, request.user),
        "form": sent,
    }
    if version:
        context |= _to_read(version, request.user)
    if manages:
        context["offers"] = len(queries.open_offers(found))
        context["is_shared"] = queries.is_shared(found)
    return render(request, "routines/routine.html", context)


def _to_read(version: RoutineVersion, user: User) -> dict[str, Any]:
    """What the page shows of the version in force."""
    routine = version.routine
    sections = queries.reading_order(version)
    context: dict[str, Any] = {
        "approved_by": queries.approver(version),
        "review_on": version.review_on,
        "is_overdue": version.is_review_overdue(clock.today()),
        "sections": sections,
        "acute": [row for row in sections if row.is_acute],
        "rest": [row for row in sections if not row.is_acute],
        "changed": queries.changed_on_page(sections),
    }
    if queries.works_in_unit_of(routine, user):
        context["reading"] = queries.own_readings(user, [version])[routine.pk]
        context["read_form"] = ReadForm(routine=routine, initial={"version": version.pk})
    elif queries.units_that_may_adopt(user, routine):
        context["may_adopt"] = queries.is_shared(routine)
    return context


# A policy that allows nothing also keeps the browser's own PDF reader from drawing the file.
@csp_exempt()  # type: ignore[arg-type]  # django-csp knows no request but Django's own
@require_safe
@or_no_longer
def routine_pdf(request: PortalRequest, slug: str) -> HttpResponseBase:
    """The stored PDF of the version in force, to read in the browser or (?ladda-ner=1) to keep."""
    found = permissions.get_readable_routine(request.user, slug)
    version = found.in_force
    if version is None:
        raise Http404
    return stored_pdf(request, version)
