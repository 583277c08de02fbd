"""Read and understood: who says it, what asks again, who sees it, and who is reminded."""

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from jarfalla import clock
from routines import actions, queries
from routines.models import ReadReceipt, Routine, RoutineVersion
from tests import factories
from tests.conftest import SignIn
from tests.routines import shelf
from tests.together import together
from units.models import MembershipRole, Message, Refused, Unit, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def routine(unit: Unit, manager: User) -> Routine:
    return shelf.put(unit, "När du blir orolig", "Ring 112.", by=manager)


def press(client: Any, routine: Routine, version: Any = None) -> str:
    sent = {"version": version or shelf.in_force(routine).pk}
    return str(client.post(reverse("routine_read", args=[routine.slug]), sent, follow=True).content.decode())


# --- Saying it -------------------------------------------------------------------------------------------------------


def test_button_notes_person_version_and_time(routine: Routine, member: User, sign_in: SignIn) -> None:
    client = sign_in(member)
    assert "Jag har läst och förstått" in client.get(routine.get_absolute_url()).content.decode()
    assert ReadReceipt.objects.count() == 0  # opening is not reading
    assert "Tack! Det är noterat" in press(client, routine)
    receipt = ReadReceipt.objects.get()
    assert (receipt.user, receipt.version) == (member, shelf.in_force(routine))
    assert clock.now() - receipt.at < dt.timedelta(minutes=5)
    shown = client.get(routine.get_absolute_url()).content.decode()
    assert "Du läste version 1.0 den" in shown
    assert "Jag har läst och förstått" not in shown
    press(client, routine)
    assert ReadReceipt.objects.get() == receipt


def test_downloading_is_not_reading(routine: Routine, member: User, sign_in: SignIn) -> None:
    sign_in(member).get(reverse("routine_pdf", args=[routine.slug]) + "?ladda-ner=1")
    assert ReadReceipt.objects.count() == 0


def test_correction_does_not_ask_again_and_new_substance_does(
    routine: Routine, member: User, manager: User, sign_in: SignIn
) -> None:
    client = sign_in(member)
    press(client, routine)
    shelf.publish(routine, ["Ring 112!"], by=manager, minor=1)
    assert "Jag har läst och förstått" not in client.get(routine.get_absolute_url()).content.decode()
    assert "Du har inte läst den än" not in client.get(reverse("routines")).content.decode()
    shelf.publish(routine, ["Ring alltid 112."], by=manager, major=2, change_note="Ring alltid.")
    shown = client.get(routine.get_absolute_url()).content.decode()
    assert "Rutinen är ändrad sedan du läste version 1.0. Läs den igen." in shown
    assert "Ring alltid." in shown
    assert "Ändrad sedan du läste den" in client.get(reverse("routines")).content.decode()
    assert "Tack!" in press(client, routine)
    assert ReadReceipt.objects.count() == 2


def test_version_that_was_replaced_meanwhile_is_read_first(
    routine: Routine, member: User, manager: User, sign_in: SignIn
) -> None:
    on_page = shelf.in_force(routine)
    shelf.publish(routine, ["Rättad"], by=manager, minor=1)
    assert "Tack!" in press(sign_in(member), routine, on_page.pk)  # a correction: what was read is read
    assert ReadReceipt.objects.get().version == on_page
    shelf.publish(routine, ["Annat"], by=manager, major=2)
    shown = press(sign_in(member), routine, on_page.pk)
    assert "Rutinen har ändrats sedan du öppnade sidan. Läs den som gäller nu." in shown
    assert "<title>Fel:" in shown
    assert ReadReceipt.objects.count() == 1


@pytest.mark.parametrize("sent", ["", "0", "x", "999999999", "9" * 40, "-1", "٣"])
def test_version_that_does_not_exist_is_refused(sent: str, routine: Routine, member: User, sign_in: SignIn) -> None:
    answer = sign_in(member).post(reverse("routine_read", args=[routine.slug]), {"version": sent})
    assert "Läs rutinen på den här sidan och tryck sedan igen." in answer.content.decode()
    assert ReadReceipt.objects.count() == 0


def test_draft_and_other_routines_version_are_refused(
    routine: Routine, unit: Unit, member: User, manager: User, sign_in: SignIn
) -> None:
    draft = shelf.draft(routine, "Nytt", by=manager)
    other = shelf.put(unit, "En annan", "Text", by=manager)
    for version in (draft, shelf.in_force(other)):
        assert "tryck sedan igen" in press(sign_in(member), routine, version.pk)
    with pytest.raises(Refused):
        actions.note_read(draft, by=member)
    assert ReadReceipt.objects.count() == 0


