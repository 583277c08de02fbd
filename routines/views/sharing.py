"""Offering a routine to other units, and taking another unit's over."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from routines import actions, permissions, queries
from routines.forms import AdoptForm
from units.models import Refused
from units.permissions import PortalRequest

SHARED_PER_PAGE = 25


@require_safe
def shared_routines(request: PortalRequest) -> HttpResponse:
    """What other units offer, for everybody who works with routines."""
    permissions.readable_routines(request.user)
    shared = queries.in_order(queries.listed(queries.shared_by_others(request.user)))
    page = Paginator(shared, SHARED_PER_PAGE).get_page(request.GET.get("page"))
    context = {"page_obj": page, "rows": queries.on_page(page, request.user)}
    return render(request, "routines/shared.html", context)


@require_POST
def routine_share(request: PortalRequest, slug: str) -> HttpResponse:
    """Offer the routine to the other units."""
    routine = permissions.get_managed_routine(request.user, slug)
    try:
        actions.share_routine(routine, by=request.user)
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Nu kan alla enheter läsa rutinen och göra en egen av den."))
    return redirect(routine)


@require_POST
def routine_unshare(request: PortalRequest, slug: str) -> HttpResponse:
    """Take the offer back."""
    routine = permissions.get_managed_routine(request.user, slug)
    actions.stop_sharing(routine, by=request.user)
    messages.success(request, _("Rutinen delas inte längre. De som redan har gjort en egen av den har den kvar."))
    return redirect(routine)


@require_http_methods(["GET", "HEAD", "POST"])
def routine_adopt(request: PortalRequest, slug: str) -> HttpResponse:
    """Choose a unit of one's own, and begin a draft there with the text of another unit's routine."""
    routine = permissions.get_shared_routine(request.user, slug)
    version, units = routine.in_force, queries.units_that_may_adopt(request.user, routine)
    assert version is not None  # what is shared is in force
    form = AdoptForm(request.POST or None, units=units, initial={"title": routine.title})
    if form.is_valid():
        try:
            adopted = actions.adopt_routine(version, by=request.user, **form.cleaned_data)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Ni har ett eget utkast. Gå igenom det och gör det till ert."))
            return redirect(adopted)
    context = {"routine": routine, "unit": routine.unit, "version": version, "form": form}
    return render(request, "routines/adopt.html", context)
