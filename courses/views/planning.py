"""Planning a training: a new one, for a unit or for several, and changes of what is planned."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from courses import actions, permissions, queries
from courses.forms import TrainingForm
from courses.models import Training
from units.models import Kind, Refused, Round, Unit
from units.permissions import PortalRequest, get_coordinated_round, require_coordinator


@require_http_methods(["GET", "POST"])
def training_new(request: PortalRequest) -> HttpResponse:
    """Plan a training for any units."""
    require_coordinator(request.user)
    return plan(request, None)


@require_http_methods(["GET", "POST"])
def training_book(request: PortalRequest, slug: str) -> HttpResponse:
    """Plan a training for one unit to begin with; more can be chosen."""
    return plan(request, get_coordinated_round(request.user, slug))


def plan(request: PortalRequest, round_: Round | None) -> HttpResponse:
    """The planning page, with the unit of `round_` chosen, and what its button does."""
    form = TrainingForm(request.POST or None, initial={"rounds": [round_.pk]} if round_ else {})
    if request.method == "POST" and form.is_valid():
        try:
            planned = actions.plan_trainings(times=form.times(), by=request.user, **form.details())
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            n = len(planned)
            said = ngettext("Utbildningen är planerad.", "Utbildningen är planerad, %(n)s tillfällen.", n)
            messages.success(request, said % {"n": n})
            return redirect(planned[0])
    usual = queries.USUAL_PARTS.get(Kind(round_.unit.kind), 1) if round_ else 1
    return show_plan(request, form, unit=round_.unit if round_ else None, usual_parts=usual)


@require_http_methods(["GET", "POST"])
def training_edit(request: PortalRequest, pk: int) -> HttpResponse:
    """Change what is planned; a training that is held or cancelled is only shown."""
    row = permissions.get_coordinated_training(request.user, pk)
    if not row.is_open:
        messages.info(request, _("Utbildningen är avslutad och kan inte ändras."))
        return redirect(row)
    form = TrainingForm(request.POST or None, training=row, parts=1)
    if request.method == "POST" and form.is_valid():
        [(starts_at, ends_at)] = form.times()
        try:
            row = actions.change_training(row, starts_at=starts_at, ends_at=ends_at, by=request.user, **form.details())
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Ändringarna är sparade."))
            return redirect(row)
    return show_plan(request, form, training=row)


def show_plan(
    request: PortalRequest,
    form: TrainingForm,
    *,
    training: Training | None = None,
    unit: Unit | None = None,
    usual_parts: int = 1,
) -> HttpResponse:
    """The page with the form; so many occasions as `usual_parts` are suggested."""
    context = {"form": form, "training": training, "unit": unit, "usual_parts": usual_parts}
    return render(request, "courses/training_plan.html", context)
