"""Open occasions, for anybody: what there is, signing up, and the way back. No page shows who has signed up."""

import uuid

from allauth.core import ratelimit
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from courses import actions, queries
from courses.forms import SignUpForm
from courses.models import SignUp, Training, TrainingState
from jarfalla import clock
from units.models import Refused, Unit, User


@login_not_required
@require_safe
def open_trainings(request: HttpRequest) -> HttpResponse:
    """The occasions that one can sign up to."""
    return render(request, "courses/open_trainings.html", {"trainings": queries.open_trainings(clock.now())})


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def sign_up(request: HttpRequest, pk: int) -> HttpResponse:
    """One open occasion, and the form to sign up."""
    training = get_object_or_404(Training, pk=pk, takes_sign_ups=True)
    form = SignUpForm(request.POST or None, training=training, initial=known_of(request.user))
    if request.method == "POST" and form.is_valid():
        try:
            require_patience(request, form.cleaned_data["email"])
            row = actions.sign_up(training, language=translation.get_language() or "sv", **form.cleaned_data)
        except Refused as refused:
            form.add_error("email" if isinstance(refused, actions.AddressTaken) else None, str(refused))
        else:
            return redirect("sign_up_done", token=row.token)
    return show_sign_up(request, training, form)


def show_sign_up(request: HttpRequest, training: Training, form: SignUpForm) -> HttpResponse:
    """The page; instead of the form a sentence when one can't sign up any longer."""
    context = {
        "training": training,
        "places": queries.places(training),
        "form": form,
        "fresh_token": uuid.uuid4(),
        "kept_days": settings.SIGN_UP_KEPT_DAYS,
    }
    try:
        actions.require_open(training)
    except Refused as refused:
        context["closed"] = str(refused)
    return render(request, "courses/sign_up.html", context)


def known_of(user: object) -> dict[str, str]:
    """What stands in the form for somebody who has signed in."""
    if not isinstance(user, User):
        return {}
    unit = Unit.objects.visible_to(user).order_by("name").first() if not user.is_coordinator else None
    return {"name": user.name, "email": user.email, "organisation": unit.name if unit else ""}


def require_patience(request: HttpRequest, email: str) -> None:
    """Raise Refused when too much is sent from one network or for one address (settings.ACCOUNT_RATE_LIMITS).

    Somebody who has signed in is known and may.
    """
    if request.user.is_authenticated:
        return
    if not ratelimit.consume(request, action="open_training", key=email.strip().lower()):
        raise Refused(_("Det har kommit många anmälningar på kort tid. Vänta en stund och försök igen."))


@login_not_required
@require_safe
@never_cache
def sign_up_done(request: HttpRequest, token: uuid.UUID) -> HttpResponse:
    """What became of a sign-up, for whoever has its address: a place or a number in the line, and the way back."""
    row = get_sign_up(token)
    context = {
        "sign_up": row,
        "training": row.training,
        "number": queries.place_in_line(row),
        "is_ahead": row.training.state == TrainingState.BOOKED,
    }
    response = render(request, "courses/sign_up_done.html", context)
    response["X-Robots-Tag"] = "noindex"
    return response


@login_not_required
@require_POST
def sign_up_withdraw(request: HttpRequest, token: uuid.UUID) -> HttpResponse:
    """Give the places back; for the one who signed up, and for the coordinator from the list."""
    row = get_sign_up(token)
    try:
        actions.withdraw_sign_up(row)
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Anmälan är borttagen."))
    if isinstance(request.user, User) and request.user.is_coordinator and request.POST.get("from") == "list":
        return redirect("sign_ups", pk=row.training_id)
    return redirect("sign_up_done", token=token)


def get_sign_up(token: uuid.UUID) -> SignUp:
    """The sign-up with this secret; 404 also when what it said has been erased."""
    return get_object_or_404(SignUp.objects.select_related("training"), token=token, erased_at__isnull=True)
