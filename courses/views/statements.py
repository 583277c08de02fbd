"""The statements that pulses and evaluations ask about, set by the coordinator."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from courses import actions, queries
from courses.forms import MoveForm, StatementForm
from courses.models import Statement
from units.forms import PortalForm
from units.models import Refused
from units.permissions import PortalRequest, require_coordinator


@require_http_methods(["GET", "HEAD", "POST"])
def statements(request: PortalRequest) -> HttpResponse:
    """What stands, in order; a form to add, and buttons to move."""
    require_coordinator(request.user)
    if "move" in request.POST:
        return _move(request)
    form = StatementForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            actions.add_statement(**form.cleaned_data, by=request.user)
        except Refused as refused:
            form.add_error("text", str(refused))
        else:
            messages.success(request, _("Påståendet är tillagt."))
            return redirect("statements")
    return _show(request, form)


@require_POST
def statement_retire(request: PortalRequest, pk: int) -> HttpResponse:
    """Ask about a statement no more."""
    require_coordinator(request.user)
    try:
        actions.retire_statement(get_object_or_404(Statement, pk=pk))
    except Refused as refused:
        refusal = PortalForm(request.POST)
        refusal.add_error(None, str(refused))
        return _show(request, refusal)
    messages.success(request, _("Påståendet är borttaget. Enkäter som redan har öppnats har det kvar."))
    return redirect("statements")


def _move(request: PortalRequest) -> HttpResponse:
    """Let a statement change places with its neighbour. One that was removed meanwhile stays where it is."""
    form = MoveForm(request.POST)
    if form.is_valid():
        actions.move_statement(form.cleaned_data["move"], up=form.cleaned_data["direction"] == "up")
    return redirect("statements")


def _show(request: PortalRequest, sent: PortalForm) -> HttpResponse:
    """The page, with the form that was not accepted, if there is one."""
    lists = [
        {
            "is_evaluation": evaluation,
            "statements": queries.standing_statements(evaluation=evaluation),
            "fewest": queries.statements_that_stand(evaluation=evaluation)[0],
            "most": queries.statements_that_stand(evaluation=evaluation)[-1],
        }
        for evaluation in (False, True)
    ]
    add_form = sent if isinstance(sent, StatementForm) else StatementForm()
    context = {"lists": lists, "form": sent, "add_form": add_form}
    return render(request, "courses/statements.html", context)
