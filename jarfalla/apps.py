"""The app's name for Django."""

from django.apps import AppConfig


class JarfallaConfig(AppConfig):
    """The project's own commands and checks."""

    name = "jarfalla"

    def ready(self) -> None:
        """Register the system checks."""
        from jarfalla import checks  # noqa: F401  importing registers them
