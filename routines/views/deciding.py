"""Reviewing, returning and approving a version, and trying a failed PDF again."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from routines import actions, permissions, queries
from routines.forms import ReturnForm, SeenForm
from routines.models import Routine, RoutineVersion, VersionState
from routines.views.versions import version_context
from units.forms import PortalForm
from units.models import Refused, User
from units.permissions import PortalRequest


@require_http_methods(["GET", "HEAD", "POST"])
def routine_review(request: PortalRequest, slug: str) -> HttpResponse:
    """The version as it will look; the coordinator endorses it or gives it back."""
    routine = permissions.get_coordinated_routine(request.user, slug)
    version = _decided_here(routine)
    if version is None:
        return _nothing_to_decide(request, routine)
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
    version = _decided_here(routine)
    if version is None:
        return _nothing_to_decide(request, routine)
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


def _decided_here(routine: Routine) -> RoutineVersion | None:
    """The version that the page is about: the one under way, or the one that a second click comes too late for; None
    when every version was thrown away."""
    version = routine.being_written or routine.latest
    if version is not None:
        version.routine = routine
    return version


def _nothing_to_decide(request: PortalRequest, routine: Routine) -> HttpResponse:
    messages.info(request, _("Versionen är kastad, så det finns inget att besluta om."))
    return redirect("routine_versions", routine.slug)


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
    """The version as it will look, what is new in it, and what can be decided about it here and now."""
    in_force = version.routine.in_force
    is_the_time = version.state == (VersionState.ENDORSED if approving else VersionState.IN_REVIEW)
    context = {
        **version_context(version),
        "comparison": queries.compare(in_force, version) if in_force and in_force != version else None,
        "form": form if form.is_bound else None,
        "seen": version.content_sha256(),
        "return_form": form if isinstance(form, ReturnForm) else ReturnForm(),
        "is_the_time": is_the_time,
        "why_not": _why_not(request.user, version) if approving and is_the_time else "",
        "approving": approving,
    }
    return render(request, "routines/decide.html", context)


def _why_not(user: User, version: RoutineVersion) -> str:
    """Why the version can't be approved by the one who looks at it."""
    return queries.may_approve(user, version) or queries.in_the_way(version)


@require_POST
def routine_publish_again(request: PortalRequest, slug: str) -> HttpResponse:
    """Try a failed PDF once more."""
    routine = permissions.get_managed_routine(request.user, slug)
    version = queries.waiting_for_pdf(routine)
    if version is None:
        messages.info(request, _("Ingen version väntar på sin PDF."))
    else:
        actions.publish_again(version, by=request.user)
        messages.success(request, _("Portalen försöker skapa PDF:en igen. Ladda om sidan om en stund."))
    return redirect(routine)
