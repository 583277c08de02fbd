"""What journeys in the editor begin with."""

from collections.abc import Iterator

import pytest
from django.db import transaction
from playwright.sync_api import Browser, expect

from routines import actions
from routines.actions.seeding import add_guardians_section
from routines.models import RoutineVersion, SectionKind, Template
from tests.browser import chromium
from tests.routines import stages
from units.models import Unit, User


@pytest.fixture
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=15_000)  # ms; the machine may have much to do
    with chromium() as running:
        yield running
    expect.set_options(timeout=5_000)


@pytest.fixture
def draft(unit: Unit, coordinator: User) -> RoutineVersion:
    """A version with a section of most kinds, and a locked one."""
    sections = [
        ("akut", SectionKind.CHECKLIST, "Vad du gör akut"),
        ("ansvar", SectionKind.TEXT, "Ansvar"),
        ("beslut", SectionKind.DECISIONS, "Vad du gör i olika lägen"),
        ("kontakter", SectionKind.CONTACTS, "Kontakter"),
    ]
    with transaction.atomic():  # the guardians' section must be there when the template is
        template = Template.objects.create(name="Liten mall", kinds=[])
        for position, (key, kind, heading) in enumerate(sections, start=2):
            template.sections.create(key=key, kind=kind, heading=heading, position=position, guidance="Skriv roller.")
        add_guardians_section(template)
    actions.seed_contacts()
    return stages.newest(stages.routine(unit, title="Vår rutin", template=template, by=coordinator))
