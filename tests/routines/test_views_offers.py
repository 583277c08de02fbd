"""What is new in the template, on the page of those who write the routine."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from routines import actions, queries
from routines.models import GUARDIANS, Routine, Template, TemplateSection, VersionState
from tests.conftest import SignIn
from tests.routines import stages
from units.models import Unit, User

pytestmark = pytest.mark.django_db

SECRET = "Mallens hemliga nya ord"


@pytest.fixture
def draft(unit: Unit, template: Template, coordinator: User) -> Routine:
    """A routine that is being written."""
    return stages.routine(unit, title="Utkastet", template=template, by=coordinator)


@pytest.fixture
def client(manager: User, sign_in: SignIn) -> Client:
    """The manager's browser."""
    return sign_in(manager)


def changed(template: Template, *, by: User, body: str = f"<p>{SECRET}</p>", **values: Any) -> TemplateSection:
    """A section that says something else in the template now."""
    section = template.sections.filter(kind="text", is_locked=False, is_mandatory=False).earliest("pk")
    return actions.write_section(section, heading=section.heading, body=body, by=by, **values)


def page_of(routine: Routine) -> str:
    return reverse("offers", args=[routine.slug])


def answer(client: Client, routine: Routine, key: str, choice: str) -> str:
    """What the page says after the button."""
    [offer] = [row for row in queries.template_offers(routine) if row.key == key]
    address = reverse("offer_answer", args=[routine.slug, key])
    return client.post(address, {"answer": choice, "seen": offer.seen}, follow=True).content.decode()


def test_page_without_anything_new_says_so(client: Client, draft: Routine) -> None:
    page = client.get(page_of(draft))
    assert page.context["open"] == []
    assert "inget nytt att ta ställning till" in page.content.decode()


def test_page_shows_both_texts_with_the_difference_marked(
    client: Client, draft: Routine, template: Template, coordinator: User, manager: User
) -> None:
    section = template.sections.filter(kind="text", is_locked=False, is_mandatory=False).earliest("pk")
    version = stages.newest(draft)
    actions.write_sections(version, {section.key: "<p>Vi talar med chefen först.</p>"}, by=manager)
    changed(template, by=coordinator, body="<p>Vi talar med socialtjänsten först.</p>", is_acute=True)
    text = client.get(page_of(draft)).content.decode()
    assert "<del>" in text
    assert "<ins>" in text
    assert "chefen" in text
    assert "socialtjänsten" in text
    assert "Visas överst på sidan" in text


def test_new_and_removed_sections_are_shown_without_marks(
    client: Client, draft: Routine, template: Template, coordinator: User
) -> None:
    gone = template.sections.filter(kind="text", is_locked=False, is_mandatory=False).earliest("pk")
    actions.remove_section(template, gone.key, by=coordinator)
    actions.add_section(template, kind="checklist", heading="Resor", after="", by=coordinator, body="Fråga varför")
    text = client.get(page_of(draft)).content.decode()
    assert "<li>Fråga varför</li>" in text
    assert gone.heading in text
    assert "<del>" not in text
    assert "<ins>" not in text
    assert "Behåll som ert eget" in text
    assert "Vi behöver det inte" in text


def test_yes_puts_the_words_in_the_draft(client: Client, draft: Routine, template: Template, coordinator: User) -> None:
    section = changed(template, by=coordinator)
    assert "Mallens text står nu i version 1.0." in answer(client, draft, section.key, "take")
    assert stages.newest(draft).sections.get(key=section.key).body == f"<p>{SECRET}</p>"
    assert client.get(page_of(draft)).context["open"] == []


def test_yes_while_a_version_is_in_force_begins_the_next(
    client: Client, in_force: Routine, template: Template, coordinator: User
) -> None:
    section = changed(template, by=coordinator)
    assert "Version 1.0 gäller och ändras inte." in client.get(page_of(in_force)).content.decode()
    assert "Mallens text står nu i version 2.0." in answer(client, in_force, section.key, "take")
    assert stages.newest(in_force).state == VersionState.DRAFT
    assert in_force.versions.get(major=1).state == VersionState.IN_FORCE


def test_no_keeps_the_unit_s_words_and_can_be_regretted(
    client: Client, draft: Routine, template: Template, coordinator: User
) -> None:
    section = changed(template, by=coordinator)
    before = stages.newest(draft).sections.get(key=section.key).body
    assert "Ni behåller er egen text" in answer(client, draft, section.key, "keep")
    page = client.get(page_of(draft))
    assert (len(page.context["open"]), len(page.context["declined"])) == (0, 1)
    assert stages.newest(draft).sections.get(key=section.key).body == before
    answer(client, draft, section.key, "take")
    assert stages.newest(draft).sections.get(key=section.key).body == f"<p>{SECRET}</p>"