def test_only_those_who_work_in_the_unit_have_the_button(
    routine: Routine, member: User, coordinator: User, outsider: User, manager: User, sign_in: SignIn
) -> None:
    actions.share_routine(routine, by=manager)
    for person in (coordinator, outsider):
        client = sign_in(person)
        assert "Jag har läst och förstått" not in client.get(routine.get_absolute_url()).content.decode()
        sent = {"version": shelf.in_force(routine).pk}
        assert client.post(reverse("routine_read", args=[routine.slug]), sent).status_code == 403
        with pytest.raises(Refused):
            actions.note_read(shelf.in_force(routine), by=person)
    assert ReadReceipt.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_two_presses_at_once_are_one_receipt(routine: Routine, member: User) -> None:
    version = shelf.in_force(routine)
    made = together(4, lambda _: actions.note_read(version, by=member).pk)
    assert len(set(made)) == 1
    assert ReadReceipt.objects.count() == 1


# --- Seeing it -------------------------------------------------------------------------------------------------------


@pytest.fixture
def staff(unit: Unit, routine: Routine, manager: User, member: User) -> dict[str, User]:
    """Somebody who has read, somebody who hasn't, two with protected data, and somebody who has left."""
    people = {
        name: factories.staff(unit, name=f"Person {name}") for name in ("läst", "kvar", "hemlig", "dold", "slutat")
    }
    for name in ("läst", "hemlig", "slutat"):
        actions.note_read(shelf.in_force(routine), by=people[name])
    User.objects.filter(pk__in=[people["hemlig"].pk, people["dold"].pk]).update(is_protected=True)
    membership = people["slutat"].memberships.get()
    membership.ended_on = clock.today()
    membership.save()
    return people


@pytest.mark.parametrize("who", ["manager", "coordinator"])
def test_manager_and_coordinator_see_who_remains(
    who: str, staff: dict[str, User], routine: Routine, request: pytest.FixtureRequest, sign_in: SignIn
) -> None:
    shown = sign_in(request.getfixturevalue(who)).get(reverse("receipts", args=[routine.slug])).content.decode()
    remaining, read = shown.split("Har läst</h2>")
    assert "3 av 6 på Tallbackens förskola har läst rutinen." in shown
    assert "Cia Chef<span" in read  # it is she who has approved it
    assert "fastställde version 1.0" in read
    assert "Person kvar" in remaining
    assert "Mia Medarbetare" in remaining
    assert "Person läst" in read
    assert "2 personer har skyddade uppgifter och står inte i listan. Av dem har 1 läst." in shown
    for nobody in ("Person hemlig", "Person dold", "Person slutat"):
        assert nobody not in shown


def test_colleagues_see_nothing_of_it(
    staff: dict[str, User], routine: Routine, member: User, reader: User, outsider: User, sign_in: SignIn
) -> None:
    for person in (member, reader, outsider, staff["läst"]):
        client = sign_in(person)
        for answer in (
            client.get(reverse("receipts", args=[routine.slug])),
            client.post(reverse("receipts_remind", args=[routine.slug])),
        ):
            assert answer.status_code == 404
            assert "Person" not in answer.content.decode().replace(person.name, "")
        page = client.get(routine.get_absolute_url()).content.decode().replace(person.name, "")
        for name in ("Person läst", "Person kvar", "Vilka som har läst"):
            assert name not in page
    assert Message.objects.filter(key__startswith="routine_unread").count() == 0


def test_receipts_of_a_draft_are_of_nobody(unit: Unit, routine: Routine, manager: User, sign_in: SignIn) -> None:
    routine.versions.in_force().update(ended_at=clock.now())
    shown = sign_in(manager).get(reverse("receipts", args=[routine.slug])).content.decode()
    assert "Rutinen gäller inte än, så ingen har något att läsa." in shown
    reminded = sign_in(manager).post(reverse("receipts_remind", args=[routine.slug]), follow=True).content.decode()
    assert reminded.count("Rutinen gäller inte än") == 2


def test_receipts_take_the_same_queries_for_one_and_three(
    unit: Unit, routine: Routine, manager: User, sign_in: SignIn
) -> None:
    client, counts = sign_in(manager), []
    for number in range(3):
        actions.note_read(shelf.in_force(routine), by=factories.staff(unit))
        factories.staff(unit, name=f"Kvar {number}")
        client.get(reverse("receipts", args=[routine.slug]))
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse("receipts", args=[routine.slug]))
        counts.append(len(captured))
    assert counts[0] == counts[2]


