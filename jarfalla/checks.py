"""System checks of the portal's own."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register


@register()
def demo_needs_debug(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """Demo mode signs anybody in; it must be impossible where DEBUG is off."""
    if settings.DEMO and not settings.DEBUG:
        return [Error("DEMO signs anybody in without a code; it is refused when DEBUG is off.", id="jarfalla.E001")]
    return []
