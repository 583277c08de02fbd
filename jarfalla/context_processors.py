"""What every template knows."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from jarfalla import clock
from units.models import Programme


def portal(request: HttpRequest) -> dict[str, Any]:
    """The programme's names, today's date, and whether this is a demonstration."""
    # Lazy: a view that has asked for the programme passes it on, and it is not asked for twice.
    return {"programme": SimpleLazyObject(Programme.current), "today": clock.today(), "demo": settings.DEMO}
