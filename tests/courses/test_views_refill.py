"""Påfyllning behövs, on the page of step 1: names for those who log the step, figures for their colleagues."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from courses import actions
from jarfalla import clock
from tests import factories
from tests.conftest import SignIn
from tests.courses import rows
from tests.courses.rows import DAY
from units.actions import change_programme
from units.models import Membership, Unit, User

pytestmark = pytest.mark.django_db


def page(client: Client, unit: Unit) -> str:
    return " ".join(client.get(reverse("step_1", args=[unit.slug])).content.decode().split())


def test_refill_names_newcomers_to_those_who_log_and_gives_colleagues_figures(
    unit: Unit, manager: User, coordinator: User, member: User, sign_in: SignIn
) -> None:
    rows.taken(unit, [*rows.crew(unit, 2), manager, member], on=clock.today() - 30 * DAY)
    actions.complete_web_course(factories.open_round(unit), on=clock.today() - 20 * DAY, by=coordinator)
    assert "Påfyllning behövs" not in page(sign_in(manager), unit)
    hidden = factories.staff(unit, name="Hemlig Person")
    new = factories.staff(unit, name="Nya Nilsson")
    User.objects.filter(pk=hidden.pk).update(is_protected=True)
    Membership.objects.filter(user__in=[new, hidden]).update(started_on=clock.today() - 3 * DAY)
    said = "nu har 4 av 6 gått kursen. Gränsen är 80 procent, alltså 5: 1 person till behöver gå den."
    for user in (manager, coordinator):
        html = page(sign_in(user), unit)
        assert "Påfyllning behövs" in html
        assert said in html
        assert re.search(r"Nya Nilsson</p> <p class=\"records__note\">Ny, arbetar här sedan", html)
        assert "Hemlig" not in html
    html = page(sign_in(member), unit)
    assert said in html
    for name in ("Nya Nilsson", "Hemlig Person", new.email, "personallistan saknar"):
        assert name not in html


def test_refill_says_whose_course_has_expired_and_when(
    unit: Unit, manager: User, member: User, coordinator: User, sign_in: SignIn
) -> None:
    rows.taken(unit, [manager], on=clock.today() - 20 * DAY)
    rows.taken(unit, [member], on=clock.today() - 200 * DAY)
    actions.complete_web_course(factories.open_round(unit), on=clock.today() - 19 * DAY, by=coordinator)
    change_programme(by=coordinator, course_validity_months=6)
    html = page(sign_in(manager), unit)
    assert "Påfyllning behövs" in html
    assert "1 person på personallistan saknar kursen" in html
    assert re.search(rf"{member.name}</p> <p class=.records__note.>Gick kursen .*?, den gällde till ", html)
    assert "gäller inte längre" in html
    own = page(sign_in(member), unit)
    assert "Påfyllning behövs" in own
    assert "så det är dags att gå den igen." in own
    assert manager.name not in own


def test_step_that_is_not_done_needs_no_refill(unit: Unit, manager: User, member: User, sign_in: SignIn) -> None:
    html = page(sign_in(manager), unit)
    assert "0 av 2 har gått kursen" in html
    assert "Påfyllning behövs" not in html
