"""Importing a list of units: choose a file, look at what it holds, then save it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from units import actions, permissions
from units.forms import UnitImportForm
from units.imports import label_rows, split_known
from units.models import Kind, Ownership, UnitImport
from units.permissions import PortalRequest

# A page with more rows is slow and nobody reads it; the counts are of all rows.
SHOWN_ROWS = 200


@require_http_methods(["GET", "POST"])
def unit_import(request: PortalRequest) -> HttpResponse:
    """Upload a list; nothing is saved but what the preview shows."""
    permissions.require_coordinator(request.user)
    form = UnitImportForm(request.POST, request.FILES) if request.method == "POST" else UnitImportForm()
    if form.is_valid():
        kept = actions.keep_import(form.cleaned_data["file"], file_name=form.file_name, by=request.user)
        return redirect("unit_import_preview", kept.pk)
    return render(request, "units/import.html", {"form": form, "kinds": Kind.labels, "ownerships": Ownership.labels})


@require_http_methods(["GET", "POST"])
def unit_import_preview(request: PortalRequest, pk: int) -> HttpResponse:
    """Show what an uploaded list holds; save its new units when the button is pressed."""
    kept = permissions.get_unit_import(request.user, pk)
    if request.method == "POST":
        return _save(request, kept)
    new, existing = split_known(kept.rows)
    context = {
        "unit_import": kept,
        "new_count": len(new),
        "existing_count": len(existing),
        "bad_count": len({problem["line"] for problem in kept.problems}),
        "rows": label_rows(new[:SHOWN_ROWS]),
        "existing": existing[:SHOWN_ROWS],
        "problems": kept.problems[:SHOWN_ROWS],
        "shown": SHOWN_ROWS,
    }
    return render(request, "units/import_preview.html", context)


def _save(request: PortalRequest, kept: UnitImport) -> HttpResponse:
    if kept.applied_at:
        messages.info(request, _("Den här listan är redan importerad. Inget nytt lades till."))
        return redirect("units")
    count = actions.import_units(kept, by=request.user).created_count
    sentence = ngettext("%(count)s ny enhet är importerad.", "%(count)s nya enheter är importerade.", count)
    messages.success(request, sentence % {"count": count})
    return redirect("units")
