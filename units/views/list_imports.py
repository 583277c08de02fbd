"""Lists of people: choose a file, say which column is which, look at what would change, and save it."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from units import actions, permissions
from units.forms import ColumnsForm, ListImportForm
from units.imports.lists import all_specs, guess_columns, spec_at, spec_of
from units.models import ImportState, ListImport, Refused, Verdict
from units.permissions import PortalRequest
from units.queries import protected_addresses
from units.views.import_changes import changes_context, changes_form

IMPORTS_PER_PAGE = 50
MAX_DIGITS = 8  # in the number of a page
# The words in templates/_status.html.
PILLS = {
    ImportState.UPLOADED: "next",
    ImportState.READING: "planned",
    ImportState.UNREADABLE: "failed",
    ImportState.READY: "next",
    ImportState.SAVING: "planned",
    ImportState.FAILED: "failed",
    ImportState.SAVED: "done",
    ImportState.CANCELLED: "cancelled",
}


@require_safe
def imports(request: PortalRequest) -> HttpResponse:
    """Every list that was uploaded, and how far it has come."""
    permissions.require_coordinator(request.user)
    found = ListImport.objects.defer("content", "sample").select_related("uploaded_by").order_by("-pk")
    page = Paginator(found, IMPORTS_PER_PAGE).get_page(request.GET.get("page"))
    rows = [(row, PILLS[row.state], sum(row.saved.values())) for row in page]
    return render(request, "units/imports.html", {"page_obj": page, "rows": rows, "specs": all_specs()})


@require_http_methods(["GET", "POST"])
def import_new(request: PortalRequest, kind: str) -> HttpResponse:
    """Upload a list; its first rows are read, the rest is for the worker."""
    permissions.require_coordinator(request.user)
    spec = spec_at(kind)
    if spec is None:
        raise Http404
    form = ListImportForm(request.POST, request.FILES) if request.method == "POST" else ListImportForm()
    if form.is_valid():
        table = form.cleaned_data["file"]
        kept = actions.upload_list(spec.kind, table, file_name=form.file_name, content=form.content, by=request.user)
        return redirect("import_columns", kept.pk)
    return render(request, "units/import_new.html", {"form": form, "spec": spec})


@require_http_methods(["GET", "POST"])
def import_columns(request: PortalRequest, pk: int) -> HttpResponse:
    """Say which column of the file is which; then the worker reads it."""
    kept = permissions.get_list_import(request.user, pk)
    spec = spec_of(kept.kind)
    initial = {**(kept.mapping or guess_columns(spec, kept.header)), "is_complete": kept.is_complete}
    form = ColumnsForm(request.POST or None, spec=spec, header=kept.header, initial=initial)
    if form.is_valid():
        is_complete = form.cleaned_data.get("is_complete", False)
        try:
            actions.map_columns(kept, mapping=form.mapping, is_complete=is_complete)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            return redirect("list_import", kept.pk)
    elif request.method == "GET" and not kept.sample:
        return redirect("list_import", kept.pk)
    context = {"form": form, "list_import": kept, "spec": spec, "sample": shown_sample(kept)}
    return render(request, "units/import_columns.html", context)


def shown_sample(kept: ListImport) -> list[list[str]]:
    """The first rows of the list; those about somebody with protected personal data without what they say."""
    hidden = protected_addresses(cell for row in kept.sample for cell in row)
    return [["…"] * len(row) if hidden & {cell.lower() for cell in row} else row for row in kept.sample]


@require_safe
def list_import(request: PortalRequest, pk: int) -> HttpResponse:
    """How far the worker has come, what the list would change, or what it changed."""
    kept = permissions.get_list_import(request.user, pk)
    if kept.state == ImportState.UPLOADED:
        return redirect("import_columns", kept.pk)
    if kept.state in (ImportState.READING, ImportState.SAVING):
        name = "units/_import_progress.html" if request.htmx else "units/import_progress.html"
        return render(request, name, progress_context(kept))
    if request.htmx:  # the page shows a progress that is over
        return HttpResponseClientRefresh()
    if kept.state == ImportState.READY:
        return render(request, "units/import_changes.html", changes_context(kept, request.GET))
    return render(request, "units/import_ended.html", ended_context(kept))


def progress_context(kept: ListImport) -> dict[str, Any]:
    """How far the worker has come, and whether somebody is at it."""
    is_saving = kept.state == ImportState.SAVING
    return {
        "list_import": kept,
        "is_saving": is_saving,
        "is_at_work": actions.is_at_work(kept.pk),
        "total": actions.chosen_rows(kept).count() if is_saving else kept.rows_total,
    }


def ended_context(kept: ListImport) -> dict[str, Any]:
    """What was saved, or why nothing was."""
    saved = [(verdict.label, kept.saved[verdict]) for verdict in Verdict if kept.saved.get(verdict)]
    return {
        "list_import": kept,
        "spec": spec_of(kept.kind),
        "pill": PILLS[kept.state],
        "saved": saved,
        "saved_count": sum(count for _label, count in saved),
    }


@require_POST
def import_save(request: PortalRequest, pk: int) -> HttpResponse:
    """Let the worker save the sorts of changes that are ticked."""
    kept = permissions.get_list_import(request.user, pk)
    if kept.state != ImportState.READY:
        return redirect("list_import", kept.pk)
    form = changes_form(kept, request.POST)
    if form.is_valid():
        try:
            actions.choose_rows(kept, verdicts=form.cleaned_data["verdicts"], by=request.user)
        except Refused as refused:
            messages.error(request, str(refused))
        return redirect("list_import", kept.pk)
    return render(request, "units/import_changes.html", changes_context(kept, request.GET, form))


@require_POST
def import_exclude(request: PortalRequest, pk: int, row: int) -> HttpResponse:
    """Leave one row out, or take it in again; back to the page of rows where it stands."""
    found = permissions.get_import_row(request.user, pk, row)
    try:
        actions.exclude_row(found, is_excluded=request.POST.get("is_excluded") == "1")
    except Refused as refused:
        messages.error(request, str(refused))
    page = request.POST.get("page", "")
    where = {"visa": found.verdict, "page": page if page.isdecimal() and len(page) < MAX_DIGITS else "1"}
    return redirect(f"{reverse('list_import', args=[pk])}?{urlencode(where)}#rad-{found.pk}")


@require_POST
def import_cancel(request: PortalRequest, pk: int) -> HttpResponse:
    """Forget an uploaded list without saving anything."""
    kept = permissions.get_list_import(request.user, pk)
    try:
        actions.cancel_import(kept)
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Importen är avbruten. Inget är sparat, och filen är borttagen ur portalen."))
    return redirect("list_import", kept.pk)
