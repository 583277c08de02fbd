"""`make demo` as it is: started, used from a second terminal, ended in every way; nothing is left running."""

import datetime as dt
import io
import os
import signal
import socket
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from jarfalla.management.commands.demo import Command
from tests.demo import Demo, running_demo, start_demo
from tests.processes import assert_nothing_left, left_running

# Each starts the whole portal, on a machine that may be doing other things.
pytestmark = pytest.mark.timeout(400)  # seconds
SMALL = ("--units=3", "--staff=6")


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One folder for all, so that the data is made once; whatever a failing test left running is ended."""
    folder = tmp_path_factory.mktemp("demo")
    yield folder
    for pid in left_running(folder):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def process_of(demo: Demo, word: str) -> int:
    """The oldest process of the demo whose command line has `word`."""
    found = [pid for pid, command in left_running(demo.var).items() if word in command]
    assert found, f"no process of the demo has {word} in its command line"
    return min(found)


def wait_for_end(demo: Demo) -> str:
    """Wait until the demo has ended; return what it printed."""
    demo.process.wait(timeout=60)
    return demo.output.read_text()


def units(demo: Demo) -> str:
    """How many units the portal has."""
    return demo.manage("shell", "--no-imports", "-c", "from units.models import Unit; print(Unit.objects.count())")


def test_demo_serves_pages_and_ends_with_ctrl_c(var: Path) -> None:
    with running_demo(var, *SMALL) as demo:
        with urllib.request.urlopen(f"{demo.base_url}/healthz", timeout=10) as response:
            assert response.read() == b"ok\n"
        for word in ("gunicorn", "jarfalla worker", "jarfalla beat", "aiosmtpd"):
            process_of(demo, word)
        ahead = dt.date.today() + dt.timedelta(days=200)  # noqa: DTZ011  the demo's clock starts from the machine's
        assert demo.manage("move_clock", "200") == f"The demo's date is now {ahead}.\n"
        refused = start_demo(var, "--reset")
        assert wait_for_end(refused) == f"CommandError: A demo runs already on {var}. End it with Ctrl-C first.\n"
        assert refused.process.returncode == 1
        assert units(demo) == "3\n"  # asked by a second user of the servers, who ends first
        assert demo.process.poll() is None
    assert demo.process.returncode == 0
    assert "Stopped." in demo.output.read_text()


def test_demo_that_was_killed_hinders_nothing_and_one_whose_part_dies_stops(var: Path) -> None:
    with running_demo(var, *SMALL) as killed:
        port = int(killed.base_url.rpartition(":")[2])
        killed.manage("move_clock", "200")
        killed.process.kill()
        killed.process.wait()
        deadline = time.monotonic() + 20
        while any("gunicorn" in line or "celery" in line for line in left_running(var).values()):
            assert time.monotonic() < deadline, left_running(var)
            time.sleep(0.1)
        # PostgreSQL and Redis still run, and nobody uses them.
        with running_demo(var, port=port) as demo:
            assert units(demo) == "3\n"
            assert (var / "clock").read_text() == "200"
            os.kill(process_of(demo, "jarfalla worker"), signal.SIGKILL)
            said = wait_for_end(demo)
    assert f"CommandError: worker ended by itself (code -9). {var}/log/worker.log ends:" in said
    assert demo.process.returncode == 1


def test_demo_reset_removes_the_data_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    for name in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name)
    for name in ("postgres/PG_VERSION", "redis/url", "media/a.pdf", "mail/new/1", "clock", "verapdf/jar", "test/log"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    command = Command(stdout=io.StringIO())
    command.var = tmp_path
    command._reset()
    assert {path.name for path in tmp_path.iterdir()} == {"run", "verapdf", "test"}


def test_demo_reset_of_a_database_elsewhere_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://portal@database.example.org/portal")
    with pytest.raises(CommandError, match="DATABASE_URL or REDIS_URL names others"):
        Command()._reset()


def test_demo_on_a_taken_port_says_so_in_one_line(var: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = wait_for_end(start_demo(var, port=port))
    assert said.count("\n") == 1
    assert said.startswith(f"CommandError: Port {port} cannot be used")
    assert_nothing_left(var)


def test_move_clock_outside_demo_mode_is_refused() -> None:
    with pytest.raises(CommandError, match="only in demo mode"):
        call_command("move_clock", "200")
