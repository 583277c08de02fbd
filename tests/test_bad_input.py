"""Bad input, through the pages: a Swedish sentence at its field, and not a row more or less than before."""

import datetime as dt
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from courses import actions as courses
from jarfalla import clock
from tests import factories
from tests.conftest import SignIn
from units.models import Step, Unit, User

pytestmark = pytest.mark.django_db

Fields = Callable[[Unit], dict[str, Any]]


def tomorrow(_: Unit) -> dict[str, Any]:
    return {"on": clock.today() + dt.timedelta(days=1)}


def upload(data: bytes, name: str = "enheter.csv") -> Fields:
    return lambda _: {"file": SimpleUploadedFile(name, data)}


@dataclass(frozen=True)
class Slip:
    """One mistake: where it is made, what is sent, and the sentence that must stand at which field."""

    name: str
    page: str
    fields: Fields
    at: str  # the form's field; "__all__" for the form as a whole
    sentence: str
    as_: str = "manager"
    of_unit: bool = field(default=True)

    def __str__(self) -> str:
        return self.name


SLIPS = [
    Slip("a future date", "web_course_complete", tomorrow, "on", "Datumet ligger i framtiden"),
    Slip(
        "a future date of a group session",
        "group_session_new",
        lambda _: {"held_on": clock.today() + dt.timedelta(days=1), "headcount": 1},
        "held_on",
        "Datumet ligger i framtiden",
    ),
    Slip(
        "a headcount of 0",
        "group_session_new",
        lambda _: {"held_on": clock.today(), "headcount": 0},
        "headcount",
        "minst 1",
    ),
    Slip(
        "a headcount above the unit's size",
        "group_session_new",
        lambda _: {"held_on": clock.today(), "headcount": 500},
        "headcount",
        "Högst 2 kan räknas utan namn",
    ),
    Slip(
        "a step out of order",
        "routines_complete",
        lambda _: {"on": clock.today()},
        "__all__",
        "Steg 1, webbkurs, måste vara klart först",
    ),
    Slip(
        "a training that ends before it starts",
        "training_book",
        lambda unit: {
            "rounds": [factories.open_round(unit).pk],
            "title": "Heder",
            "day": clock.today(),
            "time": "13:00",
            "until": "12:00",
        },
        "until",
        "Det måste sluta efter att det har börjat.",
        "coordinator",
    ),
    Slip(
        "a training for nobody",
        "training_new",
        lambda _: {"title": "Heder", "day": clock.today(), "time": "13:00"},
        "rounds",
        "Välj minst en enhet, eller öppna utbildningen för anmälan.",
        "coordinator",
        of_unit=False,
    ),
    Slip(
        "a duplicate name",
        "unit_new",
        lambda unit: {"name": unit.name.upper(), "kind": "preschool", "ownership": "municipal"},
        "name",
        "Det finns redan en enhet med det namnet.",
        "coordinator",
        of_unit=False,
    ),
    Slip(
        "a pulse at a moment that there isn't",
        "pulse_open",
        lambda _: {"purpose": "evaluation"},
        "purpose",
        "Välj när ni svarar.",
    ),
    Slip(
        "a statement with a personnummer",
        "statements",
        lambda _: {"text": "Jag känner 640823-3234.", "is_evaluation": "pulse"},
        "text",
        "personnummer",
        "coordinator",
        of_unit=False,
    ),
    Slip(
        "a template with a personnummer",
        "template_new",
        lambda _: {"name": "Mall för 640823-3234"},
        "name",
        "personnummer",
        "coordinator",
        of_unit=False,
    ),
    Slip(
        "a template for a kind of unit that there isn't",
        "template_new",
        lambda _: {"name": "Kyrka", "kinds": ["church"]},
        "kinds",
        "Välj bland verksamhetstyperna.",
        "coordinator",
        of_unit=False,
    ),
    Slip(
        "a contact that can't be reached",
        "contact_new",
        lambda _: {"name": "Tjejjouren"},
        "phone",
        "Skriv ett telefonnummer eller en webbplats.",
        "coordinator",
        of_unit=False,
    ),
    Slip(
        "a contact with a personnummer",
        "contact_new",
        lambda _: {"name": "Anna, 640823-3234", "phone": "112"},
        "name",
        "personnummer",
        "coordinator",
        of_unit=False,
    ),
    Slip(
        "a law without what it is about",
        "law_new",
        lambda _: {"label": "LVU", "law": "Lag (1990:52)"},
        "about",
        "Skriv vad det handlar om",
        "coordinator",
        of_unit=False,
    ),
    Slip(
        "an import with a missing column",
        "unit_import",
        upload("namn;huvudman\nTallens förskola;Kommunal\n".encode()),
        "file",
        "verksamhetstyp",
        "coordinator",
        of_unit=False,
    ),
    Slip(
        "a day that its month does not have",
        "quiet_periods",
        lambda _: {"name": "Vår", "first_day": 31, "first_month": 2, "last_day": 1, "last_month": 3},
        "first_day",
        "Den dagen finns inte i den månaden.",
        "coordinator",
        of_unit=False,
    ),
    Slip(
        "a wrong encoding",
        "unit_import",
        upload("namn;verksamhetstyp\nÅsens förskola;Förskola\n".encode().decode("cp1252").encode()),
        "file",
        "",
        "coordinator",
        of_unit=False,
    ),
    Slip(
        "21 MB of noise",
        "unit_import",
        lambda _: {"file": SimpleUploadedFile("enheter.csv", os.urandom(21 * 1024 * 1024))},
        "file",
        "MB",
        "coordinator",
        of_unit=False,
    ),
    Slip(
        "4 MB of noise that calls itself a workbook",
        "unit_import",
        lambda _: {"file": SimpleUploadedFile("enheter.xlsx", os.urandom(4 * 1024 * 1024))},
        "file",
        "",
        "coordinator",
        of_unit=False,
    ),
]


