"""Who is written to when, and what the letters say."""

from collections.abc import Callable

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from routines import actions, mail, tasks
from routines.models import RoutineVersion, Template, VersionState
from tests import factories
from tests.routines import printed, shelf, stages
from tests.routines.republished import call_another
from units.models import MembershipRole, Message, Programme, Unit, User, UserRole
from units.queries import steps_on_page

pytestmark = pytest.mark.django_db


@pytest.fixture
def version(template: Template, unit: Unit, coordinator: User, manager: User, member: User) -> RoutineVersion:
    """A draft that can be submitted; more people than those who should get mail."""
    factories.user(name="Andra Samordnaren", role=UserRole.COORDINATOR)
    factories.staff(unit, name="Två Chef", role=MembershipRole.MANAGER)
    draft = stages.newest(stages.routine(unit, title="Vår <rutin>", template=template, by=coordinator))
    factories.write_what_is_missing(draft, by=manager)
    return draft


def since(act: Callable[[], object]) -> dict[str, Message]:
    """The letters that `act` puts in the outbox, by the name of who gets them."""
    before = list(Message.objects.values_list("pk", flat=True))
    act()
    return {message.recipient_name: message for message in Message.objects.exclude(pk__in=before)}


def test_submitted_version_is_written_about_to_the_coordinators(version: RoutineVersion, manager: User) -> None:
    letters = since(lambda: actions.submit_version(version, by=manager))
    assert set(letters) == {"Sam Samordnare", "Andra Samordnaren"}
    letter = letters["Sam Samordnare"]
    assert letter.subject == "Att granska: Vår <rutin>, Tallbackens förskola"
    assert letter.unit == version.routine.unit
    assert "Hej Sam Samordnare!" in letter.text
    assert "Cia Chef har skickat rutinen ”Vår <rutin>” för Tallbackens förskola till dig för granskning." in letter.text
    assert f"{settings.BASE_URL}/rutiner/{version.routine.slug}/granska/" in letter.text
    assert "Vår &lt;rutin&gt;" in letter.html
    assert f'href="{settings.BASE_URL}/rutiner/{version.routine.slug}/granska/"' in letter.html


def test_returned_version_is_written_about_to_the_managers_with_the_comment(
    version: RoutineVersion, coordinator: User, manager: User
) -> None:
    actions.submit_version(version, by=manager)
    letters = since(lambda: actions.return_version(version, comment="Skriv vem som <ringer>.", by=coordinator))
    assert set(letters) == {"Cia Chef", "Två Chef"}
    letter = letters["Cia Chef"]
    assert letter.subject == "Rutinen behöver ändras: Vår <rutin>"
    assert "Skriv vem som <ringer>." in letter.text
    assert "Skriv vem som &lt;ringer&gt;." in letter.html
    assert f"{settings.BASE_URL}/rutiner/{version.routine.slug}/skriv/" in letter.text


def test_version_that_a_manager_takes_back_is_not_written_about_to_that_manager(
    version: RoutineVersion, coordinator: User, manager: User
) -> None:
    stages.walk_on(version, VersionState.ENDORSED, by=coordinator, manager=manager)
    assert set(since(lambda: actions.return_version(version, comment="Fel.", by=manager))) == {"Två Chef"}


def test_endorsed_version_is_written_about_to_the_managers(
    version: RoutineVersion, coordinator: User, manager: User
) -> None:
    actions.submit_version(version, by=manager)
    letters = since(lambda: actions.endorse_version(version, by=coordinator))
    assert set(letters) == {"Cia Chef", "Två Chef"}
    assert letters["Cia Chef"].subject == "Klar att fastställa: Vår <rutin>"
    assert "Sam Samordnare har granskat rutinen" in letters["Cia Chef"].text
    assert f"{settings.BASE_URL}/rutiner/{version.routine.slug}/faststall/" in letters["Cia Chef"].text


def test_version_in_force_is_written_about_to_managers_and_coordinators(
    version: RoutineVersion, coordinator: User, manager: User
) -> None:
    stages.walk_on(version, VersionState.APPROVED, by=coordinator, manager=manager)
    letters = since(lambda: actions.publish(version))
    assert set(letters) == {"Cia Chef", "Två Chef", "Sam Samordnare", "Andra Samordnaren"}
    letter = letters["Cia Chef"]
    assert letter.subject == "Nu gäller rutinen ”Vår <rutin>”, Tallbackens förskola"
    assert "version 1.0, gäller från och med" in letter.text
    assert f"{settings.BASE_URL}/rutiner/{version.routine.slug}/\n" in letter.text
    assert "Ta upp den på nästa arbetsplatsträff" in letter.text


