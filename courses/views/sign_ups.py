"""Who has signed up to an open occasion, and what the coordinator writes to them. For the coordinator only."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from courses import actions, permissions, queries
from courses.forms import SignUpMailForm
from courses.models import SignUp, SignUpAudience, Training, TrainingState
from units.models import Refused
from units.permissions import PortalRequest


@require_safe
@never_cache
def sign_ups(request: PortalRequest, pk: int) -> HttpResponse:
    """Those who have a place and those who wait."""
    training = permissions.get_coordinated_training(request.user, pk)
    rows = list(queries.signed_up(training))
    return show_sign_ups(request, training, rows, SignUpMailForm(counts=counts_of(rows)))


def show_sign_ups(request: PortalRequest, training: Training, rows: list[SignUp], form: SignUpMailForm) -> HttpResponse:
    """The page, with the form as it was sent when it was not accepted."""
    context = {
        "training": training,
        "places": queries.places(training),
        "placed": [row for row in rows if row.placed_at],
        "waiting": [row for row in rows if not row.placed_at],
        "withdrawn": training.sign_ups.filter(withdrawn_at__isnull=False).count(),
        "mails": training.sign_up_mails.select_related("sent_by"),
        "is_ahead": training.state == TrainingState.BOOKED,
        "form": form,
        "fresh_token": uuid.uuid4(),
    }
    return render(request, "courses/sign_ups.html", context)


def counts_of(rows: list[SignUp]) -> dict[SignUpAudience, int]:
    """How many of the sign-ups each audience is; nobody can be written to who has been erased."""
    known = [row for row in rows if row.erased_at is None]
    placed = sum(row.placed_at is not None for row in known)
    return {
        SignUpAudience.PLACED: placed,
        SignUpAudience.WAITING: len(known) - placed,
        SignUpAudience.ALL: len(known),
    }


@require_POST
def sign_ups_mail(request: PortalRequest, pk: int) -> HttpResponse:
    """Write to those who signed up."""
    training = permissions.get_coordinated_training(request.user, pk)
    rows = list(queries.signed_up(training))
    counts = counts_of(rows)
    form = SignUpMailForm(request.POST, counts=counts)
    if form.is_valid():
        data = form.cleaned_data | {"audience": SignUpAudience(form.cleaned_data["audience"])}
        try:
            actions.write_to_signed_up(training, by=request.user, **data)
        except Refused as refused:
            form.add_error("audience", str(refused))
        else:
            n = counts[data["audience"]]
            said = ngettext("Mejlet går till %(n)s anmäld.", "Mejlet går till %(n)s anmälda.", n)
            messages.success(request, said % {"n": n})
            return redirect("sign_ups", pk=training.pk)
    return show_sign_ups(request, training, rows, form)
