"""The pages of attendance: the list to tick, the list to print, the code on the wall."""

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from courses import actions, queries
from courses.models import Attendance, Training, TrainingRound
from courses.views.attendance import signer
from jarfalla import clock
from tests import factories
from tests.conftest import SignIn
from tests.courses import rows
from tests.courses.rows import DAY
from units.actions import declare_headcount
from units.models import MembershipRole, Unit, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def training(unit: Unit, coordinator: User) -> Training:
    """A training for `unit` that began an hour ago."""
    return rows.begun_training(unit, by=coordinator)


@pytest.fixture
def second(training: Training) -> Unit:
    """Another unit that is invited, with a manager called Moa and a member called Hemlig."""
    unit = factories.taking_part(factories.unit(name="Björkbackens förskola"))
    factories.staff(unit, name="Moa Chef", role=MembershipRole.MANAGER)
    factories.staff(unit, name="Hemlig Kollega")
    training.training_rounds.create(round=factories.open_round(unit))
    return unit


def text(response: Any) -> str:
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def address(training: Training) -> str:
    return reverse("attendance", args=[training.pk])


class Ticked(HTMLParser):
    """What a browser would send if nothing were changed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.data: dict[str, list[str]] = {}
        self.feed(html[html.index('<form method="post" novalidate') :])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "input" and values.get("name") and (values.get("type") != "checkbox" or "checked" in values):
            self.data.setdefault(str(values["name"]), []).append(values.get("value") or "")


def sent(client: Client, training: Training) -> dict[str, list[str]]:
    return Ticked(client.get(address(training)).content.decode()).data


def people(training: Training, unit: Unit) -> str:
    return f"people_{TrainingRound.objects.get(training=training, round__unit=unit).pk}"


def headcount(training: Training, unit: Unit) -> str:
    return f"headcount_{TrainingRound.objects.get(training=training, round__unit=unit).pk}"


def here(training: Training) -> set[int]:
    return set(queries.recorded_people(training))


def test_manager_ticks_and_unticks_the_own_staff(
    training: Training, unit: Unit, manager: User, member: User, sign_in: SignIn
) -> None:
    client = sign_in(manager)
    data = sent(client, training) | {people(training, unit): [str(member.pk), str(manager.pk)]}
    html = text(client.post(address(training), data, follow=True))
    assert "Sparat. 2 personer är avprickade." in html
    assert html.count("checked") == 2
    assert here(training) == {manager.pk, member.pk}
    data = sent(client, training) | {people(training, unit): [str(manager.pk)]}
    assert "Sparat. 1 person är avprickad." in text(client.post(address(training), data, follow=True))
    assert here(training) == {manager.pk}
    assert Attendance.objects.count() == 2


def test_manager_sees_and_records_nobody_from_another_unit(
    training: Training, unit: Unit, second: Unit, manager: User, member: User, sign_in: SignIn
) -> None:
    stranger = User.objects.get(name="Hemlig Kollega")
    actions.attend(training, stranger)
    client = sign_in(manager)
    for page in ("attendance", "attendance_list"):
        html = text(client.get(reverse(page, args=[training.pk])))
        assert member.name in html
        assert "Hemlig Kollega" not in html
        assert "Björkbackens" not in html
    data = {
        people(training, unit): [str(stranger.pk)],
        people(training, second): [str(stranger.pk)],
        headcount(training, second): ["9"],
        "seen": [str(stranger.pk)],
    }
    html = text(client.post(address(training), data))
    assert "En av personerna finns inte på personallistan längre." in html
    assert here(training) == {stranger.pk}
    del data[people(training, unit)]
    client.post(address(training), data)
    assert here(training) == {stranger.pk}
    assert TrainingRound.objects.get(round__unit=second).headcount is None


def test_coordinator_records_all_units_and_the_others(
    training: Training, unit: Unit, second: Unit, member: User, coordinator: User, outsider: User, sign_in: SignIn
) -> None:
    Training.objects.update(takes_sign_ups=True)
    training.sign_ups.create(user=outsider, name=outsider.name, email=outsider.email, organisation="Granbacken")
    client = sign_in(coordinator)
    html = text(client.get(address(training)))
    for words in ("Mia Medarbetare", "Hemlig Kollega", "Anmälda från andra håll", outsider.name):
        assert words in html
    hidden = User.objects.get(name="Hemlig Kollega")
    data = sent(client, training) | {
        people(training, unit): [str(member.pk)],
        people(training, second): [str(hidden.pk)],
        "people_0": [str(outsider.pk)],
        headcount(training, second): ["1"],
        "headcount_0": ["12"],
    }
    assert "3 personer är avprickade" in text(client.post(address(training), data, follow=True))
    training.refresh_from_db()
    assert here(training) == {member.pk, hidden.pk, outsider.pk}
    assert (TrainingRound.objects.get(round__unit=second).headcount, training.headcount) == (1, 12)


def test_page_that_was_opened_earlier_takes_nothing_back_that_came_since(
    training: Training, unit: Unit, manager: User, member: User, sign_in: SignIn
) -> None:
    client = sign_in(manager)
    old = sent(client, training) | {people(training, unit): [str(manager.pk)]}
    actions.attend(training, member)
    client.post(address(training), old)
    assert here(training) == {manager.pk, member.pk}


def test_more_than_work_there_is_refused_at_the_field(
    training: Training, unit: Unit, manager: User, member: User, sign_in: SignIn
) -> None:
    client = sign_in(manager)
    data = sent(client, training) | {people(training, unit): [str(member.pk)], headcount(training, unit): ["2"]}
    html = text(client.post(address(training), data))
    assert "Enheten har 2 anställda och 1 är avprickade med namn. Ange högst 1." in html
    assert "<title>Fel: Närvaro" in html
    assert here(training) == set()


def test_unit_without_names_is_counted(training: Training, unit: Unit, coordinator: User, sign_in: SignIn) -> None:
    declare_headcount(unit, headcount=20, on=clock.today() - 365 * DAY, by=None)
    client = sign_in(coordinator)
    assert "Hur många fler från Tallbackens förskola var med, utan namn?" in text(client.get(address(training)))
    client.post(address(training), {headcount(training, unit): ["17"]})
    assert TrainingRound.objects.get(training=training).headcount == 17


def test_training_ahead_has_a_sentence_instead_of_the_form(
    training: Training, manager: User, member: User, sign_in: SignIn
) -> None:
    Training.objects.update(starts_at=clock.now() + DAY)
    client = sign_in(manager)
    html = text(client.get(address(training)))
    assert "Närvaron går att registrera när den har börjat." in html
    assert member.name not in html
    html = text(client.post(address(training), {}))
    assert "<title>Fel:" in html
    assert not Attendance.objects.exists()


def test_protected_person_is_on_neither_list(training: Training, manager: User, member: User, sign_in: SignIn) -> None:
    User.objects.filter(pk=member.pk).update(is_protected=True)
    actions.attend(training, member)
    client = sign_in(manager)
    for page in ("attendance", "attendance_list"):
        assert member.name not in text(client.get(reverse(page, args=[training.pk])))
    client.post(address(training), sent(client, training))
    assert here(training) == {member.pk}


def test_printed_list_has_names_boxes_and_empty_rows(
    training: Training, manager: User, member: User, sign_in: SignIn
) -> None:
    html = text(sign_in(manager).get(reverse("attendance_list", args=[training.pk])))
    assert re.findall(r'<th scope="row">(.*?)</th>', html) == ["Cia Chef", "Mia Medarbetare"]
    assert html.count("paper__box") == 2
    assert html.count("<tr> <td></td> <td></td> <td></td> </tr>") == 8


def test_printed_list_names_guests_for_the_coordinator_only(
    training: Training, manager: User, coordinator: User, sign_in: SignIn
) -> None:
    guest: dict[str, Any] = {"name": "Gun Gäst", "email": "gun@solna.example", "organisation": "Solna stad", "seats": 2}
    training.sign_ups.create(**guest, placed_at=clock.now())
    training.sign_ups.create(name="Vera Väntar", email="vera@solna.example", organisation="Solna stad")
    page = reverse("attendance_list", args=[training.pk])
    html = text(sign_in(coordinator).get(page))
    assert "Gun Gäst, Solna stad (2 platser)" in html
    assert "Vera Väntar" not in html
    assert "Gun Gäst" not in text(sign_in(manager).get(page))


def test_attendance_asks_as_much_for_few_as_for_many(
    training: Training, unit: Unit, coordinator: User, sign_in: SignIn
) -> None:
    client, counts = sign_in(coordinator), []
    for total in (1, 3):
        while unit.memberships.count() < total:
            factories.staff(unit)
        with CaptureQueriesContext(
            connection,
        ) as asked:
            text(client.get(address(training)))
        counts.append(len(asked))
    assert counts[0] == counts[1]


def wall(training: Training) -> str:
    return reverse("attend", args=[signer.sign(str(training.pk))])


def test_poster_shows_the_code_that_the_page_reads(training: Training, manager: User, sign_in: SignIn) -> None:
    response = sign_in(manager).get(reverse("attendance_poster", args=[training.pk]))
    assert "Rikta telefonens kamera mot koden" in text(response)
    assert response.context["qr"].text.endswith(wall(training))


def test_participant_scans_signs_in_and_says_here_once(training: Training, member: User, sign_in: SignIn) -> None:
    response = sign_in(None).get(wall(training))
    assert response["Location"] == f"/logga-in/?next={wall(training)}"
    client = sign_in(member)
    html = text(client.get(wall(training)))
    assert "Heder i förskolan" in html
    assert "Jag är här" in html
    for _ in range(2):
        assert "Du är avprickad" in text(client.post(wall(training), follow=True))
    assert Attendance.objects.get().user == member


def test_participant_on_another_day_gets_a_sentence(training: Training, member: User, sign_in: SignIn) -> None:
    Training.objects.update(starts_at=clock.now() + 2 * DAY)
    html = text(sign_in(member).post(wall(training)))
    assert "Utbildningen har inte börjat än. Skanna koden igen när du är på plats." in html
    assert not Attendance.objects.exists()


def test_stranger_gets_a_sentence_and_no_data(
    training: Training, outsider: User, reader: User, coordinator: User, sign_in: SignIn
) -> None:
    for user in (outsider, reader, coordinator):
        for html in (text(sign_in(user).get(wall(training))), text(sign_in(user).post(wall(training)))):
            assert "inte för någon av dina enheter" in html
            for words in ("Heder i förskolan", "Aspnässalen", "Eva Ledare", "Tallbackens"):
                assert words not in html
    assert not Attendance.objects.exists()


@pytest.mark.parametrize("code", ["1", "1.falsk", "x" * 300, "😀", "1:abc"])
def test_code_that_is_not_ours_is_not_found(training: Training, member: User, sign_in: SignIn, code: str) -> None:
    response = sign_in(member).get(reverse("attend", args=[code]))
    assert response.status_code == 404
    assert "Heder i förskolan" not in response.content.decode()
