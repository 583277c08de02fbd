"""Middleware of the portal's own."""

from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import translation

from units.models import User

GetResponse = Callable[[HttpRequest], HttpResponse]


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


class PlainErrorsMiddleware:
    """Show the portal's own 404 and 403 pages in demo mode too, where DEBUG would show Django's."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer an unknown address in demo mode: no view was found, so no exception comes by below."""
        response = self.get_response(request)
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
