"""Starting a round, and taking a completed step back."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from units import actions, permissions
from units.forms import WithdrawForm
from units.models import Refused, StepBlocked
from units.permissions import PortalRequest


@require_POST
def round_new(request: PortalRequest, slug: str) -> HttpResponse:
    """Start the next round of a unit whose last one is closed."""
    unit = permissions.get_coordinated_unit(request.user, slug)
    try:
        round_ = actions.start_round(unit, by=request.user)
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Omgång %(number)s pågår.") % {"number": round_.number})
    return redirect(unit)


@require_http_methods(["GET", "POST"])
def step_withdraw(request: PortalRequest, slug: str, step: int) -> HttpResponse:
    """Ask why, and take back the standing completion of `step`."""
    round_ = permissions.get_managed_round(request.user, slug)
    completion = round_.completions.standing().select_related("recorded_by").filter(step=step).first()
    if completion is None:
        messages.info(request, _("Steg %(step)s är inte registrerat som klart.") % {"step": step})
        return redirect(round_.unit)
    form = WithdrawForm(request.POST or None)
    if form.is_valid():
        try:
            actions.withdraw_step(completion, reason=form.cleaned_data["reason"], by=request.user)
        except StepBlocked as blocked:
            form.add_error(None, str(blocked))
        else:
            messages.success(request, _("Steg %(step)s är återtaget.") % {"step": step})
            return redirect(round_.unit)
    return render(request, "units/step_withdraw.html", {"form": form, "unit": round_.unit, "completion": completion})
