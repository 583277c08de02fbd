"""Units for staff lists."""

import pytest

from tests import factories
from units.models import Unit


@pytest.fixture
def units(db: None) -> tuple[Unit, Unit, Unit]:
    return factories.unit(name="Tallens förskola"), factories.unit(name="Björkens skola"), factories.unit(name="Gården")
