"""The cast: who owns, who works there, who only reads, who must see nothing."""

import pytest
from django.test import Client

from tests import factories
from units.models import MembershipRole, Unit, User, UserRole


@pytest.fixture
def unit(db: None) -> Unit:
    """A unit that takes part, with an open round, a manager and a member (the cast below)."""
    return factories.taking_part(factories.unit(name="Tallbackens förskola"))


@pytest.fixture
def coordinator(db: None) -> User:
    """Sees all units."""
    return factories.user(name="Sam Samordnare", role=UserRole.COORDINATOR)


@pytest.fixture
def manager(unit: Unit) -> User:
    """Manages `unit`."""
    return factories.staff(unit, name="Cia Chef", role=MembershipRole.MANAGER)


@pytest.fixture
def member(unit: Unit) -> User:
    """Works in `unit`."""
    return factories.staff(unit, name="Mia Medarbetare")


@pytest.fixture
def reader(db: None) -> User:
    """Sees figures only."""
    return factories.user(name="Lo Läsare", role=UserRole.READER)


@pytest.fixture
def outsider(db: None) -> User:
    """Manages another unit."""
    return factories.staff(
        factories.taking_part(factories.unit(name="Granbackens skola")),
        name="Uno Utomstående",
        role=MembershipRole.MANAGER,
    )


@pytest.fixture
def sign_in() -> "SignIn":
    """Call it with a user; get a client that is signed in."""
    return SignIn()


class SignIn:
    """Signs users in without the code by e-mail, which tests/jarfalla/test_accounts.py covers."""

    def __call__(self, user: User | None) -> Client:
        """A client for `user`; an anonymous one for None."""
        client = Client()
        if user is not None:
            client.force_login(user)
        return client