def everything() -> dict[str, int]:
    """How many rows each of our tables holds."""
    return {
        model.__name__: model._default_manager.count()
        for app in ("units", "courses", "routines", "followups")
        for model in apps.get_app_config(app).get_models()
    }


@pytest.mark.parametrize("slip", SLIPS, ids=str)
def test_bad_input_gets_a_sentence_at_its_field_and_changes_nothing(
    slip: Slip, request: pytest.FixtureRequest, unit: Unit, coordinator: User, member: User, sign_in: SignIn
) -> None:
    user: User = request.getfixturevalue(slip.as_)
    before = everything()
    address = reverse(slip.page, args=[unit.slug] if slip.of_unit else [])
    page = sign_in(user).post(address, slip.fields(unit))
    assert page.status_code == 200
    errors = page.context["form"].errors.get(slip.at)
    assert errors, page.context["form"].errors
    assert slip.sentence in " ".join(errors)
    assert str(errors[0]) in page.content.decode().replace("&quot;", '"').replace("&#x27;", "'")
    assert page.content.decode().split("<title>")[1].startswith("Fel: ")
    assert everything() == before


def test_step_4_before_step_3_is_refused_with_a_sentence(sign_in: SignIn, unit: Unit, coordinator: User) -> None:
    courses.complete_web_course(
        factories.open_round(unit), on=clock.today(), by=coordinator, override_reason="Liten grupp"
    )
    page = sign_in(coordinator).post(
        reverse("protocol", args=[unit.slug]), {"held_on": clock.today(), "decision": "done"}, follow=True
    )
    assert "Steg 2, riktad utbildning, måste vara klart först" in page.content.decode()
    assert Step.FOLLOW_UP not in factories.open_round(unit).standing()


def test_import_with_a_personnummer_never_shows_it_to_the_log(
    sign_in: SignIn, coordinator: User, caplog: pytest.LogCaptureFixture
) -> None:
    data = "namn;verksamhetstyp\nFamiljen 640823-3234;Förskola\n".encode()
    sign_in(coordinator).post(reverse("unit_import"), {"file": SimpleUploadedFile("enheter.csv", data)})
    assert "640823" not in caplog.text
    assert not Unit.objects.exists()
