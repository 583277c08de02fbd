"""The unit's follow-up: its contacts, what was said in them and what was promised."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from followups import actions, permissions, queries
from jarfalla import clock
from units.models import Programme, Step
from units.permissions import PortalRequest
from units.queries import blocked_because, steps_on_page


@require_safe
def step_4(request: PortalRequest, slug: str) -> HttpResponse:
    """When the next contact is and what was said before; for the coordinator what there is to do about it."""
    round_ = permissions.get_visible_round(request.user, slug)
    window = queries.window_of(round_, Programme.current(), clock.today())
    context = {
        "unit": round_.unit,
        "steps": steps_on_page(round_.unit),
        "round": round_,
        "window": window,
        "booking": queries.open_booking(round_),
        "draft": queries.draft_of(round_, window.number) if window and request.user.is_coordinator else None,
        "now": clock.now(),
        "contacts": round_.contacts.standing(),
        "not_held": queries.last_not_held(round_) if request.user.is_coordinator else None,
        "completion": round_.standing().get(Step.FOLLOW_UP),
        "why_not": blocked_because(round_, Step.FOLLOW_UP),
        "reads_notes": permissions.reads_notes(request.user, round_.unit),
        "follow_ups": queries.said_before(round_.unit),
    }
    return render(request, "followups/step_4.html", context)


@require_POST
def support_action_done(request: PortalRequest, pk: int) -> HttpResponse:
    """Record that what was promised has been done."""
    support_action = permissions.get_managed_support_action(request.user, pk)
    support_action = actions.complete_support_action(support_action, by=request.user)
    messages.success(request, _("Klart: %(what)s") % {"what": support_action.what})
    if request.POST.get("from") == "list":
        return redirect("follow_ups")
    return redirect("step_4", slug=support_action.follow_up.round.unit.slug)


@require_POST
def support_action_reopen(request: PortalRequest, pk: int) -> HttpResponse:
    """Take back that what was promised has been done."""
    support_action = permissions.get_managed_support_action(request.user, pk)
    support_action = actions.reopen_support_action(support_action)
    messages.success(request, _("Inte klart: %(what)s") % {"what": support_action.what})
    return redirect("step_4", slug=support_action.follow_up.round.unit.slug)