def test_receipt_of_a_correction_counts_once(unit: Unit, routine: Routine, member: User, manager: User) -> None:
    actions.note_read(shelf.in_force(routine), by=member)
    corrected = shelf.publish(routine, ["Rättad"], by=manager, minor=1)
    ReadReceipt.objects.create(user=member, version=corrected)
    seen = queries.receipts(corrected)
    assert ([row.user for row in seen.read], seen.done, seen.total) == ([manager, member], 2, 2)
    assert seen.read[1].version.minor == 0  # the first time


def test_counts_of_all_routines_at_once_are_those_of_each(
    staff: dict[str, User], unit: Unit, routine: Routine, manager: User, coordinator: User, outsider: User
) -> None:
    actions.share_routine(routine, by=manager)
    changed = shelf.put(unit, "Ändrad", "Ring.", by=manager)
    for person in (staff["läst"], staff["hemlig"]):
        actions.note_read(shelf.in_force(changed), by=person)
    shelf.publish(changed, ["Ring 112."], by=coordinator, major=2)  # who does not work there
    actions.note_read(shelf.in_force(changed), by=staff["kvar"])
    shelf.publish(changed, ["Ring 112!"], by=manager, major=2, minor=1)
    unread = shelf.put(unit, "Oläst", "Ring.", by=coordinator)
    waiting = shelf.draft(unread, "Nytt", by=manager, major=1, minor=1)  # approved, and not in force
    RoutineVersion.objects.filter(pk=waiting.pk).update(approved_at=clock.now(), approved_by=manager)
    versions = [shelf.in_force(row) for row in (routine, changed, unread)]
    counts = queries.read_counts(unit, versions)
    assert [row.version for row in counts] == versions
    assert [(row.done, row.total) for row in counts] == [(3, 6), (2, 6), (0, 6)]
    each = [queries.receipts(version) for version in versions]
    assert [(row.done, row.total) for row in counts] == [(row.done, row.total) for row in each]


def test_counts_take_the_same_queries_for_one_routine_and_three(
    unit: Unit, routine: Routine, member: User, manager: User
) -> None:
    actions.note_read(shelf.in_force(routine), by=member)
    versions = [shelf.in_force(routine)]
    versions += [shelf.in_force(shelf.put(unit, title, "Ring.", by=manager)) for title in ("En till", "En tredje")]
    for some in (versions[:1], versions):
        with CaptureQueriesContext(connection) as captured:
            queries.read_counts(unit, some)
        assert len(captured) == 3


# --- Who has approved it has read it ------------------------------------------------------------------------------


def is_asked(client: Any, routine: Routine) -> bool:
    """Whether the page, both lists and the button say the same: that the routine remains to be read."""
    shown = client.get(routine.get_absolute_url()).content.decode()
    lists = [client.get(address).content.decode() for address in ("/", reverse("routines"))]
    said = {"Jag har läst och förstått" in shown, *("läst den än" in page or "du läste den" in page for page in lists)}
    assert len(said) == 1
    return said.pop()


def test_whoever_approved_a_version_is_not_asked_to_read_it(
    unit: Unit, routine: Routine, manager: User, sign_in: SignIn
) -> None:
    second = factories.staff(unit, name="Andra chefen", role=MembershipRole.MANAGER)
    client = sign_in(manager)
    assert not is_asked(client, routine)
    assert "Du fastställde version 1.0 den" in client.get(routine.get_absolute_url()).content.decode()
    assert is_asked(sign_in(second), routine)
    shelf.publish(routine, ["Ring 112!"], by=second, minor=1)  # a correction, approved by somebody else
    assert not is_asked(client, routine)
    assert not is_asked(sign_in(second), routine)  # who has now read all of it
    shelf.publish(routine, ["Ring alltid 112."], by=second, major=2)
    assert is_asked(client, routine)
    assert "Rutinen är ändrad sedan du läste version 1.0." in client.get(routine.get_absolute_url()).content.decode()
    assert ReadReceipt.objects.count() == 0  # nobody has said that they have


