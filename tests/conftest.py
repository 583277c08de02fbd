"""The cast: who owns, who works there, who only reads, who must see nothing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, settings

from jarfalla.embedded import EmbeddedRedis, start_redis
from tests import factories, world
from tests.real_servers import MailBox, smtp_server
from tests.world import World
from units.models import MembershipRole, Unit, User, UserRole

# The same examples everywhere, and no clock: a test that fails fails for everybody, on a busy machine too. New examples
# are looked for with `--hypothesis-profile=default`.
settings.register_profile("fixed", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("fixed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with a test that may take long begin first, so that no process is left alone with them in the end."""
    longest: dict[Path, float] = {}
    for item in items:
        marker = item.get_closest_marker("timeout")
        longest[item.path] = max(longest.get(item.path, 0), marker.args[0] if marker else 0)
    items.sort(key=lambda item: -longest[item.path])


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
def rows(unit: Unit, coordinator: User, manager: User, member: User, outsider: User) -> World:
    """A unit with a bit of everything: every address has something to show."""
    return world.build(unit, coordinator=coordinator, manager=manager, member=member)


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


@pytest.fixture
def mail_box(settings: Any) -> Iterator[MailBox]:
    """A real SMTP server, and a portal that sends through it."""
    with smtp_server() as box:
        settings.EMAIL_BACKEND = "jarfalla.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", box.port
        yield box


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[EmbeddedRedis]:
    """A real Redis of the test's own, for processes of the test's own; the test may stop it."""
    server = start_redis(tmp_path / "redis")
    yield server
    server.stop()
