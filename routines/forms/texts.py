"""What any text may be refused for, in words that help."""

from typing import Any

from django.utils.translation import gettext_lazy

REFUSALS: dict[str, Any] = {
    "max_length": gettext_lazy("Texten är %(show_value)d tecken lång, och högst %(limit_value)d får plats. Korta den."),
    "null_characters_not_allowed": gettext_lazy("Texten innehåller ett tecken som inte går att spara. Skriv om den."),
}
