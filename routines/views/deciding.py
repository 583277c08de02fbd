"""Reviewing, returning and approving a version, and trying a failed PDF again."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from routines import actions, permissions, queries
from routines.forms import ReturnForm, SeenForm
from routines.models import Routine, RoutineVersion, VersionState
from units.forms import PortalForm
from units.models import Refused
from units.permissions import PortalRequest


@require_http_methods(["GET", "HEAD", "POST"])
def routine_review(request: PortalRequest, slug: str) -> HttpResponse:
    """The version as it will look; the coordinator endorses it or gives it back."""
    routine = permissions.get_coordinated_routine(request.user, slug)
    version = _newest(routine)
    if request.method != "POST":
        return _page(request, version, SeenForm(initial={"seen": version.content_sha256()}))
    if "return" in request.POST:
        return _return(request, version)
    form = SeenForm(request.POST)
    if form.is_valid():
        try:
            actions.endorse_version(version, by=request.user, seen=form.cleaned_data["seen"])
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Texten är godkänd. Nu kan enhetens chef fastställa rutinen."))
            return redirect(routine)
    return _page(request, version, form)


@require_http_methods(["GET", "HEAD", "POST"])
def routine_approve(request: PortalRequest, slug: str) -> HttpResponse:
    """The reviewed version as it will look; the unit's manager approves it or gives it back."""
    routine = permissions.get_managed_routine(request.user, slug)
    version = _newest(routine)
    if request.method != "POST":
        return _page(request, version, SeenForm(initial={"seen": version.content_sha256()}), approving=True)
    if "return" in request.POST:
        return _return(request, version, approving=True)
    form = SeenForm(request.POST)
    if form.is_valid():
        try:
            actions.approve_version(version, by=request.user, seen=form.cleaned_data["seen"])
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Rutinen är fastställd. Den gäller så snart PDF:en är klar."))
            return redirect(routine)
    return _page(request, version, form, approving=True)


def _newest(routine: Routine) -> RoutineVersion:
    """The version that the page is about: the one under way, or the one that a second click comes too late for."""
    version = routine.latest
    assert version is not None  # create_routine makes the first
    return version


def _return(request: PortalRequest, version: RoutineVersion, *, approving: bool = False) -> HttpResponse:
    """Give the version back with what was written."""
    form = ReturnForm(request.POST)
    if form.is_valid():
        try:
            actions.return_version(version, comment=form.cleaned_data["comment"], by=request.user)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Rutinen är återlämnad, och de som skriver den har fått din kommentar."))
            return redirect(version.routine)
    return _page(request, version, form, approving=approving)


def _page(
    request: PortalRequest, version: RoutineVersion, form: PortalForm, *, approving: bool = False
) -> HttpResponse:
    """The version as it will look, and what can be decided about it here and now."""
    routine, returning = version.routine, isinstance(form, ReturnForm)
    expected = VersionState.ENDORSED if approving else VersionState.IN_REVIEW
    context = {
        "routine": routine,
        "unit": routine.unit,
        "version": version,
        "sections": version.sections.all(),
        "contacts": queries.contacts(),
        "history": queries.decisions(version),
        "form": form if form.is_bound else None,
        "seen": version.content_sha256(),
        "return_form": form if returning else ReturnForm(),
        "is_the_time": version.state == expected,
        "why_not": queries.may_approve(request.user, version) if approving else "",
        "approving": approving,
    }
    return render(request, "routines/decide.html", context)


@require_POST
def routine_publish_again(request: PortalRequest, slug: str) -> HttpResponse:
    """Try a failed PDF once more."""
    routine = permissions.get_managed_routine(request.user, slug)
    version = routine.being_written
    if version is None:
        messages.info(request, _("PDF:en finns redan, och rutinen gäller."))
    else:
        actions.publish_again(version, by=request.user)
        messages.success(request, _("Portalen försöker skapa PDF:en igen. Ladda om sidan om en stund."))
    return redirect(routine)
