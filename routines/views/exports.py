"""Files made of many routines: the unit's binder, everything in force, the archive package."""

import logging
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from routines import actions, permissions, queries
from routines.forms import ExportForm
from routines.models import Export, ExportKind, ExportState, Routine, VersionState
from units.models import Refused, Unit
from units.permissions import PortalRequest, get_visible_unit

logger = logging.getLogger(__name__)

EXPORTS_PER_PAGE = 25
# What stands in the addresses.
PACKAGES = {"alla": ExportKind.ALL, "arkivpaket": ExportKind.ARCHIVE}
# The words in templates/_status.html.
PILLS = {
    ExportState.WAITING: "planned",
    ExportState.RUNNING: "planned",
    ExportState.FAILED: "failed",
    ExportState.READY: "done",
    ExportState.CANCELLED: "cancelled",
    ExportState.EXPIRED: "retired",
}


@require_safe
def exports(request: PortalRequest) -> HttpResponse:
    """Everything in force and the archive package, and what has been asked for."""
    permissions.require_exports(request.user)
    return _show_exports(request)


def _show_exports(request: PortalRequest, form: ExportForm | None = None) -> HttpResponse:
    """The page; `form` is the button that was refused."""
    page = Paginator(queries.exports_to_list(), EXPORTS_PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "shelves": [(name, *_on_shelf(queries.shelf(kind))) for name, kind in PACKAGES.items()],
        "page_obj": page,
        "rows": [(row, PILLS[row.state]) for row in page],
        "form": form,
    }
    return render(request, "routines/exports.html", context)


def _on_shelf(shelf: queries.Shelf) -> tuple[queries.Shelf, bool]:
    """The shelf, and whether somebody makes the file at this moment."""
    return shelf, bool(shelf.under_way and actions.is_being_made(shelf.under_way))


@require_POST
def export_new(request: PortalRequest, kind: str) -> HttpResponse:
    """Ask for everything in force, or for the archive package."""
    permissions.require_exports(request.user)
    if kind not in PACKAGES:
        raise Http404
    form = ExportForm(request.POST)
    if asked := _ask(request, form, PACKAGES[kind]):
        return redirect("export", asked.pk)
    return _show_exports(request, form)


def _ask(request: PortalRequest, form: ExportForm, kind: ExportKind, unit: Unit | None = None) -> Export | None:
    """The export that was asked for; None with the reason on the form."""
    if not form.is_valid():
        return None
    try:
        asked = actions.ask_for_export(kind, unit=unit, by=request.user)
    except Refused as refused:
        form.add_error(None, str(refused))
        return None
    if asked.is_under_way:
        messages.success(request, _("Filen skapas. Du kan gå härifrån och komma tillbaka."))
    else:
        messages.info(request, _("Inget har ändrats sedan filen skapades, så den gäller fortfarande."))
    return asked


@require_safe
def export(request: PortalRequest, pk: int) -> HttpResponse:
    """How far the file has come, and when it is ready, the file."""
    found = permissions.get_visible_export(request.user, pk)
    if not request.htmx:
        return _show_export(request, found)
    if not found.is_under_way:  # the page shows a progress that is over
        return HttpResponseClientRefresh()
    context = {"export": found, "is_at_work": actions.is_being_made(found)}
    return render(request, "routines/_export_progress.html", context)


def _show_export(request: PortalRequest, found: Export, **more: Any) -> HttpResponse:
    context = {
        "export": found,
        "pill": PILLS[found.state],
        "is_at_work": found.is_under_way and actions.is_being_made(found),
        "may_cancel": found.may_be_cancelled_by(request.user),
        "is_stale": found.unit is not None and found.state == ExportState.READY and not _is_current(found),
        "package": next((name for name, kind in PACKAGES.items() if kind == found.kind), ""),
    }
    return render(request, "routines/export.html", context | more, status=404 if "is_missing" in more else 200)


def _is_current(found: Export) -> bool:
    """Whether the file would be the same if it were made now."""
    return found.input_sha256 == actions.input_sha256(ExportKind(found.kind), found.unit)


@require_POST
def export_cancel(request: PortalRequest, pk: int) -> HttpResponse:
    """Stop making the file; one that has ended meanwhile is no mistake of whoever presses."""
    found = permissions.get_export_to_cancel(request.user, pk)
    try:
        actions.cancel_export(found, by=request.user)
    except Refused as refused:
        messages.info(request, str(refused))
    else:
        messages.success(request, _("Avbrutet. Ingen fil skapas."))
    return redirect("export", found.pk)


@require_safe
def export_file(request: PortalRequest, pk: int) -> HttpResponseBase:
    """The file, to keep, while it is kept."""
    found = permissions.get_visible_export(request.user, pk)
    if found.state != ExportState.READY:
        raise Http404
    try:
        file = found.file.open("rb")
    except OSError:
        logger.exception("the file of export %s is not where it should be: %s", found.pk, found.file.name)
        return _show_export(request, found, is_missing=True)
    return FileResponse(
        file,
        as_attachment=True,
        filename=actions.download_name(found),
        content_type="application/pdf" if found.kind == ExportKind.BINDER else "application/zip",
        headers={"X-Content-Type-Options": "nosniff", "Cache-Control": "private, no-cache"},
    )


@require_safe
def binder(request: PortalRequest, slug: str) -> HttpResponse:
    """What is in the unit's binder, and the binder to fetch."""
    return _show_binder(request, get_visible_unit(request.user, slug))


def _show_binder(request: PortalRequest, unit: Unit, form: ExportForm | None = None) -> HttpResponse:
    shelf, is_at_work = _on_shelf(queries.shelf(ExportKind.BINDER, unit))
    file, under_way = shelf.file, shelf.under_way
    context = {
        "unit": unit,
        "routines": queries.in_order(Routine.objects.filter(unit=unit).in_state(VersionState.IN_FORCE)),
        "shelf": shelf,
        "is_at_work": is_at_work,
        "is_current": bool(file and _is_current(file)),
        "may_cancel": bool(under_way and under_way.may_be_cancelled_by(request.user)),
        "form": form,
    }
    return render(request, "routines/binder.html", context)


@require_POST
def binder_new(request: PortalRequest, slug: str) -> HttpResponse:
    """Ask for the unit's binder."""
    unit = get_visible_unit(request.user, slug)
    form = ExportForm(request.POST)
    if _ask(request, form, ExportKind.BINDER, unit):
        return redirect("binder", unit.slug)
    return _show_binder(request, unit, form)
