"""Taking a completed step back."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from units import actions, permissions
from units.forms import WithdrawForm
from units.models import StepBlocked
from units.permissions import PortalRequest


@require_http_methods(["GET", "POST"])
def step_withdraw(request: PortalRequest, slug: str, step: int) -> HttpResponse:
    """Ask why, and take back the standing completion of `step`."""
    round_ = permissions.get_managed_round(request.user, slug)
    completion = get_object_or_404(round_.completions.standing().select_related("recorded_by"), step=step)
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
