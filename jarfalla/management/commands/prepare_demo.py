"""Everything between an empty database and a demo that can be shown; a second run changes nothing."""

import signal
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from jarfalla.catalogues import compile_catalogues
from jarfalla.print_fonts import print_fonts
from units.models import Unit


class Command(BaseCommand):
    """Bring database, catalogues, static files and demo data in step with the code."""

    help = "Prepares database, translations, static files and demo data; `demo` calls it."

    def add_arguments(self, parser: CommandParser) -> None:
        """The size, where demo_data's own is not wanted."""
        parser.add_argument("--units", type=int)
        parser.add_argument("--staff", type=int)

    def handle(self, *args: Any, **options: Any) -> None:
        """Do each part, and say which and how long it took."""
        if not settings.DEMO:
            raise CommandError("This fills the database with invented people; it runs only in demo mode.")
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it in silence; `demo` says the rest
        self._part("Database", lambda: call_command("migrate", verbosity=0, interactive=False))
        self._part("Cache table", lambda: call_command("createcachetable", verbosity=0))
        self._part("Translations", compile_catalogues)
        self._part("Static files", lambda: call_command("collectstatic", verbosity=0, interactive=False))
        self._part("Typefaces of the PDFs", lambda: print_fonts(settings.VAR_DIR))
        if not Unit.objects.exists():
            self.stdout.write("  Demo data")
            size = {name: options[name] for name in ("units", "staff") if options[name]}
            call_command("demo_data", stdout=self.stdout, **size)

    def _part(self, name: str, work: Callable[[], object]) -> None:
        started = time.monotonic()
        self.stdout.write(f"  {name} …", ending="")
        self.stdout.flush()
        work()
        self.stdout.write(f" {time.monotonic() - started:.1f} s")
