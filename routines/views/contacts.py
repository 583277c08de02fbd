"""Whom to call."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from routines import actions, permissions, queries
from units.permissions import PortalRequest


@require_safe
def contacts(request: PortalRequest) -> HttpResponse:
    """The registry, for everybody who has signed in."""
    return render(request, "routines/contacts.html", {"groups": queries.contact_groups()})


@require_POST
def contact_checked(request: PortalRequest, pk: int) -> HttpResponse:
    """The coordinator has made sure that a contact's details are right."""
    contact = permissions.get_coordinated_contact(request.user, pk)
    actions.check_contact(contact, by=request.user)
    messages.success(request, _("%(contact)s är kontrollerad i dag.") % {"contact": contact.name})
    return redirect("contacts")
