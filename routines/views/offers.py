"""What has changed in a routine's template, section by section, for those who write the routine."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from routines import actions, permissions, queries
from routines.models import Routine
from units.models import Refused
from units.permissions import PortalRequest


@require_safe
def offers(request: PortalRequest, slug: str) -> HttpResponse:
    """Each section that the template says something else about, the routine's words beside the template's."""
    routine = permissions.get_managed_routine(request.user, slug)
    return render(request, "routines/offers.html", _context(routine))


@require_POST
def offer_answer(request: PortalRequest, slug: str, key: str) -> HttpResponse:
    """Take the template's words over, or keep the routine's own."""
    routine = permissions.get_managed_routine(request.user, slug)
    seen, takes = request.POST.get("seen", ""), request.POST.get("answer") != "keep"
    if request.POST.get("answer") not in ("take", "keep") or not seen:
        messages.error(request, _("Välj om ni tar över mallens text eller behåller er egen."))
        return redirect("offers", slug=routine.slug)
    try:
        if takes:
            version = actions.take_offer(routine, key, by=request.user, seen=seen)
        else:
            actions.decline_offer(routine, key, by=request.user, seen=seen)
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        if not takes:
            messages.success(request, _("Ni behåller er egen text. Den ändringen i mallen visas inte som ny igen."))
        elif version is None:
            messages.info(request, _("Avsnittet säger redan det som står i mallen."))
        else:
            messages.success(request, _("Mallens text står nu i version %(number)s.") % {"number": version.number})
    return redirect("offers", slug=routine.slug)


def _context(routine: Routine) -> dict[str, object]:
    # A text beside itself has nothing marked: so where there is only one.
    rows = [
        (offer, queries.difference(offer.ours or offer.theirs, offer.theirs or offer.ours))
        for offer in queries.template_offers(routine)
    ]
    version = queries.offered_version(routine)
    return {
        "routine": routine,
        "unit": routine.unit,
        "version": version,
        "open": [row for row in rows if not row[0].is_declined],
        "declined": [row for row in rows if row[0].is_declined],
        "drops_decisions": version is not None and queries.drops_decisions(version),
    }
