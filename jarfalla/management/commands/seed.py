"""`manage.py seed`: what every municipality starts with."""

from typing import Any

from django.core.management.base import BaseCommand

from courses.actions import seed_materials
from routines.actions import seed_contacts, seed_templates


class Command(BaseCommand):
    """Put the first contacts, templates and material in place; never change what is there already."""

    help = "Puts the first contacts, templates and material in place; changes nothing that is there."

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, and say how much was new."""
        contacts, templates, materials = seed_contacts(), seed_templates(), seed_materials()
        self.stdout.write(f"New contacts: {contacts}, templates: {templates}, material: {materials}.")
