"""The programme's settings."""

import base64

from django.contrib import messages
from django.db.models.fields.files import FieldFile
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from units import actions, permissions
from units.forms import LogoForm, ProgrammeForm
from units.models import Programme, Refused
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


@require_http_methods(["GET", "HEAD", "POST"])
def programme_logo(request: PortalRequest) -> HttpResponse:
    """The mark on printed documents: see it, change it, take it away."""
    permissions.require_coordinator(request.user)
    logo = Programme.current().logo
    sent = (request.POST, request.FILES) if request.method == "POST" else ()
    form = LogoForm(*sent, has_logo=bool(logo))
    if form.is_valid():
        try:
            actions.change_logo(form.content, by=request.user)
        except Refused as refused:
            form.add_error("file", str(refused))
        else:
            messages.success(request, _("Logotypen är sparad.") if form.content else _("Logotypen är borttagen."))
            return redirect("programme_logo")
    return render(request, "units/programme_logo.html", {"form": form, "picture": _as_data_url(logo)})


def _as_data_url(logo: FieldFile) -> str:
    """The picture inside the page: uploaded files have no address of their own. Empty when it can't be read."""
    try:
        with logo.open("rb") as file:
            return f"data:image/png;base64,{base64.b64encode(file.read()).decode()}"
    except (OSError, ValueError):
        return ""
