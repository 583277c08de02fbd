"""The outbox: every mail, why it went and what the mail server said. For the coordinator."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from units import actions, permissions
from units.models import Message, Refused
from units.models.message import MessageState
from units.permissions import PortalRequest

MESSAGES_PER_PAGE = 50
# Not a state: those of the waiting that should have gone out by now.
HELD_UP = "held_up"


@require_safe
def outbox(request: PortalRequest) -> HttpResponse:
    """The messages, newest first, by state; or those that are held up."""
    permissions.require_coordinator(request.user)
    choices = [*MessageState.choices, (HELD_UP, _("väntar längre än det ska"))]
    chosen = request.GET.get("status", "")
    query = f"?status={chosen}&" if chosen in dict(choices) else ""
    found = Message.objects.select_related("recipient", "unit").order_by("-pk")
    if chosen == HELD_UP:
        found = found.held_up()
    elif query:
        found = found.in_state(MessageState(chosen))
    page = Paginator(found, MESSAGES_PER_PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "units/outbox.html",
        {"page_obj": page, "query": query, "chosen": chosen, "states": choices},
    )


@require_safe
def message(request: PortalRequest, pk: int) -> HttpResponse:
    """One message as it was or will be sent."""
    permissions.require_coordinator(request.user)
    row = get_object_or_404(Message.objects.select_related("recipient", "unit"), pk=pk)
    return render(request, "units/message.html", {"letter": row})


@require_POST
def message_retry(request: PortalRequest, pk: int) -> HttpResponse:
    """Send a failed or waiting message now."""
    permissions.require_coordinator(request.user)
    row = get_object_or_404(Message, pk=pk)
    try:
        actions.retry_message(row)
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Meddelandet skickas igen inom en minut."))
    return redirect("message", pk=row.pk)
