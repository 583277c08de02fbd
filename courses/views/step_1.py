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
from courses.forms import CompletionsForm, GroupSessionForm, HeadcountForm, OwnCompletionForm
from jarfalla import clock
from units.actions import declare_headcount
from units.forms import PortalForm, StepForm
from units.models import Programme, Refused, Step, StepBlocked, Unit
from units.permissions import PortalRequest, get_managed_round, get_managed_unit, get_own_unit, get_visible_unit
from units.queries import blocked_because, steps_on_page

COMPLETIONS_PER_PAGE = 25
DECLARATIONS_SHOWN = 10


@require_safe
def step_1(request: PortalRequest, slug: str) -> HttpResponse:
    """Coverage for everybody in the unit; the forms and the names for those who log the step."""
    return show_step_1(request, get_visible_unit(request.user, slug))


def show_step_1(request: PortalRequest, unit: Unit, sent: PortalForm | None = None) -> HttpResponse:
    """The page; `sent` is the form that was not accepted."""
    programme = Programme.current()
    context = {**coverage_context(unit, programme), **own_context(request, unit, programme, sent), "form": sent}
    if Unit.objects.managed_by(request.user).filter(pk=unit.pk).exists():
        context.update(logging_context(request, context, sent))
        # Without staff there is nothing to log, except as an exception.
        may_try = context["coverage"].size > 0 or request.user.is_coordinator
        context["logs_step"] = may_try and not (context["completion"] or context["blocked"])
    return render(request, "courses/step_1.html", context)


def coverage_context(unit: Unit, programme: Programme) -> dict[str, Any]:
    """What everybody in the unit may see: figures and days, and nobody by name."""
    round_, threshold = unit.open_round, programme.coverage_threshold_percent
    coverage = queries.coverages([unit], programme=programme)[unit.pk]
    return {
        "unit": unit,
        "programme": programme,
        "steps": steps_on_page(unit),
        "coverage": coverage,
        "threshold": threshold,
        "required": coverage.required(threshold),
        "missing": coverage.missing(threshold),
        "is_met": coverage.meets(threshold),
        "completion": round_.standing().get(Step.WEB_COURSE) if round_ else None,
        "blocked": blocked_because(round_, Step.WEB_COURSE),
        "need": queries.refills_needed([unit], programme=programme).get(unit.pk),
        "sessions": queries.recorded_sessions(unit),
    }


def own_context(request: PortalRequest, unit: Unit, programme: Programme, sent: PortalForm | None) -> dict[str, Any]:
    """What the person reads about the own course, and the form that says: I have taken it."""
    user = request.user
    if not unit.memberships.present().filter(user=user).exists():
        return {}
    own = queries.own_completion(user)
    expired_on = queries.expires_on(own.completed_on, programme) if own else None
    has_expired = expired_on is not None and expired_on <= clock.today()
    context: dict[str, Any] = {"works_here": True, "own_completion": own, "own_expired_on": has_expired and expired_on}
    if own is None or has_expired:
        context["own_form"] = sent if isinstance(sent, OwnCompletionForm) else OwnCompletionForm(unit=unit)
    return context


def logging_context(request: PortalRequest, known: dict[str, Any], sent: PortalForm | None) -> dict[str, Any]:
    """What only those who log the step may see: who lacks the course, who has it, and the forms."""
    unit, completion = known["unit"], known["completion"]
    staff = list(queries.staff_without_course(unit))
    completions = Paginator(queries.registered_completions(unit), COMPLETIONS_PER_PAGE)
    forms: dict[str, Any] = {
        "session_form": GroupSessionForm(unit=unit, staff=staff, coverage=known["coverage"]),
        "completions_form": CompletionsForm(unit=unit, staff=staff),
        "headcount_form": HeadcountForm(unit=unit),
        "step_form": StepForm(may_override=request.user.is_coordinator),
    }
    for name, form in forms.items():
        if isinstance(sent, type(form)):
            forms[name] = sent
    return {
        **forms,
        "may_log": True,
        "may_withdraw": completion is not None and completion.may_be_withdrawn_by(request.user),
        "staff": staff,
        "lacking": queries.refill(unit) if known["need"] else [],
        "page_obj": completions.get_page(request.GET.get("page")),
        "fresh_token": uuid.uuid4(),
        "declarations": unit.declared_headcounts.by(clock.today()).select_related("recorded_by")[:DECLARATIONS_SHOWN],
    }


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
        data = form.cleaned_data
        said = {"users": data["users"], "on": data["completed_on"], "counted_in": data.get("counted_in")}
        try:
            done = actions.record_completions(unit, by=request.user, **said)
        except Refused as refused:
            form.add_error("counted_in" if said["counted_in"] else None, str(refused))
        else:
            answer = ngettext("%(n)s person är registrerad.", "%(n)s personer är registrerade.", len(done))
            messages.success(request, answer % {"n": len(done)})
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
def own_completion_new(request: PortalRequest, slug: str) -> HttpResponse:
    """Record that the person who asks has taken the course."""
    unit = get_own_unit(request.user, slug)
    form = OwnCompletionForm(request.POST, unit=unit)
    if form.is_valid():
        on, counted_in = form.cleaned_data["on"], form.cleaned_data.get("counted_in")
        try:
            actions.record_own_completion(request.user, on=on, counted_in=counted_in)
        except Refused as refused:
            form.add_error("counted_in" if counted_in else None, str(refused))
        else:
            messages.success(request, _("Tack! Nu är du registrerad."))
            return redirect("step_1", slug=unit.slug)
    return show_step_1(request, unit, form)


@require_POST
def own_completion_withdraw(request: PortalRequest, slug: str) -> HttpResponse:
    """Take back what the person said about the own course."""
    unit = get_own_unit(request.user, slug)
    try:
        actions.withdraw_own_completion(request.user)
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Din registrering är återtagen."))
    return redirect("step_1", slug=unit.slug)


@require_POST
def headcount_declare(request: PortalRequest, slug: str) -> HttpResponse:
    """Say how many work in the unit, or let the staff list count again."""
    unit = get_managed_unit(request.user, slug)
    form = HeadcountForm(request.POST, unit=unit)
    if form.is_valid():
        headcount, on = form.cleaned_data["headcount"], form.cleaned_data["declared_on"]
        try:
            declare_headcount(unit, headcount=headcount, on=on, by=request.user)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            counts = _("Antalet är sparat.") if headcount else _("Nu räknas personallistan.")
            messages.success(request, counts)
            return redirect("step_1", slug=unit.slug)
    return show_step_1(request, unit, form)


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
