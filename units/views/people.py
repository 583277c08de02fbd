"""A unit's staff list."""

from typing import Any

from django.contrib import messages
from django.db.models import Case, Value, When
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from jarfalla import clock
from units import actions, permissions
from units.forms import EndMembershipForm, PersonForm
from units.models import MembershipRole, Refused, Unit, User
from units.permissions import PortalRequest
from units.queries import swedish_order


@require_http_methods(["GET", "POST"])
def unit_staff(request: PortalRequest, slug: str) -> HttpResponse:
    """Who works in the unit, for its managers and the coordinator; add a person."""
    unit = permissions.get_managed_unit(request.user, slug)
    form = PersonForm(
        request.POST or None, may_add_managers=request.user.is_coordinator, initial={"started_on": clock.today()}
    )
    if form.is_valid():
        person = {**form.cleaned_data, "role": MembershipRole(form.cleaned_data.get("role", MembershipRole.MEMBER))}
        try:
            membership = actions.add_person(unit, by=request.user, **person)
        except Refused as refused:
            form.add_error("email", str(refused))
        else:
            # The address of a protected person must not be a way to their name.
            name = form.cleaned_data["name"] if membership.user.is_protected else membership.user.name
            messages.success(request, _("%(person)s finns nu i personallistan.") % {"person": name})
            return redirect("unit_staff", slug=unit.slug)
    return render(request, "units/staff.html", {"form": form, "person_form": form, **staff_context(unit)})


def empty_person_form(user: User) -> PersonForm:
    """The form that adds a person."""
    return PersonForm(may_add_managers=user.is_coordinator, initial={"started_on": clock.today()})


def staff_context(unit: Unit) -> dict[str, Any]:
    """The present staff, managers first, without protected persons, who are only counted."""
    present = unit.memberships.present().select_related("user")
    managers_first = Case(When(role=MembershipRole.MANAGER, then=Value(0)), default=Value(1))
    return {
        "unit": unit,
        "declared": unit.declared_headcount(),
        "memberships": present.filter(user__is_protected=False).order_by(managers_first, swedish_order("user__name")),
        "protected_count": present.filter(user__is_protected=True).count(),
        "today": clock.today(),
    }


@require_POST
def membership_end(request: PortalRequest, slug: str, pk: int) -> HttpResponse:
    """Record that a person has left the unit; one who is not in the list (a protected person) is not found."""
    unit = permissions.get_managed_unit(request.user, slug)
    listed = unit.memberships.filter(user__is_protected=False).select_related("user")
    membership = get_object_or_404(listed, pk=pk)
    form = EndMembershipForm(request.POST, auto_id=f"id_%s_{membership.pk}")
    if form.is_valid():
        try:
            actions.end_membership(membership, on=form.cleaned_data["on"], by=request.user)
        except Refused as refused:
            form.add_error("on", str(refused))
        else:
            messages.success(request, _("%(person)s har lämnat enheten.") % {"person": membership.user})
            return redirect("unit_staff", slug=unit.slug)
    context = {"form": form, "ending": membership, "person_form": empty_person_form(request.user)}
    return render(request, "units/staff.html", {**context, **staff_context(unit)})
