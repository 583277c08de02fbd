"""Step 1: the web course of one unit."""

import uuid
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from courses import actions, permissions, queries
from courses.forms import CompletionsForm, GroupSessionForm
from units.forms import PortalForm, StepForm
from units.models import Programme, Refused, Step, StepBlocked, Unit
from units.permissions import PortalRequest, get_managed_round, get_managed_unit, get_visible_unit
from units.queries import blocked_because, steps_on_page

COMPLETIONS_PER_PAGE = 25


@require_safe
def step_1(request: PortalRequest, slug: str) -> HttpResponse:
    """Coverage for everybody in the unit; the forms and the names for those who log the step."""
    return show_step_1(request, get_visible_unit(request.user, slug))


def show_step_1(request: PortalRequest, unit: Unit, sent: PortalForm | None = None) -> HttpResponse:
    """The page; `sent` is the form that was not accepted."""
    round_ = unit.open_round
    threshold = Programme.current().coverage_threshold_percent
    coverage = queries.coverage(unit)
    completion = round_.standing().get(Step.WEB_COURSE) if round_ else None
    context: dict[str, Any] = {
        "unit": unit,
        "steps": steps_on_page(unit),
        "coverage": coverage,
        "threshold": threshold,
        "required": coverage.required(threshold),
        "missing": coverage.missing(threshold),
        "is_met": coverage.meets(threshold),
        "completion": completion,
        "blocked": blocked_because(round_, Step.WEB_COURSE),
        "may_withdraw": completion is not None and completion.may_be_withdrawn_by(request.user),
        "sessions": queries.recorded_sessions(unit),
        "own_completion": queries.own_completion(request.user),
        "may_log": Unit.objects.managed_by(request.user).filter(pk=unit.pk).exists(),
        "form": sent,
    }
    if context["may_log"]:
        context.update(logging_context(request, unit, coverage, sent))
        # Without staff there is nothing to log, except as an exception.
        may_try = coverage.size > 0 or request.user.is_coordinator
        context["logs_step"] = may_try and not (context["completion"] or context["blocked"])
    return render(request, "courses/step_1.html", context)


def logging_context(
    request: PortalRequest, unit: Unit, coverage: queries.Coverage, sent: PortalForm | None
) -> dict[str, Any]:
    """What only those who log the step may see: who lacks the course, who has it, and the forms."""
    staff = list(queries.staff_without_course(unit))
    completions = Paginator(queries.registered_completions(unit), COMPLETIONS_PER_PAGE)
    forms: dict[str, Any] = {
        "session_form": GroupSessionForm(unit=unit, staff=staff, coverage=coverage),
        "completions_form": CompletionsForm(unit=unit, staff=staff),
        "step_form": StepForm(may_override=request.user.is_coordinator),
    }
    for name, form in forms.items():
        if isinstance(sent, type(form)):
            forms[name] = sent
    page = completions.get_page(request.GET.get("page"))
    return {**forms, "staff": staff, "page_obj": page, "fresh_token": uuid.uuid4()}


@require_POST
def group_session_new(request: PortalRequest, slug: str) -> HttpResponse:
    """Record a group session."""
    unit = get_managed_unit(request.user, slug)
    staff = list(queries.staff_without_course(unit))
    form = GroupSessionForm(request.POST, unit=unit, staff=staff, coverage=queries.coverage(unit))
    if form.is_valid():
        try:
            actions.record_group_session(unit, by=request.user, **form.cleaned_data)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Gruppträffen är registrerad. Tack!"))
            return redirect("step_1", slug=unit.slug)
    return show_step_1(request, unit, form)


@require_POST
def course_completions(request: PortalRequest, slug: str) -> HttpResponse:
    """Record that single people have taken the course."""
    unit = get_managed_unit(request.user, slug)
    form = CompletionsForm(request.POST, unit=unit, staff=list(queries.staff_without_course(unit)))
    if form.is_valid():
        people, on = form.cleaned_data["users"], form.cleaned_data["completed_on"]
        try:
            done = actions.record_completions(unit, users=people, on=on, by=request.user)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            said = ngettext("%(n)s person är registrerad.", "%(n)s personer är registrerade.", len(done))
            messages.success(request, said % {"n": len(done)})
            return redirect("step_1", slug=unit.slug)
    return show_step_1(request, unit, form)


@require_POST
def group_session_withdraw(request: PortalRequest, slug: str, pk: int) -> HttpResponse:
    """Take a group session back."""
    session = actions.withdraw_group_session(permissions.get_managed_session(request.user, slug, pk), by=request.user)
    messages.success(request, _("Gruppträffen är återtagen och räknas inte längre."))
    return redirect("step_1", slug=session.unit.slug)


@require_POST
def completion_withdraw(request: PortalRequest, slug: str, pk: int) -> HttpResponse:
    """Take one person's completion back."""
    completion = permissions.get_managed_completion(request.user, slug, pk)
    actions.withdraw_completion(completion, by=request.user)
    messages.success(request, _("%(person)s räknas inte längre.") % {"person": completion.user.name})
    return redirect("step_1", slug=slug)


@require_POST
def web_course_complete(request: PortalRequest, slug: str) -> HttpResponse:
    """Log step 1."""
    round_ = get_managed_round(request.user, slug)
    form = StepForm(request.POST, may_override=request.user.is_coordinator)
    if form.is_valid():
        try:
            actions.complete_web_course(round_, by=request.user, **form.cleaned_data)
        except StepBlocked as blocked:
            form.add_error(None, str(blocked))
        else:
            messages.success(request, _("Steg 1 är klart. Nästa steg är den riktade utbildningen."))
            return redirect(round_.unit)
    return show_step_1(request, round_.unit, form)
