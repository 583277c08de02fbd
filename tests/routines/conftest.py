"""Templates in place, and files in a folder of the test's own."""

from pathlib import Path
from typing import Any

import pytest

from routines import actions
from routines.models import Template


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
