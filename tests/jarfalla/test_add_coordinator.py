"""`manage.py add_coordinator`: how a new portal gets its first coordinator."""

import pytest
from django.core.management import CommandError, call_command

from units.models import User, UserRole


def test_add_coordinator_twice_is_one_account(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("add_coordinator", "Anna@Example.org", "Anna Andersson")
    call_command("add_coordinator", "anna@example.org", "A. Andersson")
    user = User.objects.get(email="anna@example.org")
    assert (user.name, user.role, user.is_active) == ("Anna Andersson", UserRole.COORDINATOR, True)
    said = "Anna Andersson <anna@example.org> is a coordinator and signs in with a code by e-mail.\n"
    assert capsys.readouterr().out == said * 2


def test_add_coordinator_who_has_a_closed_account_opens_it(db: None) -> None:
    User.objects.create_user("anna@example.org", "Anna Andersson", is_active=False)
    call_command("add_coordinator", "anna@example.org", "Anna Andersson", verbosity=0)
    assert User.objects.get().is_active
    assert User.objects.get().is_coordinator


@pytest.mark.parametrize(
    ("email", "name", "sentence"),
    [("anna", "Anna", "anna is not an e-mail address."), ("anna@example.org", " ", "Skriv personens namn.")],
)
def test_add_coordinator_with_bad_words_adds_nobody(db: None, email: str, name: str, sentence: str) -> None:
    with pytest.raises(CommandError) as refusal:
        call_command("add_coordinator", email, name)
    assert str(refusal.value) == sentence
    assert not User.objects.exists()
