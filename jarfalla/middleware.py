"""Middleware of the portal's own."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.utils import translation
from django.utils.encoding import escape_uri_path
from django.utils.translation import gettext as _

from jarfalla.addresses import asks_for_a_page, page_with_the_button, readable_page
from units.models import User

GetResponse = Callable[[HttpRequest], HttpResponse]
# What a monitor asks (jarfalla/views/health.py).
_OF_MONITORS = ("/healthz", "/readyz")


class MonitorsMiddleware:
    """A monitor is nobody, whatever cookies it carries: to ask who it is takes the database, which may be down."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer without a session's user."""
        if request.path in _OF_MONITORS:
            request.user = AnonymousUser()
        return self.get_response(request)


class LanguageMiddleware:
    """The language is what the person chose, else Swedish; never the browser's guess."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer in the user's language."""
        cookie = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        chosen = request.user.language if isinstance(request.user, User) else cookie
        known = dict(settings.LANGUAGES)
        with translation.override(chosen if chosen in known else settings.LANGUAGE_CODE):
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", translation.get_language() or settings.LANGUAGE_CODE)
            return response


class SignInFirstMiddleware(LoginRequiredMiddleware):
    """Whoever has to sign in comes from there to a page, never to the address that a button sends to."""

    def handle_no_permission(self, request: HttpRequest, view_func: Callable[..., Any]) -> HttpResponseRedirect:
        """Lead to the sign-in page; what was sent is gone, and that is said."""
        if not asks_for_a_page(request):
            return super().handle_no_permission(request, view_func)
        if request.method not in ("GET", "HEAD"):
            messages.warning(
                request, _("Du var utloggad, så det du skickade sparades inte. Logga in och gör det igen.")
            )
            return redirect_to_login(page_with_the_button(request))
        here = escape_uri_path(request.path)
        page = readable_page(here)
        return super().handle_no_permission(request, view_func) if page == here else redirect_to_login(page)


class PlainErrorsMiddleware:
    """Show the portal's own page where a button's address is opened (405), and in demo mode too, where DEBUG would
    show Django's, the portal's own 404 and 403 pages."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer what no exception comes by for below: a 405, and in demo mode an address that has no view."""
        response = self.get_response(request)
        if isinstance(response, HttpResponseNotAllowed) and asks_for_a_page(request):
            from jarfalla.views import errors  # the settings name this module before the views can be loaded

            return errors.not_allowed(request, response)
        if settings.DEMO and response.status_code == HTTPStatus.NOT_FOUND and request.resolver_match is None:
            from jarfalla.views import errors  # the settings name this module before the views can be loaded

            return errors.not_found(request, Http404())
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer a refusal in demo mode."""
        from jarfalla.views import errors  # the settings name this module before the views can be loaded

        if not settings.DEMO:
            return None
        if isinstance(exception, Http404):
            return errors.not_found(request, exception)
        return errors.forbidden(request, exception) if isinstance(exception, PermissionDenied) else None
