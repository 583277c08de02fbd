"""Planning a training, and changing what is planned, through the pages."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from courses import actions
from courses.models import Training
from jarfalla import clock
from tests import factories
from tests.conftest import SignIn
from tests.courses import rows
from tests.courses.rows import DAY, booking
from units.models import Step, Unit, User

pytestmark = pytest.mark.django_db


def text(response: Any) -> str:
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_coordinator_plans_a_series_for_two_units(
    unit: Unit, coordinator: User, outsider: User, sign_in: SignIn
) -> None:
    other = outsider.memberships.get().unit
    client = sign_in(coordinator)
    html = text(client.get(reverse("training_new")))
    assert "Tallbackens förskola" in html
    assert "Granbackens skola" in html
    data = booking(
        unit,
        rounds=[factories.open_round(unit).pk, factories.open_round(other).pk],
        day_2=str(clock.today() + 21 * DAY),
        time_2="09:00",
        themes=["fgm", "early_signs"],
        need="Många nya i gruppen",
        aim="Alla vet vad de gör",
        invites_staff="on",
    )
    html = text(client.post(reverse("training_new"), data, follow=True))
    assert "Utbildningen är planerad, 2 tillfällen." in html
    for said in (
        "Könsstympning",
        "Många nya i gruppen",
        "Alla vet vad de gör",
        "kl. 13:15",
        "15:00",
        "Del 2",
        "Serien",
    ):
        assert said in html
    assert Training.objects.count() == 2
    # Both units see it; one whose page is not theirs they read the name of, without a way in.
    html = text(sign_in(outsider).get(Training.objects.earliest("starts_at").get_absolute_url()))
    assert "Tallbackens förskola" in html
    assert f"/enheter/{unit.slug}/" not in html
    assert f"/enheter/{other.slug}/steg-2/" in html


def test_planning_for_a_preschool_suggests_two_occasions(unit: Unit, coordinator: User, sign_in: SignIn) -> None:
    client = sign_in(coordinator)
    html = text(client.get(reverse("training_book", args=[unit.slug])))
    assert "Förskolor brukar få två föreläsningar." in html
    assert '<details class="reveal" open>' in html
    assert f'name="rounds" value="{factories.open_round(unit).pk}" checked' in re.sub(
        r' class="[^"]*"| id="[^"]*"', "", html
    )
    assert "Förskolor brukar" not in text(client.get(reverse("training_new")))


def test_error_in_a_later_occasion_shows_its_fields(unit: Unit, coordinator: User, sign_in: SignIn) -> None:
    data = booking(unit, day_2=str(clock.today() + 14 * DAY), time_2="13:15")
    html = text(sign_in(coordinator).post(reverse("training_new"), data))
    assert "Två tillfällen börjar på samma tid. Ändra ett av dem." in html
    assert '<details class="reveal" open>' in html
    assert not Training.objects.exists()


def test_edit_shows_what_is_planned_and_saves_the_change(unit: Unit, coordinator: User, sign_in: SignIn) -> None:
    training = rows.training(factories.open_round(unit), by=coordinator)
    client, address = sign_in(coordinator), reverse("training_edit", args=[training.pk])
    html = text(client.get(address))
    for value in ("Heder i förskolan", "Aspnässalen", "Eva Ledare", f"{timezone.localtime(training.starts_at):%H:%M}"):
        assert f'value="{value}"' in html
    html = text(client.post(address, booking(unit, place="Biblioteket"), follow=True))
    assert "Ändringarna är sparade." in html
    assert "Biblioteket" in html
    training.refresh_from_db()
    assert (training.place, training.sequence) == ("Biblioteket", 1)


def test_edit_of_a_training_that_is_over_leads_to_its_page(unit: Unit, coordinator: User, sign_in: SignIn) -> None:
    training = rows.training(factories.open_round(unit), by=coordinator, days=-1)
    actions.hold_training(training, on=clock.today(), by=coordinator)
    client, address = sign_in(coordinator), reverse("training_edit", args=[training.pk])
    for response in (client.get(address, follow=True), client.post(address, booking(unit), follow=True)):
        assert "Utbildningen är avslutad och kan inte ändras." in text(response)
    training.refresh_from_db()
    assert training.place == "Aspnässalen"


def test_planning_page_makes_the_same_queries_for_1_and_3_units(unit: Unit, coordinator: User, sign_in: SignIn) -> None:
    client, counted = sign_in(coordinator), []
    for more in (0, 2):
        for _ in range(more):
            factories.taking_part(factories.unit())
        client.get(reverse("training_new"))
        with CaptureQueriesContext(connection) as made:
            client.get(reverse("training_new"))
        counted.append(len(made))
    assert counted[0] == counted[1] <= 12


def test_coordinator_closes_the_sign_up_and_still_finds_and_counts_those_who_signed_up(
    coordinator: User, sign_in: SignIn
) -> None:
    [training] = actions.plan_trainings(
        [], times=[(clock.now() + DAY, None)], title="Öppen", takes_sign_ups=True, capacity=1, by=coordinator
    )
    for name in ("anna", "bo"):
        training.sign_ups.create(name=name, email=f"{name}@solna.example", organisation="Solna stad")
    actions.place_waiting(training)
    client, address = sign_in(coordinator), reverse("training_edit", args=[training.pk])
    starts = timezone.localtime(training.starts_at)
    data = {"title": "Öppen", "day": str(starts.date()), "time": f"{starts:%H:%M}", "capacity": "1"}
    html = text(client.post(address, data, follow=True))
    assert "Ändringarna är sparade." in html
    assert reverse("sign_ups", args=[training.pk]) in html
    assert reverse("sign_up", args=[training.pk]) not in html
    actions.tend_sign_ups()
    assert [row.name for row in training.sign_ups.waiting()] == ["bo"]
    Training.objects.update(starts_at=clock.now() - DAY / 24)
    assert 'name="headcount"' in text(client.get(training.get_absolute_url()))
    assert "Hur många fler var med, från andra?" in text(client.get(reverse("attendance", args=[training.pk])))


def test_unit_that_did_not_come_waits_for_its_step_2(
    unit: Unit, outsider: User, coordinator: User, sign_in: SignIn
) -> None:
    came = rows.past_step_1(unit, coordinator)
    stayed_away = rows.past_step_1(outsider.memberships.get().unit, coordinator)
    client = sign_in(coordinator)
    data = booking(unit, rounds=[came.pk, stayed_away.pk])
    client.post(reverse("training_new"), data)
    training = Training.objects.get()
    held = {"held_on": str(clock.today())}
    nobody = text(
        client.post(reverse("training_held", args=[training.pk]), {**held, "absent": [came.pk, stayed_away.pk]})
    )
    assert "Kom ingen enhet alls? Registrera då att utbildningen inte blev av." in nobody
    assert training.rounds.count() == 2
    client.post(reverse("training_held", args=[training.pk]), {**held, "absent": [stayed_away.pk]})
    assert list(training.rounds.all()) == [came]
    assert Step.TRAINING in came.standing()
    assert Step.TRAINING not in stayed_away.standing()
