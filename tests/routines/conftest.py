"""Templates in place, and files in a folder of the test's own."""

from pathlib import Path
from typing import Any

import pytest

from routines import actions
from routines.models import Routine, Template, VersionState
from tests.routines import stages
from units.models import Unit, User


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    """Where this test's PDFs are kept."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path / "media"


@pytest.fixture
def template(db: None) -> Template:
    """The preschool's template, as `manage.py seed` makes it."""
    actions.seed_templates()
    return Template.objects.get(name="Förskola och pedagogisk omsorg")


@pytest.fixture
def routine(unit: Unit, template: Template, coordinator: User) -> Routine:
    """A routine whose first version is a draft, as the template was then."""
    return stages.routine(unit, title="Vår rutin", template=template, by=coordinator)


@pytest.fixture
def in_force(unit: Unit, template: Template, coordinator: User, manager: User) -> Routine:
    """A routine in force."""
    version = stages.walked(unit, VersionState.IN_FORCE, template=template, by=coordinator, manager=manager)
    return version.routine