def test_locked_words_have_no_way_to_say_no(
    client: Client, draft: Routine, template: Template, coordinator: User
) -> None:
    section = template.sections.get(key=GUARDIANS)
    actions.write_section(section, heading=section.heading, body="<p>Ring först.</p>", by=coordinator)
    text = client.get(page_of(draft)).content.decode()
    assert "Ta över den innan rutinen skickas till granskning" in text
    assert 'value="keep"' not in text
    assert "behöver ni ta över som den är" in answer(client, draft, GUARDIANS, "keep")
    assert queries.locked_behind(stages.newest(draft)) == [section.heading]


def test_page_warns_before_a_version_under_review_is_taken_back(
    client: Client, unit: Unit, template: Template, coordinator: User, manager: User
) -> None:
    version = stages.walked(unit, VersionState.ENDORSED, template=template, by=coordinator, manager=manager)
    section = changed(template, by=coordinator)
    assert "måste den granskas igen" in client.get(page_of(version.routine)).content.decode()
    answer(client, version.routine, section.key, "take")
    assert stages.newest(version.routine).state == VersionState.DRAFT


def test_answer_to_an_old_page_changes_nothing_and_says_why(
    client: Client, draft: Routine, template: Template, coordinator: User
) -> None:
    section = changed(template, by=coordinator)
    [offer] = queries.open_offers(draft)
    changed(template, by=coordinator, body="<p>Ännu nyare</p>")
    before = stages.newest(draft).content_sha256()
    address = reverse("offer_answer", args=[draft.slug, section.key])
    for choice in ("take", "keep"):
        page = client.post(address, {"answer": choice, "seen": offer.seen}, follow=True)
        assert "ändrats sedan du öppnade sidan" in page.content.decode()
    assert stages.newest(draft).content_sha256() == before
    assert not draft.declined_offers.exists()


@pytest.mark.parametrize("sent", [{}, {"answer": "take"}, {"answer": "both", "seen": "x"}, {"seen": "x"}])
def test_answer_that_says_nothing_gets_a_sentence(
    sent: dict[str, str], client: Client, draft: Routine, template: Template, coordinator: User
) -> None:
    section = changed(template, by=coordinator)
    before = stages.newest(draft).content_sha256()
    page = client.post(reverse("offer_answer", args=[draft.slug, section.key]), sent, follow=True)
    assert "Välj om ni tar över mallens text" in page.content.decode()
    assert stages.newest(draft).content_sha256() == before


def test_answer_about_a_section_that_agrees_changes_nothing(client: Client, draft: Routine) -> None:
    before = stages.newest(draft).content_sha256()
    for key in (GUARDIANS, "finns-inte"):
        address = reverse("offer_answer", args=[draft.slug, key])
        page = client.post(address, {"answer": "take", "seen": "x"}, follow=True)
        assert "säger redan det som står i mallen" in page.content.decode()
    assert stages.newest(draft).content_sha256() == before


def test_page_takes_as_many_queries_for_three_changes_as_for_one(
    client: Client, draft: Routine, template: Template, coordinator: User, django_assert_max_num_queries: Any
) -> None:
    counts = []
    for number in range(3):
        actions.add_section(template, kind="text", heading=f"Nytt {number}", after="", by=coordinator, body="x")
        if number != 1:
            with django_assert_max_num_queries(60) as asked:
                client.get(page_of(draft))
            counts.append(len(asked))
    assert counts[0] == counts[1]


def test_what_is_new_is_nowhere_for_those_who_do_not_write_the_routine(
    sign_in: SignIn,
    in_force: Routine,
    draft: Routine,
    template: Template,
    coordinator: User,
    member: User,
    reader: User,
    outsider: User,
) -> None:
    section = changed(template, by=coordinator)
    for user in (member, reader, outsider):
        for routine in (in_force, draft):
            client = sign_in(user)
            for page in (
                client.get(page_of(routine)),
                client.post(reverse("offer_answer", args=[routine.slug, section.key]), {"answer": "take", "seen": "x"}),
            ):
                assert page.status_code in (403, 404)
                assert SECRET not in page.content.decode()
                assert draft.title not in page.content.decode()
    assert stages.newest(in_force).number == "1.0"


def test_writer_is_led_from_the_text_to_what_is_new(
    client: Client, draft: Routine, template: Template, coordinator: User
) -> None:
    write = reverse("routine_write", args=[draft.slug])
    assert page_of(draft) not in client.get(write).content.decode()
    changed(template, by=coordinator)
    assert page_of(draft) in client.get(write).content.decode()
