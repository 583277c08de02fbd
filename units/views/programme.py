"""The programme's settings."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from units import actions, permissions
from units.forms import ProgrammeForm
from units.models import Programme
from units.permissions import PortalRequest


@require_http_methods(["GET", "POST"])
def programme(request: PortalRequest) -> HttpResponse:
    """Names, thresholds, months and sender."""
    permissions.require_coordinator(request.user)
    form = ProgrammeForm(request.POST or None, instance=Programme.current())
    if form.is_valid():
        actions.change_programme(by=request.user, **form.cleaned_data)
        messages.success(request, _("Inställningarna är sparade."))
        return redirect("programme")
    return render(request, "units/programme.html", {"form": form})
