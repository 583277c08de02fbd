"""Step 2: the training of one unit."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from courses import actions, queries
from courses.forms import TrainingForm
from courses.models import Training
from jarfalla import clock
from units.forms import PortalForm, StepForm
from units.models import Refused, Round, Step, StepBlocked, Unit
from units.permissions import PortalRequest, get_coordinated_round, get_visible_unit
from units.queries import blocked_because, steps_on_page


@require_safe
def step_2(request: PortalRequest, slug: str) -> HttpResponse:
    """The unit's trainings, for everybody in it; booking and logging for the coordinator."""
    return show_step_2(request, get_visible_unit(request.user, slug))


def show_step_2(request: PortalRequest, unit: Unit, sent: PortalForm | None = None) -> HttpResponse:
    """The page; `sent` is the form that was not accepted."""
    round_ = unit.open_round
    trainings = queries.in_order_of_need(Training.objects.filter(rounds__unit=unit).distinct(), clock.now())
    completion = round_.standing().get(Step.TRAINING) if round_ else None
    context: dict[str, Any] = {
        "unit": unit,
        "steps": steps_on_page(unit),
        "round": round_,
        "completion": completion,
        "blocked": blocked_because(round_, Step.TRAINING),
        "may_withdraw": completion is not None and completion.may_be_withdrawn_by(request.user),
        "held_on": queries.last_held_on(round_) if round_ else None,
        "trainings": trainings,
        "form": sent,
    }
    if request.user.is_coordinator and round_:
        context.update(coordinator_forms(round_, sent))
    return render(request, "courses/step_2.html", context)


def coordinator_forms(round_: Round, sent: PortalForm | None) -> dict[str, PortalForm]:
    """The forms to book a training and to log the step, the latter with the day of the latest held training."""
    day = queries.last_held_on(round_) or clock.today()
    return {
        "training_form": sent if isinstance(sent, TrainingForm) else TrainingForm(),
        "step_form": sent if isinstance(sent, StepForm) else StepForm(may_override=True, initial={"on": day}),
    }


@require_POST
def training_book(request: PortalRequest, slug: str) -> HttpResponse:
    """Book a training."""
    round_ = get_coordinated_round(request.user, slug)
    form = TrainingForm(request.POST)
    if form.is_valid():
        try:
            training = actions.book_training(round_, by=request.user, **form.booking())
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Utbildningen är bokad."))
            return redirect(training)
    return show_step_2(request, round_.unit, form)


@require_POST
def training_complete(request: PortalRequest, slug: str) -> HttpResponse:
    """Log step 2 from a training that has been held, or as an exception."""
    round_ = get_coordinated_round(request.user, slug)
    form = StepForm(request.POST, may_override=True)
    if form.is_valid():
        try:
            actions.complete_training(round_, by=request.user, **form.cleaned_data)
        except StepBlocked as blocked:
            form.add_error(None, str(blocked))
        else:
            messages.success(request, _("Steg 2 är klart. Nästa steg är rutinerna."))
            return redirect(round_.unit)
    return show_step_2(request, round_.unit, form)
