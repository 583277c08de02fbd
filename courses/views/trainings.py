"""All trainings, and the page of one: whether it was held, and what became of it."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from courses import actions, permissions, queries
from courses.forms import CancelForm, HeldForm, ReopenForm
from courses.models import Theme, Training, TrainingState
from jarfalla import clock
from units.models import Refused, Step, Unit
from units.permissions import PortalRequest

TRAININGS_PER_PAGE = 25


@require_safe
def trainings(request: PortalRequest) -> HttpResponse:
    """The trainings that the user may open: those that wait for an answer, the coming ones, the rest."""
    visible, now = permissions.visible_trainings(request.user), clock.now()
    chosen = request.GET.get("visa", "")
    found = visible.in_state(TrainingState(chosen), now) if chosen in TrainingState.values else visible
    page = Paginator(queries.in_order_of_need(found, now), TRAININGS_PER_PAGE).get_page(request.GET.get("page"))
    counts = queries.training_counts(visible, now)
    return render(
        request,
        "courses/trainings.html",
        {
            "page_obj": page,
            "query": f"?visa={chosen}&" if chosen in TrainingState.values else "",
            "chosen": chosen,
            "counts": list(counts.items()),
            "total": sum(counts.values()),
            "own_units": own_units(request),
        },
    )


def own_units(request: PortalRequest) -> set[int]:
    """The units whose pages the user may open, by primary key: a training may also be for others."""
    return set(Unit.objects.visible_to(request.user).values_list("pk", flat=True))


@require_safe
def training(request: PortalRequest, pk: int) -> HttpResponse:
    """One training; the coordinator answers here whether it was held."""
    return show_training(request, permissions.get_visible_training(request.user, pk))


def show_training(request: PortalRequest, row: Training, **sent: HeldForm | CancelForm | ReopenForm) -> HttpResponse:
    """The page; `sent` is the form that was not accepted, as held, cancel or reopen."""
    row = queries.with_units(Training.objects.filter(pk=row.pk)).select_related("reopened_by").get()
    context: dict[str, Any] = {
        "training": row,
        "state": row.state,
        "units": queries.trained_units(row),
        "own_units": own_units(request),
        "parts": queries.siblings(row),
        "turnout": queries.turnout(row),
        "invited": queries.invited_now(row),
        "materials": list(row.materials.all()),
        "themes": [Theme(theme).label for theme in row.themes if theme in Theme.values],
        "may_manage": row.rounds.filter(unit__in=Unit.objects.managed_by(request.user)).exists()
        or request.user.is_coordinator,
        "form": next(iter(sent.values()), None),
    }
    if request.user.is_coordinator and row.is_open:
        context |= {"cancel_form": sent.get("cancel") or CancelForm()}
        if row.has_come or "held" in sent:
            context |= {"held_form": sent.get("held") or HeldForm(training=row)}
    if request.user.is_coordinator and row.held_on:
        context |= {"reopen_form": sent.get("reopen") or ReopenForm()}
    return render(request, "courses/training.html", context)


@require_POST
def training_held(request: PortalRequest, pk: int) -> HttpResponse:
    """Record that a training was held, which completes step 2 for the units that wait for nothing more."""
    row = permissions.get_coordinated_training(request.user, pk)
    form = HeldForm(request.POST, training=row)
    if form.is_valid():
        try:
            row = actions.hold_training(row, by=request.user, **form.answer())
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            rounds = list(row.rounds.prefetch_related("completions"))
            done = [round_ for round_ in rounds if Step.TRAINING in round_.standing()]
            said = _("Utbildningen är genomförd.")
            if done:
                said = _("Utbildningen är genomförd och steg 2 är klart.")
            if 0 < len(done) < len(rounds):
                said = _("Utbildningen är genomförd. Steg 2 är klart för %(n)s av %(all)s enheter.")
            messages.success(request, said % {"n": len(done), "all": len(rounds)})
            return after(row)
    return show_training(request, row, held=form)


@require_POST
def training_cancel(request: PortalRequest, pk: int) -> HttpResponse:
    """Record why a training does not come about."""
    row = permissions.get_coordinated_training(request.user, pk)
    form = CancelForm(request.POST)
    if form.is_valid():
        try:
            row = actions.cancel_training(row, reason=form.cleaned_data["reason"], by=request.user)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            not_held = row.state == TrainingState.NOT_HELD
            messages.success(
                request, _("Det står nu att utbildningen inte blev av.") if not_held else _("Utbildningen är inställd.")
            )
            return after(row)
    return show_training(request, row, cancel=form)


@require_POST
def training_reopen(request: PortalRequest, pk: int) -> HttpResponse:
    """Take back that a training was held."""
    row = permissions.get_coordinated_training(request.user, pk)
    form = ReopenForm(request.POST)
    if form.is_valid():
        try:
            row = actions.reopen_training(row, reason=form.cleaned_data["reason"], by=request.user)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Utbildningen är inte längre registrerad som genomförd."))
            return redirect(row)
    return show_training(request, row, reopen=form)


def after(row: Training) -> HttpResponse:
    """Where one goes when a training is finished: step 2 of its unit, or its own page when it has several."""
    units = list(Unit.objects.filter(rounds__training_rounds__training=row)[:2])
    return redirect("step_2", slug=units[0].slug) if len(units) == 1 else redirect(row)
