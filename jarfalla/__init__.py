"""The project: settings, processes, and the pages that see every app."""

from jarfalla.celery import app as celery_app

__all__ = ["celery_app"]
