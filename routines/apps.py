"""The app's name for Django."""

from django.apps import AppConfig


class RoutinesConfig(AppConfig):
    """Rutiner."""

    name = "routines"
