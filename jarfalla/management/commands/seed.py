"""`manage.py seed`: what every municipality starts with."""

from typing import Any

from django.core.management.base import BaseCommand

from courses.actions import seed_materials, seed_statements
from routines.actions import note_all_words, seed_contacts, seed_legal_references, seed_templates
from units.actions import seed_quiet_periods


class Command(BaseCommand):
    """Put the first contacts, templates, material, statements and quiet periods in place; never change what is there
    already."""

    help = "Puts the first contacts, templates, material, statements and quiet periods in place; changes nothing else."

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, and say how much was new."""
        contacts, templates, materials, statements, quiet = (
            seed_contacts() + seed_legal_references(),
            seed_templates(),
            seed_materials(),
            seed_statements(),
            seed_quiet_periods(),
        )
        note_all_words()  # of what was in force before the search kept words
        new = f"contacts: {contacts}, templates: {templates}, material: {materials}, statements: {statements}"
        self.stdout.write(f"New {new}, quiet periods: {quiet}.")
