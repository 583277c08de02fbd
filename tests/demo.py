"""A real demo for tests: `with running_demo(tmp_path) as demo: browser.goto(demo.base_url)`."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from tests.processes import assert_nothing_left
from tests.real_servers import free_port, share_fonts

ROOT = Path(__file__).resolve().parent.parent
# What the tests' own servers set, and a demo must find out for itself.
OURS = {"DATABASE_URL", "REDIS_URL", "EMAIL_URL", "BASE_URL", "DEBUG", "DEMO", "PORT", "DJANGO_SETTINGS_MODULE"}


@dataclass
class Demo:
    """A demo that runs."""

    base_url: str
    var: Path
    process: "subprocess.Popen[str]"
    output: Path

    def manage(self, *words: str) -> str:
        """Run `manage.py` in the demo's folder; return what it printed."""
        command = [sys.executable, "manage.py", *words]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=environment(self.var) | {"DEBUG": "1", "DEMO": "1"},
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def mails(self) -> list[EmailMessage]:
        """Every mail that was sent, oldest first."""
        found = []
        for path in sorted((self.var / "mail" / "new").glob("*"), key=lambda path: path.stat().st_mtime_ns):
            mail = message_from_bytes(path.read_bytes(), policy=policy.default)
            assert isinstance(mail, EmailMessage)
            found.append(mail)
        return found


def environment(var: Path) -> dict[str, str]:
    """What a terminal on a fresh machine would have, and a VAR_DIR."""
    return {key: value for key, value in os.environ.items() if key not in OURS} | {"VAR_DIR": str(var)}


def start_demo(var: Path, *options: str, port: int = 0) -> Demo:
    """Start `manage.py demo` and return at once; its words go to the file `output`."""
    share_fonts(var)
    port = port or free_port()
    output = var / f"demo-{time.time_ns()}.txt"
    with output.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "demo", f"--port={port}", *options],
            cwd=ROOT,
            env=environment(var),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            text=True,
        )
    return Demo(f"http://localhost:{port}", var, process, output)


@contextlib.contextmanager
def running_demo(var: Path, *options: str, port: int = 0, seconds: float = 180) -> Iterator[Demo]:
    """A demo that is ready to be clicked, stopped with Ctrl-C at the end; fails if anything is left running.

    `options` are those of `manage.py demo`, such as "--units=5".
    """
    demo = start_demo(var, *options, port=port)
    try:
        deadline = time.monotonic() + seconds
        while "The portal stands at" not in demo.output.read_text():
            assert demo.process.poll() is None, demo.output.read_text()
            assert time.monotonic() < deadline, demo.output.read_text()
            time.sleep(0.1)
        yield demo
    finally:
        if demo.process.poll() is None:
            demo.process.send_signal(signal.SIGINT)
        demo.process.wait(timeout=60)
    assert_nothing_left(var)
