"""What the reminders say."""

import datetime as dt

import pytest

from followups.actions import sweep
from tests.followups import stages
from units.models import Message, Unit, User

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _cast(unit: Unit, coordinator: User, manager: User) -> None:
    """A unit with a manager, and a coordinator; step 3 was done on 22 May 2024."""
    stages.routines_done(unit, dt.date(2024, 5, 22))


def letter(rule: str, day: dt.date) -> Message:
    sweep(day)
    return Message.objects.get(key__startswith=f"follow_up_{rule}:")


@pytest.mark.parametrize(
    ("rule", "day", "subject", "sentences"),
    [
        (
            "opens",
            dt.date(2024, 11, 22),
            "Dags för uppföljning med Tallbackens förskola",
            [
                "Hej Sam Samordnare!",
                "Nu är det dags att följa upp arbetet hos Tallbackens förskola.",
                "Rutinerna har gällt sedan den 22 maj 2024.",
                "Kontakta chefen och bestäm en tid. Uppföljningen ska vara gjord senast den 22 maj 2025.",
            ],
        ),
        (
            "opens_unit",
            dt.date(2024, 11, 22),
            "Dags att följa upp arbetet hos Tallbackens förskola",
            [
                "Hej Cia Chef!",
                "Ni har arbetat efter era rutiner sedan den 22 maj 2024.",
                "Samordnaren hör av sig till dig för att bestämma en tid, senast den 22 maj 2025.",
                "Du behöver inte registrera något själv.",
            ],
        ),
        (
            "closing",
            dt.date(2025, 4, 22),
            "En månad kvar: uppföljningen med Tallbackens förskola",
            ["ska vara gjord senast den 22 maj 2025, och den är inte registrerad än."],
        ),
        (
            "overdue",
            dt.date(2025, 5, 23),
            "Försenad uppföljning: Tallbackens förskola",
            [
                "skulle ha varit gjord senast den 22 maj 2025, men den är inte registrerad.",
                "Det går bra att göra den nu.",
            ],
        ),
    ],
)
def test_letter_says_when_what_and_who_in_text_and_html(
    rule: str, day: dt.date, subject: str, sentences: list[str]
) -> None:
    message = letter(rule, day)
    assert message.subject == subject
    link = "http://localhost:8000/enheter/tallbackens-forskola/steg-4/"
    for sentence in sentences:
        assert sentence in message.text
        assert sentence in message.html
    assert f"\n{link}\n" in message.text
    assert f'href="{link}"' in message.html
    assert "{" not in message.text + message.subject
    assert "None" not in message.text


def test_letter_escapes_the_unit_in_html_only(unit: Unit) -> None:
    Unit.objects.filter(pk=unit.pk).update(name="Lek & Lär <3")
    message = letter("opens", dt.date(2024, 11, 22))
    assert "hos Lek & Lär <3." in message.text
    assert message.subject == "Dags för uppföljning med Lek & Lär <3"
    assert "hos Lek &amp; Lär &lt;3." in message.html
