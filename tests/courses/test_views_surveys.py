"""The pages of pulses, evaluations and their statements."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from courses import actions, queries
from courses.models import Comment, Purpose, Statement, Survey
from jarfalla import clock
from tests import factories
from tests.conftest import SignIn
from tests.courses import pulses
from units.models import MembershipRole, Unit, User

pytestmark = pytest.mark.django_db


def html_of(client: Client, name: str, *args: object) -> str:
    response = client.get(reverse(name, args=args))
    return " ".join(response.content.decode().split())


def filled_in(client: Client, survey: Survey, **more: object) -> dict[str, object]:
    """The form of the page, with 4 for every statement."""
    token = re.search(r'name="token" value="([^"]+)"', html_of(client, "survey", survey.code))
    assert token
    return {f"statement_{pk}": 4 for pk in pulses.ratings(survey, 4)} | {"token": token[1]} | more


@pytest.fixture
def evaluation(unit: Unit, manager: User, coordinator: User) -> Survey:
    """An open evaluation of a training of `unit`."""
    actions.seed_statements()
    return actions.open_evaluation(pulses.begun(unit), by=coordinator)


# --- The public pages ---------------------------------------------------------------------------------------------


def test_survey_asks_each_statement_with_five_labelled_choices(unit: Unit) -> None:
    survey = pulses.pulse(unit)
    html = html_of(Client(), "survey", survey.code)
    assert re.findall(r"<legend>(.*?)</legend>", html) == [
        s.text for s in queries.standing_statements(evaluation=False)
    ]
    assert html.count('type="radio"') == 7 * 5
    assert html.count("Stämmer inte alls") == html.count("Stämmer helt") == 7
    assert "<textarea" not in html


def test_survey_that_is_answered_thanks_and_does_not_ask_that_device_again(unit: Unit) -> None:
    survey, client = pulses.pulse(unit), Client()
    address = reverse("survey", args=[survey.code])
    sent = filled_in(client, survey)
    for _ in range(3):
        assert client.post(address, sent)["Location"] == reverse("survey_thanks", args=[survey.code])
    assert client.get(address)["Location"] == reverse("survey_thanks", args=[survey.code])
    assert "Tack för ditt svar" in html_of(client, "survey_thanks", survey.code)
    assert survey.answers.count() == 1
    assert set(survey.tallies.filter(value=4).values_list("count", flat=True)) == {1}
    assert "Jag vet vad som menas" in html_of(Client(), "survey", survey.code)


def test_survey_sent_again_without_the_mark_is_one_answer(unit: Unit) -> None:
    """A double click: the second goes off before the first has set its cookie."""
    survey = pulses.pulse(unit)
    sent = filled_in(Client(), survey)
    for _ in range(2):
        assert Client().post(reverse("survey", args=[survey.code]), sent).status_code == 302
    assert survey.answers.count() == 1


def test_survey_mark_of_one_survey_does_not_close_another(unit: Unit, outsider: User) -> None:
    survey, other, client = pulses.pulse(unit), pulses.pulse(Unit.objects.get(name="Granbackens skola")), Client()
    client.post(reverse("survey", args=[survey.code]), filled_in(client, survey))
    client.cookies["besvarad"]["path"] = "/"
    assert "Granbackens skola" in html_of(client, "survey", other.code)


def test_survey_without_any_answer_is_refused_in_a_sentence(unit: Unit) -> None:
    survey, client = pulses.pulse(unit), Client()
    token = filled_in(client, survey)["token"]
    html = client.post(reverse("survey", args=[survey.code]), {"token": token}).content.decode()
    assert "<title>Fel: Kunskapspuls: Tallbackens förskola" in " ".join(html.split())
    assert "Svara på minst ett påstående." in html
    assert survey.answers.count() == 0


def test_survey_with_one_statement_answered_is_an_answer(unit: Unit) -> None:
    survey, client = pulses.pulse(unit), Client()
    first = pulses.first_statement(survey)
    sent = {"token": filled_in(client, survey)["token"], f"statement_{first.pk}": 2}
    assert client.post(reverse("survey", args=[survey.code]), sent).status_code == 302
    assert [(row.statement, row.value) for row in survey.tallies.filter(count=1)] == [(first, 2)]


def test_survey_keeps_what_was_chosen_when_something_is_wrong(evaluation: Survey) -> None:
    client = Client()
    sent = filled_in(client, evaluation, comment="Ring Anna, 640823-3234.")
    html = client.post(reverse("survey", args=[evaluation.code]), sent).content.decode()
    assert "Texten ser ut att innehålla ett personnummer." in html
    assert html.count("checked") == 4
    assert not Comment.objects.exists()
    assert evaluation.answers.count() == 0


def test_survey_that_is_closed_or_unknown_says_so(unit: Unit) -> None:
    survey = pulses.closed(pulses.pulse(unit), 3)
    closed, unknown = Client().get(reverse("survey", args=[survey.code])), Client().get("/svara/finns-inte/")
    assert (closed.status_code, unknown.status_code) == (410, 404)
    assert "Enkäten är stängd" in closed.content.decode()
    assert "Enkäten finns inte" in unknown.content.decode()
    assert "Tallbackens förskola" not in unknown.content.decode()


def test_survey_that_closes_while_somebody_answers_says_so(unit: Unit) -> None:
    survey, client = pulses.pulse(unit), Client()
    sent = filled_in(client, survey)
    actions.close_survey(survey)
    assert "Enkäten är stängd" in client.post(reverse("survey", args=[survey.code]), sent).content.decode()
    assert survey.answers.count() == 0


def test_survey_address_is_read_whatever_its_case(unit: Unit) -> None:
    survey = pulses.pulse(unit)
    assert "Tallbackens förskola" in html_of(Client(), "survey", survey.code.upper())


# --- The unit's pulses --------------------------------------------------------------------------------------------


def test_pulse_is_opened_shared_and_closed_by_the_manager(unit: Unit, manager: User, sign_in: SignIn) -> None:
    actions.seed_statements()
    client = sign_in(manager)
    page = client.post(reverse("pulse_open", args=[unit.slug]), {"purpose": "before"}, follow=True).content.decode()
    survey = Survey.objects.get()
    assert "Kunskapspulsen är öppen. Dela länken eller QR-koden." in page
    assert f"http://localhost:8000/svara/{survey.code}/" in page
    assert 'aria-label="QR-kod som leder till enkäten"' in page
    pulses.answer(survey, 3)
    html = html_of(client, "pulses", unit.slug)
    assert "1 svar hittills. Resultatet kan visas när minst 5 har svarat. Det fattas 4. Med färre svar går det" in html
    assert "Det fattas 4 svar till innan det finns något att visa. Stänger du nu visas inget resultat" in html
    page = client.post(reverse("survey_close", args=[survey.pk]), follow=True).content.decode()
    assert "Kunskapspulsen är stängd." in page
    assert "det hade krävts minst 5: det fattades 4." in " ".join(page.split())
    survey.refresh_from_db()
    assert survey.closed_on == clock.today()


def test_pulse_too_early_is_refused_on_the_page(unit: Unit, manager: User, sign_in: SignIn) -> None:
    actions.seed_statements()
    page = sign_in(manager).post(reverse("pulse_open", args=[unit.slug]), {"purpose": "after"})
    assert "Steg 2 är inte klart än. Öppna pulsen när utbildningen är genomförd." in page.content.decode()
    page = sign_in(manager).post(reverse("pulse_open", args=[unit.slug]), {"purpose": "evaluation"})
    assert "Välj när ni svarar." in page.content.decode()
    assert not Survey.objects.exists()


def test_pulses_show_before_and_after_with_their_table(unit: Unit, member: User, sign_in: SignIn) -> None:
    pulses.closed(pulses.pulse(unit), 1, 2, 2, 3, 4)
    pulses.closed(pulses.pulse(unit, Purpose.AFTER), 3, 4, 4, 5, 5, 5)
    html = html_of(sign_in(member), "pulses", unit.slug)
    assert "Så har det förändrats" in html
    assert "Före steg 1: 2,4 av 5" in html
    assert "Efter steg 2: 4,3 av 5" in html
    assert html.count("20 % svarade 4–5") == html.count("83 % svarade 4–5") == 7
    assert "<form" not in html.split("<main", 1)[1]


def test_pulses_show_no_figure_of_four_answers(unit: Unit, manager: User, sign_in: SignIn) -> None:
    pulses.closed(pulses.pulse(unit), 1, 1, 1, 5)
    html = html_of(sign_in(manager), "pulses", unit.slug)
    assert "4 svar. Resultatet visas inte, för det hade krävts minst 5: det fattades 1." in html
    assert "<table" not in html
    assert "2,0" not in html


def test_pulses_show_members_no_link_to_an_open_pulse(unit: Unit, member: User, sign_in: SignIn) -> None:
    survey = pulses.pulse(unit)
    html = html_of(sign_in(member), "pulses", unit.slug)
    assert "Chefen delar länken med dig." in html
    assert survey.code not in html


def test_pulses_ask_as_often_for_three_surveys_as_for_one(unit: Unit, member: User, sign_in: SignIn) -> None:
    client, counts = sign_in(member), []
    pulses.closed(pulses.pulse(unit), 3, 3, 3, 3, 3)
    for _ in range(2):
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse("pulses", args=[unit.slug]))
        counts.append(len(captured))
        pulses.closed(pulses.pulse(unit, Purpose.AFTER), 3, 3, 3, 3, 3)
        pulses.closed(pulses.pulse(unit, Purpose.FOLLOW_UP), 3, 3, 3, 3, 3)
    assert counts[0] == counts[1]


def test_poster_holds_the_code_and_the_address(unit: Unit, manager: User, sign_in: SignIn) -> None:
    survey = pulses.pulse(unit)
    html = html_of(sign_in(manager), "survey_poster", survey.pk)
    assert f"http://localhost:8000/svara/{survey.code}/" in html
    assert "Rikta telefonens kamera mot koden och svara anonymt." in html
    assert html.count('<svg class="qr"') == 1


# --- Evaluations --------------------------------------------------------------------------------------------------


def test_evaluation_is_opened_by_the_coordinator_when_the_training_has_begun(
    unit: Unit, coordinator: User, sign_in: SignIn
) -> None:
    actions.seed_statements()
    early, training = pulses.begun(unit, hours=-2), pulses.begun(unit)
    client = sign_in(coordinator)
    page = client.post(reverse("evaluation_open", args=[early.pk])).content.decode()
    assert "Utbildningen har inte börjat än." in page
    page = client.post(reverse("evaluation_open", args=[training.pk]), follow=True).content.decode()
    assert "Utvärderingen är öppen." in page
    assert f"/svara/{Survey.objects.get().code}/" in page


def test_evaluation_shows_comments_to_managers_without_dates_when_five_have_answered(
    evaluation: Survey, manager: User, sign_in: SignIn
) -> None:
    for number in range(4):
        pulses.answer(evaluation, 4, comment=f"Kommentar {number}")
    client = sign_in(manager)
    assert "Kommentar" not in html_of(client, "evaluation", evaluation.training_id)
    pulses.answer(evaluation, 5)
    assert "Kommentar" not in html_of(client, "evaluation", evaluation.training_id)
    actions.close_survey(evaluation)
    html = html_of(client, "evaluation", evaluation.training_id)
    assert sorted(re.findall(r"<li>(Kommentar \d)</li>", html)) == [f"Kommentar {number}" for number in range(4)]
    assert "Utvärderingen: 4,2 av 5" in html


def test_evaluation_of_too_few_hides_their_comments(evaluation: Survey, coordinator: User, sign_in: SignIn) -> None:
    for number in range(4):
        pulses.answer(evaluation, 4, comment=f"Hemlig {number}")
    actions.close_survey(evaluation)
    html = html_of(sign_in(coordinator), "evaluation", evaluation.training_id)
    assert "Hemlig" not in html
    assert "det hade krävts minst 5: det fattades 1." in html


def test_evaluation_is_hidden_from_staff_and_from_managers_of_other_units(
    evaluation: Survey, member: User, outsider: User, reader: User, sign_in: SignIn
) -> None:
    for _ in range(5):
        pulses.answer(evaluation, 4, comment="Hemlig mening")
    actions.close_survey(evaluation)
    address = reverse("evaluation", args=[evaluation.training_id])
    answers = {user.name: sign_in(user).get(address) for user in (member, outsider, reader)}
    assert [answer.status_code for answer in answers.values()] == [403, 404, 404]
    assert all("Hemlig mening" not in answer.content.decode() for answer in answers.values())


def test_evaluation_link_is_for_the_coordinator(
    evaluation: Survey, manager: User, coordinator: User, sign_in: SignIn
) -> None:
    assert evaluation.code in html_of(sign_in(coordinator), "evaluation", evaluation.training_id)
    assert evaluation.code not in html_of(sign_in(manager), "evaluation", evaluation.training_id)
    assert sign_in(manager).post(reverse("survey_close", args=[evaluation.pk])).status_code == 403


def test_survey_of_another_unit_does_not_exist(unit: Unit, outsider: User, sign_in: SignIn) -> None:
    survey = pulses.closed(pulses.pulse(unit), 5, 5, 5, 5, 5)
    client = sign_in(outsider)
    for method, name, args in (
        (client.get, "pulses", [unit.slug]),
        (client.get, "survey_poster", [survey.pk]),
        (client.post, "survey_show", [survey.pk]),
        (client.post, "survey_close", [survey.pk]),
    ):
        response = method(reverse(name, args=args))
        assert response.status_code == 404
        assert unit.name not in response.content.decode()


# --- Statements ---------------------------------------------------------------------------------------------------


def test_statements_are_added_moved_and_retired(coordinator: User, sign_in: SignIn) -> None:
    actions.seed_statements()
    client, address = sign_in(coordinator), reverse("statements")
    sent = {"text": "Jag vet vem jag ringer.", "is_evaluation": "pulse"}
    assert "Påståendet är tillagt." in client.post(address, sent, follow=True).content.decode()
    added = Statement.objects.get(text=sent["text"])
    assert added.written_by == coordinator
    client.post(address, {"move": added.pk, "direction": "up"})
    assert [row.text for row in queries.standing_statements(evaluation=False)].index(added.text) == 6
    page = client.post(reverse("statement_retire", args=[added.pk]), follow=True).content.decode()
    assert "Påståendet är borttaget." in page
    assert added.text not in page


def test_statements_above_the_most_and_below_the_fewest_are_refused(coordinator: User, sign_in: SignIn) -> None:
    actions.seed_statements()
    client = sign_in(coordinator)
    page = client.post(reverse("statements"), {"text": "En till.", "is_evaluation": "evaluation"}).content.decode()
    assert "Det finns redan 4 påståenden. Ta bort ett först." in page
    first, second, *_rest = queries.standing_statements(evaluation=True)
    client.post(reverse("statement_retire", args=[first.pk]))
    page = client.post(reverse("statement_retire", args=[second.pk])).content.decode()
    assert "Minst 3 påståenden måste finnas kvar. Lägg till ett nytt först." in page
    assert Statement.objects.filter(retired_at__isnull=False).count() == 1


def test_statements_refuse_an_empty_one_and_a_personnummer(coordinator: User, sign_in: SignIn) -> None:
    client = sign_in(coordinator)
    page = client.post(reverse("statements"), {"text": "", "is_evaluation": "pulse"}).content.decode()
    assert "Fyll i det här." in page
    sent = {"text": "Jag känner 640823-3234.", "is_evaluation": "pulse"}
    page = client.post(reverse("statements"), sent).content.decode()
    assert "Texten ser ut att innehålla ett personnummer." in page
    assert not Statement.objects.exists()


def test_unit_page_leads_to_the_pulses(unit: Unit, member: User, sign_in: SignIn) -> None:
    factories.staff(unit, role=MembershipRole.MANAGER)
    assert f'href="{reverse("pulses", args=[unit.slug])}"' in html_of(sign_in(member), "unit", unit.slug)
