"""What the letters of this app say."""

import datetime as dt
import re
from zoneinfo import ZoneInfo

import pytest

from courses import actions, mail
from courses.models import Training
from tests import factories
from units.models import Unit, User

pytestmark = pytest.mark.django_db

STARTS = dt.datetime(2999, 6, 3, 13, 15, tzinfo=ZoneInfo("Europe/Stockholm"))


@pytest.fixture
def training(unit: Unit, coordinator: User) -> Training:
    """A training whose text would break HTML that is not escaped."""
    return actions.book_training(
        factories.open_round(unit),
        title="Heder & <barn>",
        starts_at=STARTS,
        place="Aspnässalen",
        leader="Eva Ledare",
        by=coordinator,
    )


def test_training_booked_says_what_when_where(training: Training, manager: User) -> None:
    letter = mail.training_booked(training, manager)
    assert letter.subject == "Utbildning bokad för Tallbackens förskola: Heder & <barn>"
    assert letter.key == f"training_booked:{training.pk}:{manager.pk}"
    for line in (
        "Hej Cia Chef!",
        "En riktad utbildning är bokad för Tallbackens förskola. Den är steg 2 av 4.",
        "Heder & <barn>",
        "När: måndag 3 juni 2999 kl. 13:15",
        "Var: Aspnässalen",
        "Leds av: Eva Ledare",
        f"http://localhost:8000/utbildningar/{training.pk}/",
        "Järfällamodellen, Järfälla kommun",
    ):
        assert line in letter.text.splitlines()
    assert "Heder &amp; &lt;barn&gt;" in letter.html
    assert f'href="http://localhost:8000/utbildningar/{training.pk}/"' in letter.html
    assert not re.search(r"<barn>|{{|{%", letter.html)


def test_training_booked_leaves_out_what_is_not_decided(unit: Unit, manager: User, coordinator: User) -> None:
    bare = actions.book_training(factories.open_round(unit), title="Heder", starts_at=STARTS, by=coordinator)
    text = mail.training_booked(bare, manager).text
    assert "Var:" not in text
    assert "Leds av:" not in text


def test_training_cancelled_says_why(training: Training, manager: User, coordinator: User) -> None:
    training = actions.cancel_training(training, reason="Ledaren är sjuk", by=coordinator)
    letter = mail.training_cancelled(training, manager)
    assert letter.subject == "Inställd utbildning för Tallbackens förskola: Heder & <barn>"
    assert "Skulle ha börjat: måndag 3 juni 2999 kl. 13:15" in letter.text
    assert "Varför: Ledaren är sjuk" in letter.text
    assert "http://localhost:8000/enheter/tallbackens-forskola/steg-2/" in letter.text
    assert "Ledaren är sjuk" in letter.html
