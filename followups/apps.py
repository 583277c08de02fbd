"""The app's name for Django."""

from django.apps import AppConfig


class FollowupsConfig(AppConfig):
    """Uppföljning."""

    name = "followups"
