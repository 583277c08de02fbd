"""Read and understood: saying it, and seeing who has."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from routines import actions, permissions, queries
from routines.forms import ReadForm
from routines.views.no_longer import or_no_longer
from routines.views.reading import show_routine
from units.models import Refused
from units.permissions import PortalRequest


@require_POST
@or_no_longer
def routine_read(request: PortalRequest, slug: str) -> HttpResponse:
    """The user has read the version on the page and understood it."""
    routine = permissions.get_applying_routine(request.user, slug)
    form = ReadForm(request.POST, routine=routine)
    if form.is_valid():
        try:
            actions.note_read(form.cleaned_data["version"], by=request.user)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Tack! Det är noterat att du har läst och förstått rutinen."))
            return redirect(routine)
    return show_routine(request, routine, form)


@require_safe
def receipts(request: PortalRequest, slug: str) -> HttpResponse:
    """Who has read the version in force and who remains, for the unit's managers and the coordinator."""
    routine = permissions.get_routine_with_receipts(request.user, slug)
    version = routine.in_force
    context = {"routine": routine, "unit": routine.unit, "receipts": queries.receipts(version) if version else None}
    return render(request, "routines/receipts.html", context)


@require_POST
def receipts_remind(request: PortalRequest, slug: str) -> HttpResponse:
    """Write to those who remain."""
    routine = permissions.get_routine_with_receipts(request.user, slug)
    try:
        sent = actions.remind_unread(routine, by=request.user)
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect("receipts", slug=routine.slug)
    if sent:
        told = ngettext("%(n)s person får ett mejl.", "%(n)s personer får ett mejl.", sent)
        messages.success(request, told % {"n": sent})
    else:
        messages.info(request, _("Ingen fick något mejl: alla har läst, eller har redan blivit påminda i dag."))
    return redirect("receipts", slug=routine.slug)
