"""What the database knows when it plans how to answer."""

from django.apps import apps
from django.db import connection


def counted() -> None:
    """Tell the database how many rows there are. It counts by itself what has been committed, and in a test that is
    nothing: it would plan every question for empty tables. Done once, it also keeps the database from counting."""
    apps_ = ("units", "courses", "routines", "followups")
    tables = [model._meta.db_table for app in apps_ for model in apps.get_app_config(app).get_models()]
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE " + ", ".join(f'"{table}"' for table in tables))
