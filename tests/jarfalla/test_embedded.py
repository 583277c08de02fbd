"""The embedded PostgreSQL and Redis, really started, shared, killed and stopped."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
import redis

from jarfalla.embedded import start_redis
from tests.processes import assert_nothing_left, left_running

ROOT = Path(__file__).resolve().parent.parent.parent
# A process that uses the servers until its input ends, as `manage.py shell` does.
USER = """
import json, os, sys
from jarfalla import embedded
embedded.provide_servers()
print(json.dumps([os.environ["DATABASE_URL"], os.environ["REDIS_URL"]]), flush=True)
sys.stdin.read()
"""


class ServerUser:
    """A running process that uses the servers of `var`."""

    def __init__(self, var: Path) -> None:
        environment = {key: value for key, value in os.environ.items() if key not in ("DATABASE_URL", "REDIS_URL")}
        self.process = subprocess.Popen(
            [sys.executable, "-c", USER],
            cwd=ROOT,
            env=environment | {"VAR_DIR": str(var)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self.process.stdout
        self.database_url, self.redis_url = json.loads(self.process.stdout.readline())

    def end(self) -> None:
        """End in order."""
        self.process.communicate(timeout=60)

    def connect(self) -> psycopg.Connection:
        """A connection to the portal's database."""
        _, _, path = self.database_url.partition("@/")
        host, _, name = path.rpartition("/")
        from urllib.parse import unquote

        return psycopg.connect(host=unquote(host), dbname=name, user="postgres", autocommit=True)

    def redis(self) -> redis.Redis:
        """A connection to Redis."""
        return redis.Redis.from_url(self.redis_url)


@contextmanager
def server_user(var: Path) -> Iterator[ServerUser]:
    """A process that uses the servers and ends in order, also when the test fails."""
    user = ServerUser(var)
    try:
        yield user
    finally:
        if user.process.poll() is None:
            user.end()


@pytest.fixture
def var(tmp_path: Path) -> Iterator[Path]:
    """A folder of the test's own; whatever a failing test left running is ended."""
    yield tmp_path
    for pid in left_running(tmp_path):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def test_servers_stop_with_the_last_process(var: Path) -> None:
    with server_user(var) as first, server_user(var) as second:
        assert (second.database_url, second.redis_url) == (first.database_url, first.redis_url)
        first.end()
        assert second.connect().execute("SELECT upper('åäö')").fetchone() == ("ÅÄÖ",)
        assert second.redis().ping()
    assert_nothing_left(var)


def test_servers_after_a_killed_user_stop_with_the_next(var: Path) -> None:
    with server_user(var) as killed:
        killed.process.kill()
        killed.process.wait()
        with server_user(var) as next_one:
            assert (next_one.database_url, next_one.redis_url) == (killed.database_url, killed.redis_url)
    assert_nothing_left(var)


def test_servers_told_to_end_stop_too(var: Path) -> None:
    with server_user(var) as user:
        user.process.terminate()
        assert user.process.wait(timeout=60) == 128 + signal.SIGTERM
    assert_nothing_left(var)


def test_data_survives_a_kill_of_everything(var: Path) -> None:
    with server_user(var) as user:
        user.connect().execute("CREATE TABLE units AS SELECT 'Förskolan Åsen' AS name")
        user.redis().set("queue", "waits")
        for pid in left_running(var):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    with server_user(var) as user:
        assert user.connect().execute("SELECT name FROM units").fetchone() == ("Förskolan Åsen",)
        assert user.redis().get("queue") == b"waits"
    assert_nothing_left(var)


def test_a_pid_file_whose_number_somebody_else_has_now(var: Path) -> None:
    with server_user(var):
        pass
    (var / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n{var / 'postgres'}\n1\n5432\n/tmp\n\n")
    with server_user(var) as user:
        assert user.connect().execute("SELECT 1").fetchone() == (1,)
    assert_nothing_left(var)


@pytest.mark.parametrize("name", ["x" * 120, "en mapp i Järfälla + 100 %"], ids=["long", "odd signs"])
def test_a_folder_name_that_is_awkward(var: Path, name: str) -> None:
    (var / name).mkdir()
    with server_user(var / name) as user:
        assert user.connect().execute("SELECT 1").fetchone() == (1,)
        django = subprocess.run(
            [
                sys.executable,
                "manage.py",
                "shell",
                "-c",
                "from django.db import connection as c; c.ensure_connection()",
            ],
            cwd=ROOT,
            env=os.environ | {"DEBUG": "1", "DATABASE_URL": user.database_url},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (django.returncode, django.stderr) == (0, "")
    assert_nothing_left(var / name)


def test_servers_where_namespaces_are_forbidden(var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in most containers. Root then borrows the account `nobody`; an ordinary user notices nothing."""
    (var / "bin").mkdir()
    (var / "bin" / "unshare").write_text("#!/bin/sh\nexit 1\n")
    (var / "bin" / "unshare").chmod(0o755)
    monkeypatch.setenv("PATH", f"{var / 'bin'}:{os.environ['PATH']}")
    with server_user(var) as user:
        assert user.connect().execute("SELECT 1").fetchone() == (1,)
    assert_nothing_left(var)


def test_removing_data_that_somebody_uses_is_refused(var: Path) -> None:
    remove = [sys.executable, "-c", "from jarfalla import embedded; embedded.remove_data()"]
    environment = os.environ | {"VAR_DIR": str(var)}
    with server_user(var) as user:
        refused = subprocess.run(remove, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert "InUseError: another process uses the embedded PostgreSQL or Redis" in refused.stderr
        assert user.connect().execute("SELECT 1").fetchone() == (1,)
        user.process.kill()  # the servers run on, but nobody uses them
        user.process.wait()
        subprocess.run(remove, cwd=ROOT, env=environment, check=True)
    assert_nothing_left(var)
    assert not (var / "postgres").exists()
    assert not (var / "redis").exists()


def test_redis_that_was_stopped_comes_back_where_clients_look_for_it(tmp_path: Path) -> None:
    server = start_redis(tmp_path / "redis")
    redis.Redis.from_url(server.url).set("queue", "waits")
    server.stop()
    with pytest.raises(redis.ConnectionError):
        redis.Redis.from_url(server.url, retry=None).ping()
    again = start_redis(tmp_path / "redis")
    assert again.url == server.url
    assert redis.Redis.from_url(server.url).get("queue") == b"waits"
    again.stop()
