"""Signing in with a code by e-mail, the demo's four doors, the choice of language."""

import logging
from smtplib import SMTPException
from typing import Any

from allauth.account.views import ConfirmLoginCodeView, RequestLoginCodeView
from allauth.account.views import logout as allauth_logout
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.core.mail import get_connection
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from jarfalla.accounts import CodeForm, EmailForm
from units import actions
from units.models import User

logger = logging.getLogger(__name__)

# The demo's doors: what stands in the form, who it signs in, and what the button says.
DEMO_DOORS = [
    ("samordnare", gettext_lazy("Samordnare"), gettext_lazy("leder programmet och ser alla enheter")),
    ("chef", gettext_lazy("Chef"), gettext_lazy("leder en enhet genom de fyra stegen")),
    ("medarbetare", gettext_lazy("Medarbetare"), gettext_lazy("läser och hämtar enhetens rutiner")),
    ("lasare", gettext_lazy("Läsare"), gettext_lazy("ser siffror, aldrig namn")),
]


class _SignInView(RequestLoginCodeView):  # type: ignore[misc]  # allauth has no types
    """The page that asks for an e-mail address."""

    def get_form_class(self) -> type[forms.Form]:
        """Our own words."""
        return EmailForm

    def _redirect_to_pending_stage(self, request: HttpRequest, stage: Any) -> None:
        # Whoever comes back here while a code is on its way mistyped the address or wants another code.
        return None

    def form_valid(self, form: forms.Form) -> HttpResponse:
        """Send the code. A mail server that is down is said at the form, for known and unknown alike."""
        try:
            with get_connection():
                pass  # answers the question for every address, so that silence tells nothing about the account
            response: HttpResponse = super().form_valid(form)
        except (SMTPException, OSError) as refusal:
            logger.error("the sign-in code was not sent: %s", refusal)
            form.add_error(
                None, _("Det går inte att skicka mejl just nu, så du får ingen kod. Försök igen om några minuter.")
            )
            response = self.form_invalid(form)
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The demo's doors, in demo mode only."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | {"doors": DEMO_DOORS if settings.DEMO else []}


class _CodeView(ConfirmLoginCodeView):  # type: ignore[misc]  # allauth has no types
    """The page that asks for the code."""

    _process: Any = None

    def get_form_class(self) -> type[forms.Form]:
        """Our own words."""
        return CodeForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Say why, when there is no code to wait for."""
        response: HttpResponse = super().dispatch(request, *args, **kwargs)
        if self._process is None and not request.user.is_authenticated:
            messages.warning(request, _("Koden gäller inte längre. Be om en ny."))
        return response


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Ask for an e-mail address and send a code to it."""
    response: HttpResponse = _SignInView.as_view()(request)
    return response


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def confirm_code(request: HttpRequest) -> HttpResponse:
    """Sign in whoever types the code that was sent."""
    response: HttpResponse = _CodeView.as_view()(request)
    return response


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def sign_out(request: HttpRequest) -> HttpResponse:
    """Sign out on POST; on GET ask first."""
    response: HttpResponse = allauth_logout(request)
    if not request.user.is_authenticated:
        # What the phone keeps for reading offline, and what it remembers of the pages, goes with the session.
        response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


@login_not_required
@require_POST
def demo_login(request: HttpRequest) -> HttpResponse:
    """Sign in one of the demo's four people; 404 outside demo mode."""
    if not settings.DEMO:
        raise Http404
    door = request.POST.get("konto", "")
    if door not in {name for name, *_words in DEMO_DOORS}:
        messages.error(request, _("Välj ett av de fyra kontona."))
        return redirect("account_login")
    user = User.objects.filter(email=f"{door}@demo.example", is_active=True).first()
    if user is None:
        messages.error(request, _("Demonstrationens personer saknas. Kör ”manage.py demo_data” först."))
        return redirect("account_login")
    login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    return redirect(_safe_next(request) or settings.LOGIN_REDIRECT_URL)


@login_not_required
@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Keep the chosen language: on the user's row, or in a cookie for somebody who has not signed in."""
    language = request.POST.get("språk", "")
    response = redirect(_safe_next(request) or "/")
    if language not in dict(settings.LANGUAGES):
        messages.error(request, _("Det språket finns inte i portalen."))
    elif isinstance(request.user, User):
        actions.choose_language(request.user, language=language)
    else:
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            language,
            max_age=365 * 24 * 3600,  # seconds
            httponly=True,
            samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
        )
    return response


def _safe_next(request: HttpRequest) -> str:
    """The page to go back to when it is one of ours; else an empty string."""
    url = request.POST.get("next", "")
    # A word without a slash would be looked up as the name of a view.
    ours = url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure()) and "/" in url
    return url if ours else ""
