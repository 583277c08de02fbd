"""The pages that are shown when something is missing, forbidden or broken."""

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.encoding import escape_uri_path
from django.utils.translation import gettext as _

from jarfalla.addresses import readable_page


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404: the page is not there, or not for this user; the two look alike."""
    return render(request, "errors/404.html", status=404)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403, with the sentence that the refusal carries."""
    sentence = str(exception) or _("Ditt konto har inte tillgång till den här sidan.")
    return render(request, "errors/403.html", {"sentence": sentence}, status=403)


def not_allowed(request: HttpRequest, refusal: HttpResponseNotAllowed) -> HttpResponse:
    """405: an address that only takes what a button sends was opened, typed or reloaded."""
    page = readable_page(escape_uri_path(request.path))
    response = render(request, "errors/405.html", {"page": "" if page == "/" else page}, status=405)
    response.headers["Allow"] = refusal.headers["Allow"]
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form that came without a fresh token: most often a page that had been open for long."""
    sentence = _(
        "Sidan hade varit öppen för länge, så det du skrev sparades inte. Gå tillbaka, ladda om och försök igen."
    )
    return render(request, "errors/403.html", {"sentence": sentence}, status=403)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400: the browser sent something that can't be understood. Asks neither database nor session."""
    return _plain_page(
        400,
        _("Det gick inte att läsa det som skickades"),
        _("Gå tillbaka och försök igen. Kontrollera adressen om du skrev den själv."),
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """500: our fault. Asks neither database nor session, since one of them may be what broke."""
    return _plain_page(
        500,
        _("Något gick fel hos oss"),
        _("Det är inte ditt fel, och felet är antecknat. Det du redan har sparat finns kvar. Försök igen om en stund."),
    )


def _plain_page(status: int, heading: str, sentence: str) -> HttpResponse:
    page = render_to_string("errors/plain.html", {"heading": heading, "sentence": sentence})
    return HttpResponse(page, status=status)
