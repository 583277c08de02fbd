"""The public page behind the code on a print: one answer, and nothing else about the routine."""

from typing import Any

import lxml.html
import pytest
from django.test import Client
from django.urls import reverse

from routines import actions
from routines.models import RoutineVersion, Template, VersionState
from tests.routines import stages
from units.models import Unit, User

pytestmark = pytest.mark.django_db


def main_text(response: Any) -> str:
    """What stands on the page between its head and its foot."""
    main = lxml.html.document_fromstring(response.content.decode()).find(".//main")
    assert main is not None
    return " ".join(main.text_content().split())


@pytest.fixture
def version(template: Template, unit: Unit, coordinator: User, manager: User) -> RoutineVersion:
    """In force, with a title and a unit that could leak."""
    return stages.walked(
        unit, VersionState.IN_FORCE, template=template, by=coordinator, manager=manager, title="Hemlig titel"
    )


def test_version_in_force_is_valid_and_nothing_more_is_told(client: Client, version: RoutineVersion) -> None:
    response = client.get(version.check_path)
    page = response.content.decode()

    assert (response.status_code, response["Cache-Control"].count("no-store")) == (200, 1)
    assert "Ja, utskriften gäller" in main_text(response)
    for secret in ("Hemlig titel", version.routine.slug, version.routine.unit.name, "Åsa", version.number):
        assert secret not in page


def test_yes_and_no_differ_in_drawing_and_colour_and_both_lead_to_the_portal(
    client: Client, version: RoutineVersion
) -> None:
    def seen() -> list[str]:
        main = lxml.html.document_fromstring(client.get(version.check_path).content.decode()).find(".//main")
        assert main is not None
        links = [link.get("href", "") for link in main.iter("a")]
        assert links == [reverse("start")]
        assert "Logga in i portalen och läs den som gäller" in main.text_content()
        (answer,) = main.find_class("message--answer")
        return [answer.get("class", ""), *(path.get("d", "") for path in answer.iter("path"))]

    yes = seen()
    RoutineVersion.objects.filter(pk=version.pk).update(ended_at=version.in_force_at)
    no = seen()

    assert len(yes) == len(no) == 2
    assert all(ours != theirs for ours, theirs in zip(yes, no, strict=True))


def test_version_that_has_ended_is_not_valid(client: Client, version: RoutineVersion, manager: User) -> None:
    RoutineVersion.objects.filter(pk=version.pk).update(ended_at=version.in_force_at)

    response = client.get(version.check_path)

    assert response.status_code == 200
    assert "Nej, utskriften gäller inte längre" in main_text(response)


@pytest.mark.parametrize("state", [VersionState.DRAFT, VersionState.ENDORSED, VersionState.APPROVED])
def test_version_that_was_never_in_force_is_unknown(
    state: VersionState, client: Client, template: Template, unit: Unit, coordinator: User, manager: User
) -> None:
    draft = stages.walked(unit, state, template=template, by=coordinator, manager=manager)

    response = client.get(draft.check_path)

    assert response.status_code == 404
    assert main_text(response) == main_text(client.get(reverse("check", args=["22222AAAAA"])))
    assert "Koden finns inte" in main_text(response)


def test_code_may_be_typed_as_people_type(client: Client, version: RoutineVersion) -> None:
    typed = f" {version.check_code[:5].lower()}-{version.check_code[5:]}"

    assert "Ja, utskriften gäller" in main_text(client.get(reverse("check", args=[typed])))


@pytest.mark.parametrize("code", ["\x00", "Å", "x" * 5000, "' OR 1=1 --", "ⅡⅡⅡⅡⅡⅡⅡⅡⅡⅡ", "%"])
def test_nonsense_is_unknown(code: str, client: Client, version: RoutineVersion) -> None:
    response = client.get(reverse("check", args=[code]))

    assert response.status_code == 404
    assert "Koden finns inte" in main_text(response)


def test_a_new_version_ends_the_old_print(
    client: Client, version: RoutineVersion, coordinator: User, manager: User
) -> None:
    second = actions.start_version(version.routine, by=manager)
    stages.walk_on(second, VersionState.IN_FORCE, by=coordinator, manager=manager)

    assert "Nej," in main_text(client.get(version.check_path))
    assert "Ja," in main_text(client.get(second.check_path))
