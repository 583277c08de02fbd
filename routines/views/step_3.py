"""Step 3: the routines of one unit."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from routines import actions, queries
from routines.forms import NewRoutineForm
from routines.models import Routine
from units.forms import PortalForm, StepForm
from units.models import Refused, Step, StepBlocked, Unit
from units.permissions import PortalRequest, get_coordinated_unit, get_managed_round, get_visible_unit
from units.queries import blocked_because, steps_on_page


@require_safe
def step_3(request: PortalRequest, slug: str) -> HttpResponse:
    """The unit's routines, what comes next for each, and the step."""
    return show_step_3(request, get_visible_unit(request.user, slug))


def show_step_3(request: PortalRequest, unit: Unit, sent: PortalForm | None = None) -> HttpResponse:
    """The page; `sent` is the form that was not accepted."""
    round_ = unit.open_round
    readable = Routine.objects.readable_by(request.user).filter(unit=unit)
    rows = queries.on_page(queries.in_order(queries.listed(readable)), request.user)
    manages = Unit.objects.managed_by(request.user).filter(pk=unit.pk).exists()
    completion = round_.standing().get(Step.ROUTINES) if round_ else None
    context: dict[str, Any] = {
        "unit": unit,
        "steps": steps_on_page(unit),
        "rows": rows,
        "manages": manages,
        "completion": completion,
        "blocked": blocked_because(round_, Step.ROUTINES),
        "may_withdraw": completion is not None and completion.may_be_withdrawn_by(request.user),
        "has_routine_in_force": any(row.in_force for row in rows),
        "form": sent,
    }
    if request.user.is_coordinator:
        context["routine_form"] = sent if isinstance(sent, NewRoutineForm) else NewRoutineForm(unit=unit)
    if manages and round_ and not completion:
        new = StepForm(may_override=request.user.is_coordinator)
        context["step_form"] = sent if isinstance(sent, StepForm) else new
    return render(request, "routines/step_3.html", context)


@require_POST
def routine_new(request: PortalRequest, slug: str) -> HttpResponse:
    """Make a routine for the unit from a template."""
    unit = get_coordinated_unit(request.user, slug)
    form = NewRoutineForm(request.POST, unit=unit)
    if form.is_valid():
        try:
            routine = actions.create_routine(unit, by=request.user, **form.cleaned_data)
        except Refused as refused:
            form.add_error("title", str(refused))
        else:
            messages.success(request, _("Rutinen är skapad. Nu kan enhetens chef skriva den."))
            return redirect(routine)
    return show_step_3(request, unit, form)


@require_POST
def routines_complete(request: PortalRequest, slug: str) -> HttpResponse:
    """Log step 3."""
    round_ = get_managed_round(request.user, slug)
    form = StepForm(request.POST, may_override=request.user.is_coordinator)
    if form.is_valid():
        try:
            actions.complete_routines(round_, by=request.user, **form.cleaned_data)
        except StepBlocked as blocked:
            form.add_error(None, str(blocked))
        else:
            messages.success(request, _("Steg 3 är klart. Nu använder ni rutinerna, och sedan följer vi upp."))
            return redirect(round_.unit)
    return show_step_3(request, round_.unit, form)
