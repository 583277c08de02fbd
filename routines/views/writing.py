"""Writing a version: its sections, what is printed about it, and sending it to be reviewed."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from routines import actions, permissions, queries
from routines.forms import DetailsForm, WriteForm
from routines.models import Routine, RoutineVersion, VersionState
from units.models import Refused
from units.permissions import PortalRequest

_UNDER_REVIEW = (VersionState.IN_REVIEW, VersionState.ENDORSED)


@require_http_methods(["GET", "HEAD", "POST"])
def routine_write(request: PortalRequest, slug: str) -> HttpResponse:
    """All sections on one page; save them. One under review is opened by a click that says what that means."""
    routine = permissions.get_managed_routine(request.user, slug)
    version = routine.being_written
    if version is None or not version.is_editable:
        return _not_now(request, routine, version)
    if "reopen" in request.POST:
        return _reopen(request, version)
    if version.state in _UNDER_REVIEW and not request.POST:
        return render(request, "routines/reopen.html", _context(version))
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
    if not (form.is_valid() and _save(request, version, form) and form.require(queries.missing(version))):
        return _page(request, version, form)
    try:
        actions.submit_version(version, by=request.user)
    except Refused as refused:
        form.add_error(None, str(refused))
        return _page(request, version, form)
    messages.success(request, _("Rutinen är skickad till samordnaren för granskning."))
    return redirect(routine)


@require_http_methods(["GET", "HEAD", "POST"])
def version_details(request: PortalRequest, slug: str) -> HttpResponse:
    """What municipalities print about a document: type, owner, for whom, registration number, when to look it over."""
    routine = permissions.get_managed_routine(request.user, slug)
    version = routine.being_written
    if version is None or not version.is_editable:
        return _not_now(request, routine, version)
    form = DetailsForm(request.POST or None, instance=version)
    if form.is_valid():
        try:
            actions.update_details(version, by=request.user, **form.cleaned_data)
        except Refused as refused:
            form.add_error(None, str(refused))
            form.start_again_from(RoutineVersion.objects.get(pk=version.pk))
        else:
            messages.success(request, _("Uppgifterna är sparade."))
            return redirect("routine_write", slug=routine.slug)
    return render(request, "routines/details.html", {**_context(version), "form": form})


@require_POST
def routine_new_version(request: PortalRequest, slug: str) -> HttpResponse:
    """Begin a new version with the text of the one in force."""
    routine = permissions.get_managed_routine(request.user, slug)
    version = actions.start_version(routine, by=request.user, is_minor="minor" in request.POST)
    if not version.is_editable:
        return _not_now(request, routine, version)
    messages.success(
        request,
        _("Version %(number)s är ett utkast. Den gamla gäller tills den nya är fastställd.")
        % {"number": version.number},
    )
    return redirect("routine_write", slug=routine.slug)


def _save(request: PortalRequest, version: RoutineVersion, form: WriteForm) -> bool:
    """Save what was written; if the portal says no, the form says why."""
    sent = {"seen": form.seen(), "may_reopen": form.cleaned_data["may_reopen"]}
    try:
        overlaps = actions.write_sections(version, form.contents(), by=request.user, **sent)
    except Refused as refused:
        form.add_error(None, str(refused))
        if isinstance(refused, actions.UnderReview):
            form.ask_to_reopen()
        return False
    form.show(overlaps)
    form.start_again_from(version)
    return not overlaps


def _reopen(request: PortalRequest, version: RoutineVersion) -> HttpResponse:
    try:
        actions.reopen(version, by=request.user)
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect(version.routine)
    return redirect("routine_write", slug=version.routine.slug)


def _page(request: PortalRequest, version: RoutineVersion, form: WriteForm) -> HttpResponse:
    context = {**_context(version), "form": form, "offers": len(queries.open_offers(version.routine))}
    return render(request, "routines/write.html", context)


def _context(version: RoutineVersion) -> dict[str, object]:
    routine = version.routine
    return {
        "version": version,
        "routine": routine,
        "unit": routine.unit,
        "row": queries.RoutineOnPage(routine, None, version),
    }


def _not_now(request: PortalRequest, routine: Routine, version: RoutineVersion | None) -> HttpResponse:
    """Back to the routine, with why its text is not open for writing."""
    if version is None:
        messages.info(request, _("Börja på en ny version om du vill ändra rutinen."))
    else:
        sentence = _("Texten kan inte ändras nu. Läge: %(state)s.")
        messages.info(request, sentence % {"state": version.state.label})
    return redirect(routine)