def test_approval_of_what_never_came_into_force_is_not_reading(
    unit: Unit, routine: Routine, manager: User, sign_in: SignIn
) -> None:
    second = factories.staff(unit, name="Andra chefen", role=MembershipRole.MANAGER)
    waiting = shelf.draft(routine, "Ring 112!", by=second, major=1, minor=1)
    RoutineVersion.objects.filter(pk=waiting.pk).update(approved_at=clock.now(), approved_by=second)
    assert is_asked(sign_in(second), routine)
    assert second in queries.receipts(shelf.in_force(routine)).remaining
    assert list(queries.remaining(shelf.in_force(routine))) == [second]


def test_receipt_that_the_approver_has_given_stands_as_what_it_is(
    routine: Routine, member: User, manager: User, sign_in: SignIn
) -> None:
    actions.note_read(shelf.in_force(routine), by=manager)
    actions.note_read(shelf.in_force(routine), by=member)
    assert "Du läste version 1.0 den" in sign_in(manager).get(routine.get_absolute_url()).content.decode()
    seen = queries.receipts(shelf.in_force(routine))
    assert (seen.done, seen.total, seen.remaining) == (2, 2, [])


def test_approver_with_protected_data_is_counted_and_not_named(
    routine: Routine, manager: User, coordinator: User, sign_in: SignIn
) -> None:
    User.objects.filter(pk=manager.pk).update(is_protected=True)
    shown = sign_in(coordinator).get(reverse("receipts", args=[routine.slug])).content.decode()
    assert "1 person har skyddade uppgifter och står inte i listan. Av dem har 1 läst." in shown
    assert manager.name not in shown


def test_approver_who_has_left_is_not_counted(routine: Routine, manager: User, member: User) -> None:
    membership = manager.memberships.get()
    membership.ended_on = membership.started_on
    membership.save()
    seen = queries.receipts(shelf.in_force(routine))
    assert (seen.read, seen.remaining, seen.done, seen.total) == ([], [member], 0, 1)


# --- Reminding -------------------------------------------------------------------------------------------------------


def letters() -> list[str]:
    return sorted(Message.objects.filter(key__startswith="routine_unread").values_list("recipient__name", flat=True))


def test_those_who_remain_get_one_letter_a_day(
    staff: dict[str, User], routine: Routine, manager: User, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = sign_in(manager)
    address = reverse("receipts_remind", args=[routine.slug])
    assert "2 personer får ett mejl." in client.post(address, follow=True).content.decode()
    assert letters() == ["Mia Medarbetare", "Person kvar"]  # not the manager, nobody protected, nobody who has left
    again = client.post(address, follow=True).content.decode()
    assert "Ingen fick något mejl" in again
    assert "Senaste påminnelsen:" in again
    assert len(letters()) == 2
    actions.note_read(shelf.in_force(routine), by=staff["kvar"])
    tomorrow = clock.today() + dt.timedelta(days=1)
    monkeypatch.setattr(clock, "today", lambda: tomorrow)
    assert actions.remind_unread(routine, by=manager) == 1
    assert letters() == ["Mia Medarbetare", "Mia Medarbetare", "Person kvar"]


def test_letter_leads_to_the_routine_and_names_nobody_else(
    staff: dict[str, User], routine: Routine, coordinator: User
) -> None:
    assert actions.remind_unread(routine, by=coordinator) == 2  # the manager has approved it
    letter = Message.objects.get(recipient=staff["kvar"], key__startswith="routine_unread")
    assert letter.subject == "Läs rutinen ”När du blir orolig”, Tallbackens förskola"
    for body in (letter.text, letter.html):
        assert routine.get_absolute_url() in body
        assert "Läst och förstått" in body
        for name in ("Person läst", "Mia Medarbetare", "Person hemlig"):
            assert name not in body


def test_closed_account_gets_no_letter(routine: Routine, member: User, manager: User) -> None:
    User.objects.filter(pk=member.pk).update(is_active=False)
    assert actions.remind_unread(routine, by=manager) == 0
    assert letters() == []


def test_many_letters_take_no_more_queries_than_few(unit: Unit, routine: Routine, coordinator: User) -> None:
    counts = []
    for _ in range(2):
        for _ in range(3):
            factories.staff(unit)
        with CaptureQueriesContext(connection) as captured:
            actions.remind_unread(routine, by=coordinator)
        Message.objects.filter(key__startswith="routine_unread").delete()
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_manager_who_also_is_a_manager_elsewhere_reads_for_themselves(unit: Unit, routine: Routine) -> None:
    second = factories.staff(unit, name="Andra chefen", role=MembershipRole.MANAGER)
    assert actions.note_read(shelf.in_force(routine), by=second).user == second
