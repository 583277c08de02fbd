"""Writing a version."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from routines import actions, permissions, queries
from routines.forms import WriteForm
from routines.models import Routine, RoutineVersion
from units.models import Refused
from units.permissions import PortalRequest


@require_http_methods(["GET", "HEAD", "POST"])
def routine_write(request: PortalRequest, slug: str) -> HttpResponse:
    """All sections on one page; save them."""
    routine = permissions.get_managed_routine(request.user, slug)
    version = routine.being_written
    if version is None or not version.is_editable:
        return _not_now(request, routine, version)
    form = WriteForm(request.POST or None, version=version)
    if form.is_valid() and _save(request, version, form):
        messages.success(request, _("Texten är sparad."))
        return redirect("routine_write", slug=routine.slug)
    return _page(request, version, form)


@require_POST
def routine_submit(request: PortalRequest, slug: str) -> HttpResponse:
    """Save the sections and send the version to the coordinator."""
    routine = permissions.get_managed_routine(request.user, slug)
    version = routine.being_written
    if version is None or not version.is_editable:
        return _not_now(request, routine, version)
    form = WriteForm(request.POST, version=version)
    if not (form.is_valid() and _save(request, version, form) and form.require_mandatory()):
        return _page(request, version, form)
    try:
        actions.submit_version(version, by=request.user)
    except Refused as refused:
        form.add_error(None, str(refused))
        return _page(request, version, form)
    messages.success(request, _("Rutinen är skickad till samordnaren för granskning."))
    return redirect(routine)


def _save(request: PortalRequest, version: RoutineVersion, form: WriteForm) -> bool:
    """Save what was written; if the portal says no, the form says why."""
    try:
        actions.write_sections(version, form.bodies(), by=request.user, seen=form.cleaned_data["seen"])
    except Refused as refused:
        form.add_error(None, str(refused))
        form.start_again_from(version)
        return False
    form.start_again_from(version)
    return True


def _page(request: PortalRequest, version: RoutineVersion, form: WriteForm) -> HttpResponse:
    context = {
        "form": form,
        "version": version,
        "routine": version.routine,
        "unit": version.routine.unit,
        "row": queries.RoutineOnPage(version.routine, None, version),
        "contacts": queries.contacts(),
    }
    return render(request, "routines/write.html", context)


def _not_now(request: PortalRequest, routine: Routine, version: RoutineVersion | None) -> HttpResponse:
    """Back to the routine, with why its text is not open for writing."""
    if version is None:
        messages.info(request, _("Börja på en ny version om du vill ändra rutinen."))
    else:
        sentence = _("Texten kan inte ändras nu. Läge: %(state)s.")
        messages.info(request, sentence % {"state": version.state.label})
    return redirect(routine)


@require_POST
def routine_new_version(request: PortalRequest, slug: str) -> HttpResponse:
    """Begin a new version with the text of the one in force."""
    routine = permissions.get_managed_routine(request.user, slug)
    version = actions.start_version(routine, by=request.user)
    if not version.is_editable:
        return _not_now(request, routine, version)
    messages.success(
        request,
        _("Version %(number)s är ett utkast. Den gamla gäller tills den nya är fastställd.")
        % {"number": version.number},
    )
    return redirect("routine_write", slug=routine.slug)
