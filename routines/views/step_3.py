"""Step 3: the routines of one unit."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from routines import actions, permissions, queries
from routines.forms import NewRoutineForm, PlanForm, RoutinesStepForm
from routines.models import Routine
from units.forms import PortalForm
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
    if manages:
        context |= _plan(unit, sent)
    if manages and round_ and not completion:
        new = RoutinesStepForm(unit=unit, may_override=request.user.is_coordinator)
        context["step_form"] = sent if isinstance(sent, RoutinesStepForm) else new
    return render(request, "routines/step_3.html", context)


def _plan(unit: Unit, sent: PortalForm | None) -> dict[str, Any]:
    """What stands in the unit's plan, and what could be added; the step's own form asks for the first."""
    entries = queries.plan_entries(unit)
    outside = queries.routines_outside_plan(unit)
    forms = [
        (routine, sent if isinstance(sent, PlanForm) and sent.prefix == routine.slug else PlanForm(prefix=routine.slug))
        for routine in outside
    ]
    return {"plan_entries": entries, "plan_forms": forms}


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
    """Log step 3, and where the routine stands in the plan."""
    round_ = get_managed_round(request.user, slug)
    form = RoutinesStepForm(request.POST, unit=round_.unit, may_override=request.user.is_coordinator)
    if form.is_valid():
        on, reason = form.cleaned_data["on"], form.cleaned_data.get("override_reason", "")
        in_plan = actions.InPlan(**form.in_plan) if form.in_plan else None
        try:
            actions.complete_routines(round_, on=on, by=request.user, override_reason=reason, in_plan=in_plan)
        except (StepBlocked, Refused) as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Steg 3 är klart. Nu använder ni rutinerna, och sedan följer vi upp."))
            return redirect(round_.unit)
    return show_step_3(request, round_.unit, form)


@require_POST
def plan_entry_new(request: PortalRequest, slug: str) -> HttpResponse:
    """Say that a routine in force is written into the unit's plan."""
    routine = permissions.get_managed_routine(request.user, slug)
    form = PlanForm(request.POST, prefix=routine.slug)
    if form.is_valid():
        try:
            actions.record_plan_entry(routine, by=request.user, **form.cleaned_data)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Nu står det här att rutinen finns i verksamhetsplanen."))
            return redirect("step_3", slug=routine.unit.slug)
    return show_step_3(request, routine.unit, form)


@require_POST
def plan_entry_withdraw(request: PortalRequest, slug: str) -> HttpResponse:
    """Take back that the routine is written into the plan."""
    routine = permissions.get_managed_routine(request.user, slug)
    if actions.withdraw_plan_entry(routine, by=request.user):
        messages.success(request, _("Uppgiften om verksamhetsplanen är borttagen."))
    return redirect("step_3", slug=routine.unit.slug)
