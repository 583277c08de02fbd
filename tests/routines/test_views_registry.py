"""The pages of the two registries, and the page where affected routines are published again."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from jarfalla import clock
from jarfalla.views.this_week import this_week
from jarfalla.views.todos import TodoKind
from routines import actions, queries, tasks
from routines.models import Contact, LegalReference, RoutineVersion, VersionState
from tests.conftest import SignIn
from tests.routines import printed, stages
from units.models import Programme, Unit, User

pytestmark = pytest.mark.django_db

CONTACT = {"name": "Tjejjouren", "phone": "08-123 45 67", "web": "", "hours": "", "audience": "barn", "source": ""}
LAW = {"label": "LVU", "law": "Lag (1990:52)", "place": "31 a §", "about": "utreseförbud"}


@pytest.fixture
def contact(coordinator: User) -> Contact:
    return printed.contact()


@pytest.fixture
def version(unit: Unit, manager: User, contact: Contact) -> RoutineVersion:
    """In force, with a PDF that shows the contact."""
    return printed.in_force(unit, by=manager, contacts=[contact])


def page(client: Client, name: str, *args: object, query: str = "") -> str:
    answer = client.get(reverse(name, args=args) + query)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def send(client: Client, name: str, *args: object, data: dict[str, Any] | None = None) -> str:
    """The page that a post leads to, in the end."""
    answer = client.post(reverse(name, args=args), data, follow=True)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def form_of(client: Client, name: str, *args: object) -> dict[str, Any]:
    """What the form on the page would send as it is."""
    answer = client.get(reverse(name, args=args))
    return {field.html_name: field.value() or "" for field in answer.context["form"]}


# --- The registry of contacts -------------------------------------------------------------------------------------


def test_coordinator_adds_a_contact_that_everybody_sees_unchecked(
    sign_in: SignIn, coordinator: User, reader: User
) -> None:
    shown = send(sign_in(coordinator), "contact_new", data={**CONTACT, "is_checked": ""})
    assert "Tjejjouren är sparad." in shown
    shown = page(sign_in(reader), "contacts")
    assert '<a href="tel:081234567">08-123 45 67</a>'.replace("tel:08", "tel:+468") in shown
    assert "Inte kontrollerad" in shown
    assert "Lägg till en kontakt" not in shown
    assert "Ändra<" not in shown


def test_coordinator_changes_a_contact_and_says_that_it_is_checked(
    sign_in: SignIn, coordinator: User, contact: Contact
) -> None:
    client = sign_in(coordinator)
    sent = form_of(client, "contact_edit", contact.pk) | {"phone": "08-222 22 22", "is_checked": "on"}
    assert "Socialjouren är sparad." in send(client, "contact_edit", contact.pk, data=sent)
    contact.refresh_from_db()
    assert (contact.phone, contact.checked_on, contact.checked_by) == ("08-222 22 22", clock.today(), coordinator)


def test_change_without_a_check_shows_as_not_checked(sign_in: SignIn, coordinator: User, contact: Contact) -> None:
    client = sign_in(coordinator)
    sent = form_of(client, "contact_edit", contact.pk) | {"phone": "08-222 22 22"}
    del sent["is_checked"]
    assert "Inte kontrollerad" in send(client, "contact_edit", contact.pk, data=sent)


def test_change_of_a_contact_that_somebody_else_has_changed_is_shown_back_and_saved_when_sent_again(
    sign_in: SignIn, coordinator: User, contact: Contact
) -> None:
    client = sign_in(coordinator)
    sent = form_of(client, "contact_edit", contact.pk) | {"hours": "vardagar 8–17"}
    Contact.objects.filter(pk=contact.pk).update(phone="112")
    answer = client.post(reverse("contact_edit", args=[contact.pk]), sent)
    assert "Någon annan har ändrat uppgifterna medan du skrev" in answer.content.decode()
    assert "vardagar 8–17" in answer.content.decode()
    assert Contact.objects.get().hours == ""
    again = {field.html_name: field.value() or "" for field in answer.context["form"]}
    assert "Socialjouren är sparad." in send(client, "contact_edit", contact.pk, data=again)


SLIPS: list[tuple[dict[str, str], str, str]] = [
    ({"name": ""}, "name", "Skriv vem det är man ringer."),
    ({"name": "socialjouren"}, "name", "Det finns redan."),
    ({"phone": ""}, "phone", "Skriv ett telefonnummer eller en webbplats."),
    ({"phone": "ring"}, "phone", "Skriv ett telefonnummer, till exempel 08-580 285 00."),
    ({"phone": "08-123 45 67 eller 070-123 45 67"}, "phone", "Skriv ett telefonnummer, till exempel"),
    ({"web": "javascript:alert(1)"}, "web", "Skriv en hel webbadress"),
    ({"web": "ftp://exempel.se/x"}, "web", "Länken måste börja med https:// eller http://."),
    ({"audience": "640823-3234"}, "audience", "personnummer"),
    ({"hours": "x" * 101}, "hours", "högst 100 får plats"),
    ({"name": "Jouren\r\nBcc: x"}, "name", "tecken som inte går att spara"),
    ({"name": "Jouren \U0001f600"}, "name", ""),
]


@pytest.mark.parametrize(("slip", "field", "sentence"), SLIPS, ids=[str(slip[0])[:40] for slip in SLIPS])
def test_contact_that_cant_be_right_gets_a_sentence_at_its_field(
    slip: dict[str, str], field: str, sentence: str, sign_in: SignIn, coordinator: User, contact: Contact
) -> None:
    answer = sign_in(coordinator).post(reverse("contact_new"), {**CONTACT, **slip})
    assert answer.status_code == 200
    assert sentence in " ".join(answer.context["form"].errors[field])
    assert "<title>Fel: " in answer.content.decode()
    assert Contact.objects.get() == contact


def test_retired_contact_is_on_no_page_and_comes_back_under_its_name(
    sign_in: SignIn, coordinator: User, member: User, version: RoutineVersion, contact: Contact
) -> None:
    client = sign_in(coordinator)
    for _ in range(2):
        assert "Socialjouren är borttagen." in send(client, "contact_retire", contact.pk)
    for name, arguments in [("contacts", []), ("routine", [version.routine.slug])]:
        shown = page(sign_in(member), name, *arguments)
        assert "08-111 11 11" not in shown
    assert client.get(reverse("contact_edit", args=[contact.pk])).status_code == 404
    assert "tagits bort" in send(client, "contact_checked", contact.pk)
    assert "Socialjouren är sparad." in send(client, "contact_new", data={**CONTACT, "name": "Socialjouren"})
    assert "08-123 45 67" in page(sign_in(member), "routine", version.routine.slug)


def test_name_of_a_retired_contact_is_refused_to_another(sign_in: SignIn, coordinator: User, contact: Contact) -> None:
    actions.retire_entry(contact, by=coordinator)
    other = printed.contact("Polisen")
    answer = sign_in(coordinator).post(
        reverse("contact_edit", args=[other.pk]),
        {**CONTACT, "name": "Socialjouren", "seen": queries.fingerprint(other)},
    )
    assert answer.context["form"].errors["name"] == ["Det namnet finns redan, men används inte längre."]


# --- The registry of laws -------------------------------------------------------------------------------------------


def test_laws_are_for_everybody_who_has_signed_in(sign_in: SignIn, coordinator: User, reader: User) -> None:
    actions.seed_legal_references()
    for person in (coordinator, reader):
        shown = page(sign_in(person), "laws")
        assert "Socialtjänstlag (2025:400) 19 kap. 1 §" in shown
        assert shown.count("Inte kontrollerat") == LegalReference.objects.count()
        assert ("Stämmer i dag" in shown) == (person == coordinator)


def test_law_is_added_changed_checked_and_taken_out(sign_in: SignIn, coordinator: User, member: User) -> None:
    client = sign_in(coordinator)
    assert "Lag (1990:52) 31 a § är sparat." in send(client, "law_new", data=LAW)
    law = LegalReference.objects.get()
    assert "är kontrollerat i dag." in send(client, "law_checked", law.pk)
    sent = form_of(client, "law_edit", law.pk) | {"place": "31 b §", "is_checked": "on"}
    send(client, "law_edit", law.pk, data=sent)
    shown = page(sign_in(member), "laws")
    assert "Lag (1990:52) 31 b §" in shown
    assert "Inte kontroller" not in shown
    send(client, "law_retire", law.pk)
    assert "31 b §" not in page(sign_in(member), "laws")


@pytest.mark.parametrize("field", ["label", "law", "about"])
def test_law_without_what_it_needs_gets_a_sentence_at_its_field(field: str, sign_in: SignIn, coordinator: User) -> None:
    answer = sign_in(coordinator).post(reverse("law_new"), {**LAW, field: ""})
    assert "Skriv" in answer.context["form"].errors[field][0]
    assert not LegalReference.objects.exists()


# --- What has become old --------------------------------------------------------------------------------------------


def changed(contact: Contact, by: User) -> None:
    fields = {name: getattr(contact, name) for name in contact.EDITED}
    actions.change_entry(contact, {**fields, "phone": "08-222 22 22"}, by=by, is_checked=True)


def test_changed_number_stands_on_the_routines_page_at_once_with_a_mark_on_its_pdf(
    sign_in: SignIn, coordinator: User, member: User, version: RoutineVersion, contact: Contact
) -> None:
    address = version.routine.slug
    assert "PDF:en visar äldre uppgifter" not in page(sign_in(member), "routine", address)
    changed(contact, coordinator)
    shown = page(sign_in(member), "routine", address)
    assert '<a href="tel:+4682222222">08-222 22 22</a>' in shown
    assert "08-111 11 11" not in shown
    assert "PDF:en visar äldre uppgifter om Socialjouren." in shown
    assert reverse("affected") not in shown
    assert reverse("affected") in page(sign_in(coordinator), "routine", address)


def test_unchecked_contact_says_so_on_the_routines_page(
    sign_in: SignIn, unit: Unit, manager: User, member: User, coordinator: User
) -> None:
    version = printed.in_force(unit, by=manager, contacts=[printed.contact(checked_on=None, checked_by=None)])
    for person in (member, coordinator):
        shown = page(sign_in(person), "routine", version.routine.slug)
        assert "Inte kontrollerad" in shown
        assert "Stämmer i dag" not in shown


def test_affected_routines_are_on_their_page_and_in_the_coordinators_week(
    sign_in: SignIn, coordinator: User, version: RoutineVersion, contact: Contact, unit: Unit, manager: User
) -> None:
    printed.in_force(unit, by=manager, title="En som inte berörs")
    client = sign_in(coordinator)
    assert "Alla PDF:er visar det som står i registren nu." in page(client, "affected")
    changed(contact, coordinator)
    shown = page(client, "affected")
    assert "Vår rutin" in shown
    assert "En som inte berörs" not in shown
    assert "Ändrat i registret: Socialjouren" in shown
    assert "Ge ut 1 rutin igen" in shown
    assert "1 rutin har en PDF med äldre uppgifter." in page(client, "contacts")
    [todo] = [row for row in this_week(Programme.current(), clock.today()) if row.kind == TodoKind.PDF_OLD]
    assert (todo.url, todo.title) == (reverse("affected"), "1")
    assert todo.text == "1 rutin har en PDF med äldre kontakter eller lagrum. Ge ut den igen."
    shown = page(client, "overview")
    assert "1 rutin att ge ut igen" in shown
    assert todo.text in shown


def test_coordinator_publishes_all_again_and_follows_how_far_it_has_come(
    sign_in: SignIn, coordinator: User, contact: Contact, unit: Unit, manager: User
) -> None:
    for title in ("A", "B"):
        printed.in_force(unit, by=manager, contacts=[contact], title=title)
    changed(contact, coordinator)
    client = sign_in(coordinator)
    shown = send(client, "republish")
    assert "2 rutiner ges ut igen." in shown
    assert "0 av 2 är klara, 2 återstår" in shown
    assert '<progress class="progress-bar-wide" id="framsteg" max="2" value="0">' in shown
    assert shown.count("Version 1.1 väntar på sin PDF") == 2
    assert "Ge ut alla igen" not in shown
    first = RoutineVersion.objects.waiting_to_be_published().earliest("pk")
    tasks.publish_version(first.pk)
    polled = client.get(reverse("affected"), headers={"HX-Request": "true"}).content.decode()
    assert "1 av 2 är klara, 1 återstår" in polled
    assert "hx-get" in polled
    assert "<h1" not in polled
    tasks.publish_approved_versions()
    shown = page(client, "affected")
    assert "Senast gavs 2 rutiner ut igen" in shown
    assert "hx-get" not in shown
    assert "Alla PDF:er visar det som står i registren nu." in shown
    assert "Alla PDF:er visar det som står i registret nu." in send(client, "republish")


def test_what_is_passed_over_is_named_and_a_failed_one_can_be_tried_again(
    sign_in: SignIn, coordinator: User, version: RoutineVersion, contact: Contact
) -> None:
    changed(contact, coordinator)
    client = sign_in(coordinator)
    send(client, "republish")
    waiting = RoutineVersion.objects.waiting_to_be_published().get()
    actions.note_publish_failure(waiting, error="Disken är full.")
    shown = send(client, "republish")
    assert "hoppades över: Vår rutin (Tallbackens förskola)." in shown
    assert "PDF:en till version 1.1 kunde inte skapas" in shown
    send(client, "routine_publish_again", version.routine.slug)
    tasks.publish_approved_versions()
    assert printed.now(waiting).state == VersionState.IN_FORCE
    assert "Alla PDF:er visar det som står i registren nu." in page(client, "affected")


def test_versions_that_must_be_reviewed_again_are_named_before_the_press(
    sign_in: SignIn, coordinator: User, manager: User, version: RoutineVersion, contact: Contact
) -> None:
    draft = actions.start_version(version.routine, by=manager, is_minor=True)
    actions.submit_version(draft, by=manager)
    changed(contact, coordinator)
    shown = page(sign_in(coordinator), "affected")
    assert "De får ett nytt nummer och behöver skickas till granskning igen" in shown


def test_outsiders_draft_titles_are_not_on_the_registries_pages(
    sign_in: SignIn, version: RoutineVersion, contact: Contact, coordinator: User, member: User, outsider: User
) -> None:
    changed(contact, coordinator)
    for person in (member, outsider):
        client = sign_in(person)
        for name in ("contacts", "laws"):
            shown = page(client, name)
            assert "Vår rutin" not in shown
            assert "äldre uppgifter" not in shown
        assert client.get(reverse("affected")).status_code == 404
        assert client.post(reverse("republish")).status_code == 404
    assert not RoutineVersion.objects.waiting_to_be_published().exists()


# --- Queries --------------------------------------------------------------------------------------------------------


def asked(client: Client, name: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as queries_:
        page(client, name)
    return len(queries_)


def test_pages_ask_the_same_number_of_questions_for_one_row_and_for_three(
    sign_in: SignIn, coordinator: User, unit: Unit, manager: User
) -> None:
    client = sign_in(coordinator)
    counts = []
    for n in range(3):
        contact, law = printed.contact(f"Kontakt {n}"), printed.law(f"Lag {n}")
        made = stages.in_force_without_pdf(unit, title=f"Rutin {n}", by=manager)
        version = RoutineVersion.objects.create(routine=made, major=2, created_by=manager)
        section = version.sections.create(key="k", position=1, kind="contacts", heading="Kontakter")
        section.placed_contacts.create(contact=contact)
        section.placed_references.create(reference=law)
        made.versions.in_force().update(ended_at=clock.now())
        version.approved_at, version.approved_by, version.in_force_at = clock.now(), manager, clock.now()
        version.pdf.name, version.pdf_sha256 = "routines/borta.pdf", "0" * 64
        version.save()
        draft = made.versions.create(major=2, minor=1, created_by=manager)
        draft.approvals.create(verdict="submitted", by=manager, content_sha256="0")
        counts.append([asked(client, name) for name in ("contacts", "laws", "affected")])
    assert "3 rutiner" in page(client, "affected")
    assert counts[0] == counts[2]
