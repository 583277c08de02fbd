"""A routine's versions: the list of them, one as it was, two side by side, and the end of one."""

from csp.decorators import csp_exempt
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from routines import actions, permissions, queries
from routines.forms import CompareForm, DiscardForm, WithdrawForm
from routines.models import Routine, RoutineVersion
from routines.views.no_longer import or_no_longer
from routines.views.stored import stored_pdf
from units.models import Refused
from units.permissions import PortalRequest


@require_safe
def routine_versions(request: PortalRequest, slug: str) -> HttpResponse:
    """Every version of the routine and what was done with it, for those who write it."""
    routine = permissions.get_managed_routine(request.user, slug)
    rows = queries.versions_on_page(routine)
    context = {
        "routine": routine,
        "unit": routine.unit,
        "rows": rows,
        "may_start": routine.being_written is None,
        "can_compare": sum(row.has_a_page for row in rows) > 1,
    }
    return render(request, "routines/versions.html", context)


@require_safe
@or_no_longer
def routine_version(request: PortalRequest, slug: str, number: str) -> HttpResponse:
    """A version as it stands or stood; whoever only reads the routine comes to the one in force."""
    routine = permissions.get_readable_routine(request.user, slug)
    version = permissions.get_version(request.user, routine, number)
    if not permissions.manages(request.user, routine):
        return redirect(routine)
    return render(request, "routines/version.html", version_context(version))


def version_context(version: RoutineVersion) -> dict[str, object]:
    """What a page shows of one version, whatever its state, to those who write it."""
    return {
        "routine": version.routine,
        "unit": version.routine.unit,
        "version": version,
        "sections": queries.readable_sections(version),
        "facts": queries.facts(version),
        "history": queries.decisions(version),
    }


# A policy that allows nothing also keeps the browser's own PDF reader from drawing the file.
@csp_exempt()  # type: ignore[arg-type]  # django-csp knows no request but Django's own
@require_safe
@or_no_longer
def routine_version_pdf(request: PortalRequest, slug: str, number: str) -> HttpResponseBase:
    """The stored PDF of a version; whoever only reads the routine gets the one in force."""
    routine = permissions.get_readable_routine(request.user, slug)
    version = permissions.get_version(request.user, routine, number)
    if not permissions.manages(request.user, routine):
        return redirect("routine_pdf", routine.slug)
    if not version.in_force_at:
        raise Http404
    return stored_pdf(request, version)


@require_safe
def routine_compare(request: PortalRequest, slug: str) -> HttpResponse:
    """Two versions side by side, what differs marked."""
    routine = permissions.get_managed_routine(request.user, slug)
    versions = queries.kept_versions(routine)
    form = CompareForm(request.GET if request.GET else None, versions=versions)
    chosen = form.chosen if form.is_bound else queries.compared_first(versions)
    context = {
        "routine": routine,
        "unit": routine.unit,
        "form": form if form.is_bound or not chosen else CompareForm(versions=versions, chosen=chosen),
        "comparison": queries.compare(*chosen) if chosen else None,
        "can_compare": len(versions) > 1,
    }
    return render(request, "routines/compare.html", context)


@require_POST
def routine_discard(request: PortalRequest, slug: str) -> HttpResponse:
    """Throw away a version that was never in force."""
    routine = permissions.get_managed_routine(request.user, slug)
    form = DiscardForm(request.POST)
    version = queries.version_by_number(routine, form.cleaned_data["version"]) if form.is_valid() else None
    if version is None:
        messages.info(request, _("Versionen finns inte längre. Den är kanske redan kastad."))
        return redirect("routine_versions", routine.slug)
    try:
        actions.discard_version(version, by=request.user)
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Version %(number)s är kastad.") % {"number": version.number})
    return redirect("routine_versions", routine.slug)


@require_http_methods(["GET", "HEAD", "POST"])
def routine_withdraw(request: PortalRequest, slug: str) -> HttpResponse:
    """The routine stops being in force without another version in its place."""
    routine = permissions.get_managed_routine(request.user, slug)
    version = routine.in_force
    if version is None:
        messages.info(request, _("Rutinen gäller inte, så det finns inget att upphäva."))
        return redirect("routine_versions", routine.slug)
    form = WithdrawForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.withdraw_version(version, reason=form.cleaned_data["reason"], by=request.user)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Rutinen är upphävd. Medarbetarna ser den inte längre."))
            return redirect("routine_versions", routine.slug)
    return render(request, "routines/withdraw.html", _withdrawal(routine, version, form))


def _withdrawal(routine: Routine, version: RoutineVersion, form: WithdrawForm) -> dict[str, object]:
    return {
        "routine": routine,
        "unit": routine.unit,
        "version": version,
        "next": routine.being_written,
        "form": form,
    }
