"""What every template knows."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from jarfalla import clock
from units.models import Programme


def portal(request: HttpRequest) -> dict[str, Any]:
    """The programme's names, today's date, and whether this is a demonstration."""
    return {"programme": Programme.current(), "today": clock.today(), "demo": settings.DEMO}
