"""Real servers for tests: a Celery worker and beat as processes of their own, an SMTP server, a Redis to stop."""

import contextlib
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.conf import settings
from django.db import connection

from jarfalla import print_fonts, processes


@dataclass
class MailBox:
    """An SMTP server on a free port. `refuse` is what it answers instead of taking the mail."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    refuse: str = ""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  aiosmtpd's name
        """Take the mail, or refuse it."""
        if self.refuse:
            return self.refuse
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 OK"

    @property
    def url(self) -> str:
        """What EMAIL_URL is to be."""
        return f"smtp://127.0.0.1:{self.port}"


@contextlib.contextmanager
def smtp_server() -> Iterator[MailBox]:
    """A real SMTP server that keeps what it gets."""
    box = MailBox(port=free_port())
    controller = Controller(box, hostname="127.0.0.1", port=box.port)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()


def database_url() -> str:
    """The URL of the database that this test runs on, for processes of their own."""
    database = connection.settings_dict
    return f"postgres://{database['USER']}:{database['PASSWORD']}@/{database['HOST']}/{database['NAME']}"


@contextlib.contextmanager
def celery(kind: str, log: Path, **environment: str) -> Iterator["subprocess.Popen[bytes]"]:
    """`kind` is worker or beat: a process of its own on the test's database; stopped at the end."""
    share_fonts(log.parent)
    with _process(kind, log, {"VAR_DIR": str(log.parent), **environment}) as process:
        yield process


def share_fonts(var: Path) -> None:
    """Let processes find the fonts of printed documents that the tests have: to make them takes ten seconds."""
    made = print_fonts.print_fonts(Path(settings.VAR_DIR)).parent
    var.mkdir(parents=True, exist_ok=True)
    if not (var / "fonts").exists():
        (var / "fonts").symlink_to(made)


@contextlib.contextmanager
def web(log: Path, **environment: str) -> Iterator[str]:
    """gunicorn on environment["PORT"], or a free one, and the test's database; yields its address."""
    port = int(environment.get("PORT") or free_port())
    with _process("web", log, {"BIND": f"127.0.0.1:{port}", "WEB_WORKERS": "1", "WEB_THREADS": "8", **environment}):
        wait_for(lambda: accepts(port), what=f"the web server, whose log is {log},")
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def _process(name: str, log: Path, environment: dict[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    # No night in the middle of a test that does not ask for one: it makes binders, and takes the worker's time.
    full = {"DATABASE_URL": database_url(), "DEBUG": "1", "NIGHT_HOUR": "24", **environment}
    process = processes.start(name, processes.command(name), log=log, environment=full)
    try:
        yield process.popen
    finally:
        processes.stop([process])


def free_port() -> int:
    """A TCP port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def accepts(port: int) -> bool:
    """Whether somebody listens on the port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_for(condition: Callable[[], object], seconds: float = 30, what: str = "the condition") -> None:
    """Return once `condition` is true; fail with `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come true within {seconds:.0f} s"
        time.sleep(0.1)
