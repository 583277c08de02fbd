"""The app's name for Django."""

from django.apps import AppConfig


class CoursesConfig(AppConfig):
    """Utbildning."""

    name = "courses"
