"""All trainings, and the page of one."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from courses import actions, permissions, queries
from courses.forms import CancelForm, HeldForm
from courses.models import Training, TrainingState
from jarfalla import clock
from units.models import Refused, Step
from units.permissions import PortalRequest
from units.queries import blocked_because

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
        },
    )


@require_safe
def training(request: PortalRequest, pk: int) -> HttpResponse:
    """One training; the coordinator answers here whether it was held."""
    return show_training(request, permissions.get_visible_training(request.user, pk))


def show_training(
    request: PortalRequest, row: Training, *, held: HeldForm | None = None, cancel: CancelForm | None = None
) -> HttpResponse:
    """The page, with the form that was not accepted, if there is one."""
    round_ = row.round
    context = {
        "training": row,
        "unit": round_.unit,
        "state": row.state,
        "completion": round_.standing().get(Step.TRAINING),
        "blocked": blocked_because(round_, Step.TRAINING),
        "form": held or cancel,
    }
    if request.user.is_coordinator and row.is_open:
        context |= {"held_form": held or HeldForm(training=row), "cancel_form": cancel or CancelForm()}
    return render(request, "courses/training.html", context)


@require_POST
def training_held(request: PortalRequest, pk: int) -> HttpResponse:
    """Record that a training was held, which completes step 2 when that is next."""
    row = permissions.get_coordinated_training(request.user, pk)
    form = HeldForm(request.POST, training=row)
    if form.is_valid():
        data = form.cleaned_data
        try:
            row = actions.hold_training(row, on=data["held_on"], attended=data["attended"], by=request.user)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            done = Step.TRAINING in row.round.standing()
            said = _("Utbildningen är genomförd och steg 2 är klart.") if done else _("Utbildningen är genomförd.")
            messages.success(request, said)
            return redirect("step_2", slug=row.round.unit.slug)
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
            messages.success(request, _("Utbildningen är inställd."))
            return redirect("step_2", slug=row.round.unit.slug)
    return show_training(request, row, cancel=form)
