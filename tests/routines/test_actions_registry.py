"""Contacts and laws: what counts as a change of print, who checked it, and what happens when two do it at once."""

import datetime as dt

import pytest

from jarfalla import clock
from routines import actions, queries
from routines.models import Contact, LegalReference
from tests.routines import printed
from tests.together import together
from units.models import Refused, User

pytestmark = pytest.mark.django_db


def values(entry: Contact | LegalReference, **changed: str) -> dict[str, str]:
    """What the form of the entry sends, with something changed."""
    return {name: changed.get(name, getattr(entry, name)) for name in entry.EDITED}


PRINTED = [(printed.contact, name) for name in Contact.PRINTED] + [
    (printed.law, name) for name in LegalReference.PRINTED
]


@pytest.mark.parametrize(("make", "name"), PRINTED, ids=[f"{make.__name__} {name}" for make, name in PRINTED])
def test_change_of_what_is_printed_is_a_new_revision_that_nobody_has_checked(
    make: object, name: str, coordinator: User
) -> None:
    entry = make()  # type: ignore[operator]  # one of the two makers above
    changed = actions.change_entry(entry, values(entry, **{name: "https://nytt.se"}), by=coordinator)
    assert (getattr(changed, name), changed.revision) == ("https://nytt.se", 2)
    assert (changed.checked_on, changed.checked_by) == (None, None)


@pytest.mark.parametrize(("make", "name"), [(printed.contact, "source"), (printed.law, "label")])
def test_change_of_what_is_not_printed_is_no_new_revision(make: object, name: str, coordinator: User) -> None:
    entry = make()  # type: ignore[operator]  # one of the two makers
    changed = actions.change_entry(entry, values(entry, **{name: "Annat"}), by=coordinator)
    assert (getattr(changed, name), changed.revision, changed.checked_on) == ("Annat", 1, clock.today())


def test_change_that_is_checked_is_one_new_revision(coordinator: User) -> None:
    entry = printed.contact(checked_on=None, checked_by=None)
    changed = actions.change_entry(entry, values(entry, phone="112"), by=coordinator, is_checked=True)
    assert (changed.revision, changed.checked_on, changed.checked_by) == (2, clock.today(), coordinator)


def test_same_change_twice_is_one(coordinator: User) -> None:
    entry = printed.contact()
    seen = queries.fingerprint(entry)
    for _ in range(2):
        actions.change_entry(entry, values(entry, phone="112"), by=coordinator, seen=seen, is_checked=True)
    assert Contact.objects.get().revision == 2


def test_change_of_what_somebody_else_has_changed_is_refused_and_overwrites_nothing(coordinator: User) -> None:
    entry = printed.contact()
    seen = queries.fingerprint(entry)
    actions.change_entry(entry, values(entry, phone="08-222 22 22"), by=coordinator, seen=seen)
    with pytest.raises(Refused, match="Någon annan har ändrat uppgifterna medan du skrev"):
        actions.change_entry(entry, values(entry, hours="dygnet runt"), by=coordinator, seen=seen)
    stored = Contact.objects.get()
    assert (stored.phone, stored.hours) == ("08-222 22 22", "")


def test_first_check_is_print_and_later_ones_are_not(coordinator: User) -> None:
    """The PDF says "inte kontrollerad" until the first check; the date stands on the page only."""
    entry = printed.contact(checked_on=None, checked_by=None)
    assert actions.check_entry(entry, by=coordinator).revision == 2
    assert actions.check_entry(entry, by=coordinator).revision == 2
    Contact.objects.update(checked_on=clock.today() - dt.timedelta(days=400))
    again = actions.check_entry(entry, by=coordinator)
    assert (again.revision, again.checked_on) == (2, clock.today())


def test_retired_entry_is_kept_with_who_took_it_out_once(coordinator: User, manager: User) -> None:
    entry = printed.law()
    retired = actions.retire_entry(entry, by=coordinator)
    again = actions.retire_entry(entry, by=manager)
    assert (again.revision, again.retired_at, again.retired_by) == (2, retired.retired_at, coordinator)
    assert not LegalReference.objects.current().exists()


def test_retired_entry_is_neither_changed_nor_checked(coordinator: User) -> None:
    entry = actions.retire_entry(printed.contact(), by=coordinator)
    with pytest.raises(Refused, match="tagits bort"):
        actions.check_entry(entry, by=coordinator)
    with pytest.raises(Refused, match="tagits bort"):
        actions.change_entry(entry, values(entry, phone="112"), by=coordinator)
    assert Contact.objects.get().phone == "08-111 11 11"


def test_new_entry_comes_last_and_unchecked(coordinator: User) -> None:
    printed.contact("Polisen", position=7)
    made = actions.add_entry(Contact(name="BRIS", phone="116 111"), by=coordinator)
    assert (made.position, made.revision, made.checked_on) == (8, 1, None)
    checked = actions.add_entry(LegalReference(label="A", law="B", about="C"), by=coordinator, is_checked=True)
    assert (checked.checked_on, checked.checked_by, checked.revision) == (clock.today(), coordinator, 1)


def test_new_entry_sent_twice_is_one_and_another_with_its_name_is_refused(coordinator: User) -> None:
    first = actions.add_entry(Contact(name="BRIS", phone="116 111"), by=coordinator)
    assert actions.add_entry(Contact(name="BRIS", phone="116 111"), by=coordinator) == first
    with pytest.raises(Refused, match="finns redan"):
        actions.add_entry(Contact(name="bris", phone="112"), by=coordinator)
    assert Contact.objects.get().phone == "116 111"


def test_name_of_another_entry_is_refused(coordinator: User) -> None:
    printed.contact("BRIS")
    entry = printed.contact("Polisen")
    with pytest.raises(Refused, match="finns redan"):
        actions.change_entry(entry, values(entry, name="Bris"), by=coordinator)
    assert set(Contact.objects.values_list("name", flat=True)) == {"BRIS", "Polisen"}


def test_retired_entry_comes_back_under_its_name_as_a_new_revision(coordinator: User) -> None:
    entry = printed.contact("BRIS")
    actions.retire_entry(entry, by=coordinator)
    back = actions.add_entry(Contact(name="BRIS", phone="116 111"), by=coordinator)
    assert (back.pk, back.phone, back.revision) == (entry.pk, "116 111", 3)
    assert (back.retired_at, back.retired_by, back.checked_on) == (None, None, None)


# --- At once, for real ----------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_people_who_add_the_same_name_at_once_make_one(coordinator: User) -> None:
    def add(number: int) -> str:
        try:
            actions.add_entry(Contact(name="BRIS", phone=f"08-{number}00 00 00"), by=coordinator)
        except Refused:
            return "refused"
        return "made"

    assert sorted(together(4, add)) == ["made", "refused", "refused", "refused"]
    assert Contact.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_people_who_change_a_contact_at_once_lose_nothing(coordinator: User) -> None:
    entry = printed.contact()
    seen = queries.fingerprint(entry)
    changes = [{"phone": "08-222 22 22"}, {"hours": "dygnet runt"}]

    def change(number: int) -> str:
        try:
            actions.change_entry(entry, values(entry, **changes[number]), by=coordinator, seen=seen)
        except Refused:
            return "refused"
        return "saved"

    assert sorted(together(2, change)) == ["refused", "saved"]
    stored = Contact.objects.get()
    assert (stored.phone, stored.hours) in [("08-222 22 22", ""), ("08-111 11 11", "dygnet runt")]
    assert stored.revision == 2
