"""The pages of an open survey: what they show, and what they say of what they don't."""

import pytest
from django.urls import reverse

from courses import actions
from tests.conftest import SignIn
from tests.courses import pulses
from tests.courses.test_views_surveys import html_of
from units.models import Unit, User

pytestmark = pytest.mark.django_db


def test_open_pulse_shows_its_figures_five_answers_at_a_time(
    unit: Unit, manager: User, member: User, sign_in: SignIn
) -> None:
    survey, client = pulses.pulse(unit), sign_in(manager)
    show = reverse("survey_show", args=[survey.pk])
    for _ in range(4):
        pulses.answer(survey, 2)
    assert show not in html_of(client, "pulses", unit.slug)
    pulses.answer(survey, 2)
    html = html_of(client, "pulses", unit.slug)
    assert "5 svar hittills. Det räcker för att visa ett resultat, men det är inte visat än." in html
    assert (f'action="{show}"' in html, "av 5" in html) == (True, False)
    assert "Nu visas resultatet hittills." in client.post(show, follow=True).content.decode()
    pulses.answer(survey, 5)
    pulses.answer(survey, 5)
    html = html_of(client, "pulses", unit.slug)
    assert "Så har ni svarat hittills" in html
    assert "Före steg 1: 2,0 av 5" in html
    assert "7 svar hittills. Resultatet är av de första 5 svaren. Det kan uppdateras när minst 5 till har" in html
    assert "vad någon svarade. Det fattas 3." in html
    assert "2 svar har kommit sedan resultatet visades. Stänger du nu räknas de inte med i resultatet" in html
    assert show not in html
    for _ in range(3):
        pulses.answer(survey, 5)
    html = html_of(client, "pulses", unit.slug)
    assert "Minst 5 till har svarat, så det kan uppdateras." in html
    assert f'action="{show}"' in html
    of_member = html_of(sign_in(member), "pulses", unit.slug)
    assert "Före steg 1: 2,0 av 5" in of_member
    assert show not in of_member
    client.post(show)
    assert "Före steg 1: 3,5 av 5" in html_of(client, "pulses", unit.slug)


def test_survey_show_too_early_or_too_late_is_refused_on_the_page(unit: Unit, manager: User, sign_in: SignIn) -> None:
    survey, client = pulses.pulse(unit), sign_in(manager)
    show = reverse("survey_show", args=[survey.pk])
    pulses.answer(survey, 2)
    assert "Resultatet kan visas när minst 5 har svarat.</" in client.post(show).content.decode()
    for _ in range(4):
        pulses.answer(survey, 2)
    client.post(show)
    pulses.answer(survey, 5)
    html = client.post(show).content.decode()
    assert "Resultatet kan uppdateras när minst 5 till har svarat.</" in html
    assert "Före steg 1: 2,0 av 5" in html
    actions.close_survey(survey)
    assert "Enkäten är stängd, och resultatet ändras inte mer." in client.post(show).content.decode()
    assert "Före steg 1: 2,0 av 5" in html_of(client, "pulses", unit.slug)


@pytest.mark.parametrize(
    ("since", "before", "after"),
    [
        (0, "När du stänger står resultatet kvar som det är.", ""),
        (
            1,
            "Ett svar har kommit sedan resultatet visades. Stänger du nu räknas det inte med i resultatet",
            "Det sista svaret räknades inte med, för att det inte ska gå att räkna ut vad någon svarade.",
        ),
        (
            4,
            "4 svar har kommit sedan resultatet visades. Stänger du nu räknas de inte med i resultatet",
            "De sista 4 svaren räknades inte med, för att det inte ska gå att räkna ut vad någon svarade.",
        ),
        (5, "När du stänger räknas alla svar med i resultatet.", ""),
    ],
)
def test_pulse_says_before_and_after_closing_which_answers_are_left_out(
    unit: Unit, manager: User, sign_in: SignIn, since: int, before: str, after: str
) -> None:
    survey, client = pulses.pulse(unit), sign_in(manager)
    for _ in range(5):
        pulses.answer(survey, 2)
    actions.show_survey(survey)
    for _ in range(since):
        pulses.answer(survey, 5)
    assert before in html_of(client, "pulses", unit.slug)
    client.post(reverse("survey_close", args=[survey.pk]))
    html = html_of(client, "pulses", unit.slug)
    assert after in html
    assert ("räknades inte med" in html) == bool(after)
    assert f"{10 if since == 5 else 5} svar i resultatet." in html
    assert ("Före steg 1: 3,5 av 5" if since == 5 else "Före steg 1: 2,0 av 5") in html


def test_open_evaluation_shows_figures_but_no_comments_and_only_the_coordinator_brings_them_up(
    unit: Unit, manager: User, coordinator: User, sign_in: SignIn
) -> None:
    actions.seed_statements()
    evaluation = actions.open_evaluation(pulses.begun(unit), by=coordinator)
    for _ in range(5):
        pulses.answer(evaluation, 4, comment="Hemlig mening")
    show = reverse("survey_show", args=[evaluation.pk])
    assert sign_in(manager).post(show).status_code == 403
    assert "av 5" not in html_of(sign_in(manager), "evaluation", evaluation.training_id)
    assert show in html_of(sign_in(coordinator), "evaluation", evaluation.training_id)
    assert "Nu visas resultatet hittills." in sign_in(coordinator).post(show, follow=True).content.decode()
    for user in (manager, coordinator):
        html = html_of(sign_in(user), "evaluation", evaluation.training_id)
        assert "Utvärderingen: 4,0 av 5" in html
        assert "Kommentarerna visas när utvärderingen är stängd, alla på en gång." in html
        assert "Hemlig mening" not in html
    pulses.answer(evaluation, 1)
    html = sign_in(coordinator).post(show).content.decode()
    assert "Resultatet kan uppdateras när minst 5 till har svarat.</" in html
    assert "Utvärderingen: 4,0 av 5" in html