def test_correction_from_the_registries_says_what_changed_and_that_nobody_reads_again(
    unit: Unit, coordinator: User, manager: User
) -> None:
    contact = printed.contact()
    version = printed.in_force(unit, by=manager, contacts=[contact], title="Vår <rutin>")
    call_another(contact)
    actions.republish_affected(by=coordinator)
    letters = since(tasks.publish_approved_versions)
    assert set(letters) == {"Cia Chef"}
    letter = letters["Cia Chef"]
    assert letter.subject == "Rättad rutin, byt ut utskrifterna: ”Vår <rutin>”, Tallbackens förskola"
    assert "Version 1.1 gäller från och med" in letter.text
    for text in (letter.text, letter.html):
        assert "Det här är ändrat: Aktuella uppgifter ur registret: Socialjouren." in text
        assert "Den som redan har läst rutinen behöver inte läsa den igen." in text
        assert "skriv ut den nya versionen och släng de gamla" in text
        assert "blir svaret Nej" in text
        assert "arbetsplatsträff" not in text
    assert f"{settings.BASE_URL}/rutiner/{version.routine.slug}/\n" in letter.text
    assert "Vår &lt;rutin&gt;" in letter.html


@pytest.mark.parametrize("note", ["Ny <rektor>.", ""])
def test_correction_by_the_unit_says_its_note(note: str, unit: Unit, coordinator: User, manager: User) -> None:
    routine = shelf.put(unit, "Vår rutin", "Rektor ringer.", by=manager)
    version = shelf.publish(routine, ["Rektorn ringer."], by=manager, major=1, minor=1, change_note=note)
    letter = mail.routine_in_force(version, coordinator, programme=Programme.current(), steps=steps_on_page(unit))
    assert letter.subject.startswith("Rättad rutin")
    assert ("Det här är ändrat: Ny <rektor>." in letter.text) == bool(note)
    assert ("Det här är ändrat" in letter.html) == bool(note)
    assert "Ny <rektor>" not in letter.html
    assert "\n\n\n" not in letter.text


def test_second_click_writes_no_second_letter(version: RoutineVersion, manager: User) -> None:
    actions.submit_version(version, by=manager)
    assert since(lambda: actions.submit_version(version, by=manager)) == {}


def test_letter_names_no_protected_person_and_goes_to_none(
    version: RoutineVersion, coordinator: User, manager: User
) -> None:
    manager.is_protected = True
    manager.save()
    letters = since(lambda: actions.submit_version(version, by=manager))
    assert "Cia Chef" not in letters["Sam Samordnare"].text
    assert "Skyddad person har skickat rutinen" in letters["Sam Samordnare"].text
    assert set(since(lambda: actions.endorse_version(version, by=coordinator))) == {"Två Chef"}


def test_withdrawn_version_is_written_about_with_the_reason_to_all_but_who_did_it(
    version: RoutineVersion, coordinator: User, manager: User
) -> None:
    stages.walk_on(version, VersionState.IN_FORCE, by=coordinator, manager=manager)
    letters = since(lambda: actions.withdraw_version(version, reason="Vi <slår> ihop enheter.", by=manager))
    assert set(letters) == {"Sam Samordnare", "Andra Samordnaren", "Två Chef"}
    letter = letters["Två Chef"]
    assert letter.subject == "Rutinen gäller inte längre: Vår <rutin>, Tallbackens förskola"
    assert "Cia Chef har upphävt rutinen ”Vår <rutin>” för Tallbackens förskola. Version 1.0" in letter.text
    assert "Vi <slår> ihop enheter." in letter.text
    assert "Vi &lt;slår&gt; ihop enheter." in letter.html
    assert f"{settings.BASE_URL}/rutiner/{version.routine.slug}/versioner/" in letter.text
    assert since(lambda: actions.withdraw_version(version, reason="Igen.", by=manager)) == {}


def test_letters_take_the_same_queries_for_two_readers_and_for_twelve(
    template: Template, unit: Unit, coordinator: User, manager: User
) -> None:
    first, second = (
        stages.walked(unit, VersionState.APPROVED, template=template, by=coordinator, manager=manager, title=title)
        for title in ("Ett", "Två")
    )
    queries: dict[RoutineVersion, list[int]] = {}
    for version in (first, second):
        with CaptureQueriesContext(connection) as publishing:
            actions.publish(version)
        with CaptureQueriesContext(connection) as withdrawing:
            actions.withdraw_version(version, reason="Den behövs inte.", by=manager)
        queries[version] = [len(publishing), len(withdrawing)]
        for number in range(10):
            factories.user(name=f"Samordnare {number}", role=UserRole.COORDINATOR)
    assert queries[first] == queries[second]
    assert Message.objects.filter(key__startswith=f"routine_in_force:{second.pk}:").count() == 12
