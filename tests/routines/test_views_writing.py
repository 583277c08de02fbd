"""Creating and writing, through the pages."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from routines import actions
from routines.models import Contact, Routine, RoutineVersion, Template, VersionState
from tests import factories
from tests.conftest import SignIn
from tests.routines import stages
from tests.routines.pages import body, form_of, send, state
from units.models import Unit, User

pytestmark = pytest.mark.django_db

PERSONAL_NUMBER = "850709-9805"


@pytest.fixture
def draft(template: Template, unit: Unit, coordinator: User) -> RoutineVersion:
    actions.seed_contacts()
    return stages.newest(stages.routine(unit, title="Vår rutin", template=template, by=coordinator))


# --- Step 3 ------------------------------------------------------------------------------------------------------


def test_step_3_offers_the_units_own_template_first(
    template: Template, unit: Unit, coordinator: User, sign_in: SignIn
) -> None:
    shown = sign_in(coordinator).get(reverse("step_3", args=[unit.slug])).content.decode()
    options = re.findall(r"<option[^>]*>([^<]+)</option>", shown)
    assert options[0] == "Förskola och pedagogisk omsorg"
    assert set(options[1:]) == set(Template.objects.exclude(pk=template.pk).values_list("name", flat=True))
    assert 'value="Rutin vid hedersrelaterat våld och förtryck"' in shown


def test_routine_new_makes_a_draft_and_leads_to_it(
    template: Template, unit: Unit, coordinator: User, sign_in: SignIn
) -> None:
    shown = send(sign_in(coordinator), "routine_new", unit.slug, {"template": str(template.pk), "title": "Vår rutin"})
    assert "Rutinen är skapad. Nu kan enhetens chef skriva den." in shown
    assert "Version 1.0: utkast" in shown
    assert Routine.objects.get().title == "Vår rutin"


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"title": ""}, "Skriv en titel."),
        ({"title": f"Rutin {PERSONAL_NUMBER}"}, "Texten ser ut att innehålla ett personnummer."),
        ({"title": "x" * 151}, "Texten är 151 tecken lång, och högst 150 får plats. Korta den."),
        ({"title": "Rutin 🙂"}, "PDF:en kan inte visa de här tecknen: 🙂."),
        ({"template": "0"}, "Välj en mall."),
        ({"template": "abc"}, "Välj en mall."),
        ({"template": ""}, "Välj en mall."),
    ],
)
def test_routine_new_with_bad_input_says_so_at_the_field(
    sent: dict[str, str], sentence: str, template: Template, unit: Unit, coordinator: User, sign_in: SignIn
) -> None:
    shown = send(
        sign_in(coordinator), "routine_new", unit.slug, {"template": str(template.pk), "title": "Vår rutin", **sent}
    )
    assert sentence in shown
    assert "Det är något som behöver rättas" in shown
    assert not Routine.objects.exists()


def test_routine_new_with_a_title_in_use_says_so_at_the_field(
    template: Template, unit: Unit, coordinator: User, manager: User, sign_in: SignIn
) -> None:
    stages.walked(unit, VersionState.IN_REVIEW, template=template, by=coordinator, manager=manager)
    shown = send(sign_in(coordinator), "routine_new", unit.slug, {"template": str(template.pk), "title": "VÅR RUTIN"})
    assert 'href="#id_title"' in shown
    assert "Enheten har redan en rutin med den titeln." in shown
    assert Routine.objects.count() == 1


# --- Writing -----------------------------------------------------------------------------------------------------


def test_write_shows_every_section_with_its_guidance_and_what_describes_it(
    draft: RoutineVersion, manager: User, sign_in: SignIn
) -> None:
    shown = sign_in(manager).get(reverse("routine_write", args=[draft.routine.slug])).content.decode()
    for section in draft.sections.all():
        assert f'<h2 class="write-row__label" id="rubrik-{section.key}">{section.heading}</h2>' in shown
        assert f'id="vagledning-{section.key}"' in shown
        assert (f'name="{section.key}-body"' in shown) != section.is_locked
    assert '<label class="visually-hidden" for="id_akut-body">Vad du gör akut</label>' in shown
    assert 'aria-describedby="vagledning-akut id_akut-body_helptext"' in shown
    assert "Låst text: den är lika för alla och kommer från mallen." in shown
    assert "En punkt på varje rad." in shown
    assert "(inte kontrollerad)" in shown


def test_write_asks_the_database_as_often_for_many_sections_as_for_few(
    draft: RoutineVersion, manager: User, sign_in: SignIn
) -> None:
    client, address = sign_in(manager), reverse("routine_write", args=[draft.routine.slug])
    with CaptureQueriesContext(connection) as many:
        client.get(address)
    draft.sections.exclude(key__in=["akut", "beslut", "kontakter", "lagrum"]).delete()
    with CaptureQueriesContext(connection) as few:
        client.get(address)
    assert len(many) == len(few)


def test_write_saves_and_leads_back(draft: RoutineVersion, manager: User, sign_in: SignIn) -> None:
    changed = {"akut": "Ring 112\nStanna", "ansvar": "<p>Rektor</p>", "beslut-cells_adult_risk": "Ring socialtjänsten"}
    shown = send(sign_in(manager), "routine_write", draft.routine.slug, form_of(draft, **changed))
    assert "Texten är sparad." in shown
    assert (body(draft, "akut"), body(draft, "ansvar")) == ("Ring 112\nStanna", "<p>Rektor</p>")
    assert draft.sections.get(key="beslut").cells["adult_risk"] == "Ring socialtjänsten"
    assert state(draft) == VersionState.DRAFT


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (f"Ring om {PERSONAL_NUMBER}", "Texten ser ut att innehålla ett personnummer."),
        ("<p>Ring om 8507<b>09</b>-<i>98</i>05</p>", "Texten ser ut att innehålla ett personnummer."),
        (f"<a href='https://a.se/?om={PERSONAL_NUMBER}'>Ring</a>", "Texten ser ut att innehålla ett personnummer."),
        ("<a href='mailto:a@b.se?subject=Om 850709 9805'>Skriv</a>", "Texten ser ut att innehålla ett personnummer."),
        ("Hjärta 🙂 och hej", "PDF:en kan inte visa de här tecknen: 🙂."),
        ("å" * 20_001, "Texten är 20001 tecken lång, och högst 20000 får plats. Korta den."),
        ("<p>Ring</p>" * 30_000, "Det som klistrades in är för mycket för ett avsnitt."),
        ("Ring " + "å" * 5 * 1024**2, "Det som klistrades in är för mycket för ett avsnitt."),
    ],
    ids=["personnummer", "split", "link", "blank in a link", "emoji", "long", "tags", "5 MB"],
)
def test_write_with_bad_input_says_so_at_the_field_and_keeps_the_words(
    text: str, sentence: str, draft: RoutineVersion, manager: User, sign_in: SignIn
) -> None:
    before = draft.content_sha256()
    shown = send(sign_in(manager), "routine_write", draft.routine.slug, form_of(draft, ansvar=text))
    assert sentence in shown
    assert 'href="#id_ansvar-body"' in shown
    assert 'id="id_ansvar-body_error"' in shown
    assert 'aria-describedby="vagledning-ansvar id_ansvar-body_error"' in shown
    assert "Ring" in shown or text[:3] in shown
    assert draft.content_sha256() == before


def test_write_of_a_bad_cell_says_which_of_the_four(draft: RoutineVersion, manager: User, sign_in: SignIn) -> None:
    sent = form_of(draft, **{"beslut-cells_adult_risk": f"Ring {PERSONAL_NUMBER}"})
    shown = send(sign_in(manager), "routine_write", draft.routine.slug, sent)
    assert "Vuxen och riskerar att fara illa: Texten ser ut att innehålla ett personnummer." in shown
    assert PERSONAL_NUMBER in shown


def test_write_with_nothing_sent_empties_nothing(draft: RoutineVersion, manager: User, sign_in: SignIn) -> None:
    before = draft.content_sha256()
    for name in ("routine_write", "routine_submit"):
        send(sign_in(manager), name, draft.routine.slug)
    assert (draft.content_sha256(), state(draft)) == (before, VersionState.DRAFT)


def test_write_of_a_locked_section_is_left_alone(draft: RoutineVersion, manager: User, sign_in: SignIn) -> None:
    before = body(draft, "vardnadshavare")
    send(sign_in(manager), "routine_write", draft.routine.slug, form_of(draft, vardnadshavare="<p>Ring hem</p>"))
    assert body(draft, "vardnadshavare") == before != ""


def hidden(shown: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', shown)
    assert found
    return found[1]


def test_write_over_a_colleague_s_words_shows_both_and_saves_them_on_the_next_click(
    draft: RoutineVersion, coordinator: User, manager: User, sign_in: SignIn
) -> None:
    actions.write_sections(draft, {"ansvar": "<p>Ett</p><p>Två</p>"}, by=coordinator)
    old = form_of(draft, ansvar="<p>Ett, chefen</p><p>Två</p>", akut="Ring 112")
    as_colleague = form_of(draft, ansvar="<p>Ett</p><p>Två, samordnaren</p>")
    send(sign_in(coordinator), "routine_write", draft.routine.slug, as_colleague)
    shown = send(sign_in(manager), "routine_write", draft.routine.slug, old)
    assert "Sam Samordnare har ändrat avsnittet medan du skrev. Här står nu bådas ändringar." in shown
    assert "&lt;p&gt;Ett, chefen&lt;/p&gt;\n&lt;p&gt;Två, samordnaren&lt;/p&gt;" in shown
    assert body(draft, "ansvar") == "<p>Ett</p><p>Två, samordnaren</p>"
    assert body(draft, "akut") == "Ring 112", "the section that nobody else wrote in is saved"
    both = "<p>Ett, chefen</p><p>Två, samordnaren</p>"
    again = {**old, "ansvar-body": both, **{f"{key}-seen": hidden(shown, f"{key}-seen") for key in ("ansvar", "akut")}}
    assert "Texten är sparad." in send(sign_in(manager), "routine_write", draft.routine.slug, again)
    assert body(draft, "ansvar") == both


def test_write_of_the_same_words_as_a_colleague_shows_where(
    draft: RoutineVersion, coordinator: User, manager: User, sign_in: SignIn
) -> None:
    actions.write_sections(draft, {"ansvar": "<p>Ett</p>"}, by=coordinator)
    old = form_of(draft, ansvar="<p>Ett, chefen</p>")
    User.objects.filter(pk=coordinator.pk).update(is_protected=True)
    as_colleague = form_of(draft, ansvar="<p>Ett, samordnaren</p>")
    send(sign_in(coordinator), "routine_write", draft.routine.slug, as_colleague)
    shown = send(sign_in(manager), "routine_write", draft.routine.slug, old)
    assert "skyddad person har ändrat avsnittet medan du skrev, på samma ställe som du." in shown
    assert "Sam Samordnare" not in shown
    assert "Den andra skrev:</span> Ett, samordnaren" in shown
    assert "Du skrev:</span> Ett, chefen" in shown


def test_submit_without_what_must_be_there_saves_and_says_so_at_the_field(
    draft: RoutineVersion, manager: User, sign_in: SignIn
) -> None:
    shown = send(sign_in(manager), "routine_submit", draft.routine.slug, form_of(draft, akut="Ring 112"))
    assert "Fyll i det här avsnittet innan du skickar. Det du har skrivit är sparat." in shown
    assert 'href="#id_ansvar-body"' in shown
    assert body(draft, "akut") == "Ring 112"
    assert state(draft) == VersionState.DRAFT


def test_submit_sends_it_to_the_coordinator(draft: RoutineVersion, manager: User, sign_in: SignIn) -> None:
    factories.write_what_is_missing(draft, by=manager)
    for _click in range(2):
        send(sign_in(manager), "routine_submit", draft.routine.slug, form_of(draft, ansvar=stages.WORDS))
    assert state(draft) == VersionState.IN_REVIEW
    assert draft.approvals.count() == 1


@pytest.mark.parametrize("state_", [VersionState.IN_REVIEW, VersionState.ENDORSED])
def test_write_of_a_version_under_review_is_a_click_that_says_what_it_means(
    state_: VersionState, draft: RoutineVersion, coordinator: User, manager: User, sign_in: SignIn
) -> None:
    old = form_of(draft, akut="Något nytt")
    stages.walk_on(draft, state_, by=coordinator, manager=manager)
    client, slug = sign_in(manager), draft.routine.slug
    shown = client.get(reverse("routine_write", args=[slug])).content.decode()
    assert "måste skickas och granskas en gång till" in shown
    assert "<textarea" not in shown
    shown = send(client, "routine_write", slug, old)
    assert "Om du ändrar texten måste den skickas och granskas igen." in shown
    assert "Något nytt" in shown
    assert state(draft) == state_
    assert "Texten är sparad." in send(
        client, "routine_write", slug, {**old, "may_reopen": hidden(shown, "may_reopen")}
    )
    assert state(draft) == VersionState.DRAFT
    stages.walk_on(draft, state_, by=coordinator, manager=manager)
    assert "<textarea" in send(client, "routine_write", slug, {"reopen": "1"})
    assert (state(draft), body(draft, "akut")) == (VersionState.DRAFT, "Något nytt")


def test_write_of_an_approved_version_leads_back_and_changes_nothing(
    draft: RoutineVersion, coordinator: User, manager: User, sign_in: SignIn
) -> None:
    old = form_of(draft, akut="Smuget in")
    stages.walk_on(draft, VersionState.APPROVED, by=coordinator, manager=manager)
    before = draft.content_sha256()
    for name in ("routine_write", "routine_submit", "version_details"):
        shown = send(sign_in(manager), name, draft.routine.slug, old)
        assert "Texten kan inte ändras nu. Läge: fastställd, PDF skapas." in shown
    assert (draft.content_sha256(), state(draft)) == (before, VersionState.APPROVED)


# --- Autosave ------------------------------------------------------------------------------------------------------


def autosave(client: Client, version: RoutineVersion, key: str, **changed: Any) -> tuple[int, dict[str, Any]]:
    fields = {name: value for name, value in form_of(version, **changed).items() if name.startswith(f"{key}-")}
    answer = client.post(reverse("section_save", args=[version.routine.slug, key]), fields)
    return answer.status_code, answer.json()


def test_section_save_saves_one_section_and_says_when(draft: RoutineVersion, manager: User, sign_in: SignIn) -> None:
    status, answer = autosave(sign_in(manager), draft, "ansvar", ansvar="<p>Rektor</p>")
    assert (status, body(draft, "ansvar")) == (200, "<p>Rektor</p>")
    assert re.fullmatch(r"Sparat kl\. \d\d\.\d\d\.", answer["sentence"])
    assert (answer["others"], answer["now"]) == ("", None)
    assert answer["seen"] == form_of(draft)["ansvar-seen"]


def test_section_save_over_a_colleague_s_words_gives_both_back(
    draft: RoutineVersion, coordinator: User, manager: User, sign_in: SignIn
) -> None:
    client = sign_in(manager)
    old = {name: value for name, value in form_of(draft, ansvar="<p>Chefen</p>").items() if name.startswith("ansvar-")}
    autosave(sign_in(coordinator), draft, "ansvar", ansvar="<p>Samordnaren</p>")
    response = client.post(reverse("section_save", args=[draft.routine.slug, "ansvar"]), old)
    answer = response.json()
    assert response.status_code == 409
    assert answer["theirs"]["body"] == body(draft, "ansvar") == "<p>Samordnaren</p>"
    assert "<p>Chefen</p>" in answer["now"]["body"]
    assert "<p>Samordnaren</p>" in answer["now"]["body"]
    again = {**old, "ansvar-body": answer["now"]["body"], "ansvar-seen": answer["seen"]}
    response = client.post(reverse("section_save", args=[draft.routine.slug, "ansvar"]), again)
    assert (response.status_code, body(draft, "ansvar")) == (200, answer["now"]["body"])


def test_section_save_tells_of_a_contact_that_a_colleague_has_placed(
    draft: RoutineVersion, coordinator: User, manager: User, sign_in: SignIn
) -> None:
    first, second = Contact.objects.order_by("position")[:2]
    actions.write_sections(draft, {"kontakter": {"contacts": [first]}}, by=coordinator)
    old = {name: value for name, value in form_of(draft).items() if name.startswith("kontakter-")}
    actions.write_sections(draft, {"kontakter": {"contacts": [first, second]}}, by=coordinator)
    sent = {**old, "kontakter-body": "<p>Ring</p>"}
    answer = sign_in(manager).post(reverse("section_save", args=[draft.routine.slug, "kontakter"]), sent).json()
    assert answer["now"]["contacts"] == sorted([first.pk, second.pk])
    assert draft.sections.get(key="kontakter").placed_contacts.count() == 2


def test_section_save_says_why_not(draft: RoutineVersion, coordinator: User, manager: User, sign_in: SignIn) -> None:
    client = sign_in(manager)
    status, answer = autosave(client, draft, "ansvar", ansvar=f"<p>Om {PERSONAL_NUMBER}</p>")
    assert (status, "personnummer" in answer["sentence"], body(draft, "ansvar")) == (422, True, "")
    old = form_of(draft, akut="Ring 112")
    stages.walk_on(draft, VersionState.IN_REVIEW, by=coordinator, manager=manager)
    response = client.post(reverse("section_save", args=[draft.routine.slug, "akut"]), old)
    assert (response.status_code, state(draft)) == (422, VersionState.IN_REVIEW)
    assert "Rutinen har skickats till granskning medan du skrev." in response.json()["sentence"]
    stages.walk_on(draft, VersionState.APPROVED, by=coordinator, manager=manager)
    response = client.post(reverse("section_save", args=[draft.routine.slug, "akut"]), old)
    assert (response.status_code, state(draft)) == (422, VersionState.APPROVED)
    assert "Texten kan inte ändras längre." in response.json()["sentence"]


def test_section_save_of_a_locked_section_or_none_is_not_found(
    draft: RoutineVersion, manager: User, sign_in: SignIn
) -> None:
    for key in ("vardnadshavare", "finns-inte"):
        for name in ("section_save", "section_presence"):
            answer = sign_in(manager).post(reverse(name, args=[draft.routine.slug, key]), {f"{key}-body": "x"})
            assert answer.status_code == 404, (name, key)


def test_section_presence_names_who_else_writes_here_but_no_protected_person(
    draft: RoutineVersion, coordinator: User, manager: User, sign_in: SignIn
) -> None:
    address = reverse("section_presence", args=[draft.routine.slug, "ansvar"])
    assert sign_in(coordinator).post(address).json() == {"others": ""}
    assert "Sam Samordnare skriver också här." in sign_in(manager).post(address).json()["others"]
    User.objects.filter(pk=coordinator.pk).update(is_protected=True)
    others = sign_in(manager).post(address).json()["others"]
    assert "skyddad person skriver också här." in others
    assert "Sam" not in others
    sign_in(coordinator).post(address, {"left": "1"})
    assert sign_in(manager).post(address).json() == {"others": ""}


# --- What is printed about it ------------------------------------------------------------------------------------


DETAILS = {"document_type": "routine", "owner_title": "Rektor", "applies_to": "Alla", "review_months": "12"}


def test_details_are_saved_and_lead_back(draft: RoutineVersion, manager: User, sign_in: SignIn) -> None:
    shown = send(sign_in(manager), "version_details", draft.routine.slug, {**DETAILS, "diary_number": "KS 2026/1"})
    assert "Uppgifterna är sparade." in shown
    saved = RoutineVersion.objects.get(pk=draft.pk)
    assert (saved.owner_title, saved.diary_number, saved.number) == ("Rektor", "KS 2026/1", "1.0")


@pytest.mark.parametrize(
    ("field", "text", "sentence"),
    [
        ("review_months", "25", "Rutinen ska ses över inom 1 till 24 månader."),
        ("review_months", "0", "Rutinen ska ses över inom 1 till 24 månader."),
        ("review_months", "tolv", "Skriv antalet månader med siffror, till exempel 12."),
        ("owner_title", f"Rektor {PERSONAL_NUMBER}", "Texten ser ut att innehålla ett personnummer."),
        ("applies_to", "Alla 🙂", "PDF:en kan inte visa de här tecknen: 🙂."),
        ("change_note", "x" * 301, "Texten är 301 tecken lång, och högst 300 får plats. Korta den."),
        ("document_type", "roman", "Välj ett giltigt alternativ."),
    ],
)
def test_details_with_bad_input_say_so_at_the_field(
    field: str, text: str, sentence: str, draft: RoutineVersion, manager: User, sign_in: SignIn
) -> None:
    shown = send(sign_in(manager), "version_details", draft.routine.slug, {**DETAILS, field: text})
    assert sentence in shown
    assert f'href="#id_{field}"' in shown
    assert RoutineVersion.objects.get(pk=draft.pk).owner_title == ""


def test_details_of_a_later_version_ask_whether_it_corrects(
    unit: Unit, coordinator: User, manager: User, sign_in: SignIn
) -> None:
    routine = stages.in_force_without_pdf(unit, title="Gäller", by=coordinator)
    version = actions.start_version(routine, by=manager)
    client = sign_in(manager)
    assert "Bara rättelser" in client.get(reverse("version_details", args=[routine.slug])).content.decode()
    assert "Välj vad som ändras." in send(client, "version_details", routine.slug, DETAILS)
    send(client, "version_details", routine.slug, {**DETAILS, "is_minor": "minor"})
    assert RoutineVersion.objects.get(pk=version.pk).number == "1.1"
