"""The list of units, and what is known about one."""

from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from jarfalla import clock
from units import actions, permissions
from units.forms import ParticipationForm, UnitForm
from units.models import ParticipationState, Programme, Refused, Unit
from units.permissions import PortalRequest
from units.queries import steps_of, swedish_order, units_with_progress

UNITS_PER_PAGE = 50


@require_safe
def units(request: PortalRequest) -> HttpResponse:
    """The units whose pages the user may open, found by a part of the name."""
    search = request.GET.get("q", "").replace("\x00", "").strip()
    found = Unit.objects.visible_to(request.user).filter(name__icontains=search)
    progress = units_with_progress(found, Programme.current(), clock.today()).order_by(swedish_order("name"))
    page = Paginator(progress, UNITS_PER_PAGE).get_page(request.GET.get("page"))
    query = f"?{urlencode({'q': search})}&" if search else ""
    rows = [(unit, steps_of(unit)) for unit in page]
    return render(request, "units/units.html", {"rows": rows, "page_obj": page, "search": search, "query": query})


@require_http_methods(["GET", "POST"])
def unit_new(request: PortalRequest) -> HttpResponse:
    """Add one unit by hand."""
    permissions.require_coordinator(request.user)
    form = UnitForm(request.POST or None)
    if form.is_valid():
        unit = actions.create_unit(by=request.user, **form.cleaned_data)
        messages.success(request, _("%(unit)s finns nu i portalen.") % {"unit": unit})
        return redirect(unit)
    return render(request, "units/unit_new.html", {"form": form})


@require_http_methods(["GET", "POST"])
def unit_edit(request: PortalRequest, slug: str) -> HttpResponse:
    """Change what is known about a unit."""
    unit = permissions.get_coordinated_unit(request.user, slug)
    form = UnitForm(request.POST or None, instance=unit)
    if form.is_valid():
        try:
            unit = actions.update_unit(unit, by=request.user, **form.cleaned_data)
        except Refused as refused:
            form.add_error("name", str(refused))
        else:
            messages.success(request, _("Uppgifterna är sparade."))
            return redirect(unit)
    return render(request, "units/unit_edit.html", {"form": form, "unit": Unit.objects.get(pk=unit.pk)})


@require_http_methods(["GET", "POST"])
def unit_participation(request: PortalRequest, slug: str) -> HttpResponse:
    """Record what the unit answered to the offer."""
    unit = permissions.get_coordinated_unit(request.user, slug)
    initial = {"state": unit.participation_state, "since": clock.today()}
    form = ParticipationForm(request.POST or None, initial=initial)
    if form.is_valid():
        answer = {**form.cleaned_data, "state": ParticipationState(form.cleaned_data["state"])}
        try:
            row = actions.record_participation(unit, by=request.user, **answer)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(
                request, _("Deltagandet är sparat: %(state)s.") % {"state": row.get_state_display().lower()}
            )
            return redirect(unit)
    history = unit.participations.select_related("recorded_by").order_by("-pk")
    return render(request, "units/participation.html", {"form": form, "unit": unit, "history": history})
