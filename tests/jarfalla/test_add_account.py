"""`manage.py add_account`: how a new portal gets its first coordinator, and its readers."""

import pytest
from django.core.management import CommandError, call_command

from tests import factories
from units.models import Unit, User, UserRole


def test_add_account_twice_is_one_account(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("add_account", "Anna@Example.org", "Anna Andersson")
    call_command("add_account", "anna@example.org", "A. Andersson")
    user = User.objects.get(email="anna@example.org")
    assert (user.name, user.role, user.is_active) == ("Anna Andersson", UserRole.COORDINATOR, True)
    said = "Anna Andersson <anna@example.org> is a coordinator and signs in with a code by e-mail.\n"
    assert capsys.readouterr().out == said * 2


def test_add_account_who_has_a_closed_account_opens_it(db: None) -> None:
    User.objects.create_user("anna@example.org", "Anna Andersson", is_active=False)
    call_command("add_account", "anna@example.org", "Anna Andersson", verbosity=0)
    assert User.objects.get().is_active
    assert User.objects.get().is_coordinator


@pytest.mark.parametrize(
    ("email", "name", "sentence"),
    [("anna", "Anna", "anna is not an e-mail address."), ("anna@example.org", " ", "Skriv personens namn.")],
)
def test_add_account_with_bad_words_adds_nobody(db: None, email: str, name: str, sentence: str) -> None:
    with pytest.raises(CommandError) as refusal:
        call_command("add_account", email, name)
    assert str(refusal.value) == sentence
    assert not User.objects.exists()


def test_add_account_of_a_reader(db: None) -> None:
    call_command("add_account", "anna@example.org", "Anna Andersson", "--role=reader", verbosity=0)
    assert User.objects.get().is_reader


def test_add_account_of_a_reader_who_works_in_a_unit_is_refused(unit: Unit) -> None:
    person = factories.staff(unit)
    with pytest.raises(CommandError, match="kan inte höra till en enhet"):
        call_command("add_account", person.email, person.name, "--role=reader")
    person.refresh_from_db()
    assert person.role == UserRole.STAFF
