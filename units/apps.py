"""The app's name for Django."""

from django.apps import AppConfig


class UnitsConfig(AppConfig):
    """Enheter."""

    name = "units"
