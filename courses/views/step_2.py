"""Step 2: the training of one unit."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from courses import actions, queries
from courses.models import Training, TrainingRound
from jarfalla import clock
from units.forms import StepForm
from units.models import Kind, Step, StepBlocked, Unit
from units.permissions import PortalRequest, get_coordinated_round, get_visible_unit
from units.queries import blocked_because, steps_on_page


@require_safe
def step_2(request: PortalRequest, slug: str) -> HttpResponse:
    """The unit's trainings, for everybody in it; booking and logging for the coordinator."""
    return show_step_2(request, get_visible_unit(request.user, slug))


def show_step_2(request: PortalRequest, unit: Unit, sent: StepForm | None = None) -> HttpResponse:
    """The page; `sent` is the form that was not accepted."""
    round_ = unit.open_round
    of_unit = Training.objects.filter(pk__in=TrainingRound.objects.filter(round__unit=unit).values("training"))
    completion = round_.standing().get(Step.TRAINING) if round_ else None
    known = queries.round_readiness(round_) if round_ else queries.Readiness()
    context: dict[str, Any] = {
        "unit": unit,
        "steps": steps_on_page(unit),
        "round": round_,
        "completion": completion,
        "blocked": blocked_because(round_, Step.TRAINING),
        "may_withdraw": completion is not None and completion.may_be_withdrawn_by(request.user),
        "ready_on": known.ready_on,
        "missing": queries.missing_part(known.missing) if known.missing else "",
        "trainings": queries.in_order_of_need(of_unit, clock.now()),
        "usual_parts": queries.USUAL_PARTS.get(Kind(unit.kind), 1),
        "form": sent,
    }
    if request.user.is_coordinator and round_:
        day = known.ready_on or clock.today()
        context["step_form"] = sent or StepForm(may_override=True, initial={"on": day})
    return render(request, "courses/step_2.html", context)


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
