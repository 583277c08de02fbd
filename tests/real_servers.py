"""Real servers for tests: a Celery worker and beat as processes of their own, an SMTP server, a Redis to stop."""

import asyncio
import contextlib
import itertools
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from enum import StrEnum
from pathlib import Path
from typing import Any, LiteralString
from urllib.parse import unquote

import psycopg
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.conf import settings
from django.db import connection

from jarfalla import print_fonts, processes
from jarfalla.embedded import start_postgres, stop_postgres


class Mood(StrEnum):
    """What the mail server does with one mail."""

    TAKE = "take"
    BUSY = "busy"  # says that it does not take it now
    STALL = "stall"  # stops talking before it has heard of the mail
    DROP = "drop"  # hangs up when it has the whole mail, which it throws away
    DROP_TAKEN = "drop_taken"  # hangs up when it has taken the mail
    HANG = "hang"  # stops talking when it has the whole mail, which it throws away
    HANG_TAKEN = "hang_taken"  # stops talking when it has taken the mail


TROUBLE = [Mood.BUSY, Mood.STALL, Mood.DROP, Mood.DROP_TAKEN, Mood.HANG, Mood.HANG_TAKEN]
_FOR_EVER = 3600


def random_moods(seed: int, trouble: float) -> Iterator[Mood]:
    """So large a share of the mails meets some trouble; the same for the same seed."""
    chance = random.Random(seed)
    while True:
        yield chance.choice(TROUBLE) if chance.random() < trouble else Mood.TAKE


@dataclass
class MailBox:
    """An SMTP server on a free port. `refuse` is what it answers instead of taking the mail, `refuse_recipient` when
    it hears whom it is to; `moods` is what it does with one mail after the other. While `gate` is not set it lets those
    wait that it has got, with `has_mail` set.
    """

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    refuse: str = ""
    refuse_recipient: str = ""
    moods: Iterator[Mood] = field(default_factory=lambda: itertools.repeat(Mood.TAKE))
    gate: threading.Event = field(default_factory=threading.Event)
    has_mail: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.port = self.port or free_port()
        self.gate.set()

    async def handle_MAIL(  # noqa: N802  aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Hear whom it is from; what becomes of it is decided now."""
        session.mood = next(self.moods, Mood.TAKE)  # type: ignore[attr-defined]  # ours, for handle_DATA
        if session.mood == Mood.STALL:  # type: ignore[attr-defined]  # ours
            await asyncio.sleep(_FOR_EVER)
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802  aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Hear whom it is to."""
        if self.refuse_recipient:
            return self.refuse_recipient
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  aiosmtpd's name
        """Take the mail, or refuse it, or do what the mood says."""
        if self.refuse:
            return self.refuse
        mood = session.mood  # type: ignore[attr-defined]  # ours, from handle_MAIL
        self.has_mail.set()
        while not self.gate.is_set():
            await asyncio.sleep(0.02)
        if mood in (Mood.TAKE, Mood.DROP_TAKEN, Mood.HANG_TAKEN):
            assert isinstance(envelope.content, bytes)
            mail = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(mail, EmailMessage)
            self.mails.append(mail)
        if mood in (Mood.DROP, Mood.DROP_TAKEN):
            assert server.transport
            server.transport.close()
        if mood in (Mood.HANG, Mood.HANG_TAKEN):
            await asyncio.sleep(_FOR_EVER)
        return "451 Kom tillbaka senare" if mood == Mood.BUSY else "250 OK"

    @property
    def url(self) -> str:
        """What EMAIL_URL is to be."""
        return f"smtp://127.0.0.1:{self.port}"


@contextlib.contextmanager
def smtp_server(box: MailBox | None = None) -> Iterator[MailBox]:
    """A real SMTP server that keeps what it gets; the same `box` again is the same server, back from a rest."""
    box = box or MailBox()
    controller = Controller(box, hostname="127.0.0.1", port=box.port)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()


@contextlib.contextmanager
def own_postgres(folder: Path) -> Iterator["OwnPostgres"]:
    """A PostgreSQL of the test's own with the portal's tables, which the test may stop: others use the shared one."""
    server = OwnPostgres(folder)
    try:
        yield server
    finally:
        server.stop()


class OwnPostgres:
    """`url` leads to it, also after it was stopped and started."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self.url = self.start()
        self.manage("migrate", "--no-input", "-v0")
        self.manage("createcachetable")

    def start(self) -> str:
        """Start it; returns its URL."""
        return start_postgres(self._folder)

    def stop(self) -> None:
        """Stop it, whoever is connected."""
        stop_postgres(self._folder)

    def manage(self, *words: str) -> None:
        """Run manage.py on it."""
        environment = os.environ | {"DATABASE_URL": self.url, "DEBUG": "1"}
        subprocess.run([sys.executable, "manage.py", *words], cwd=processes.ROOT, env=environment, check=True)

    def rows(self, query: LiteralString) -> list[Any]:
        """What is in it."""
        socket_folder, name = self.url.partition("@/")[2].rsplit("/", 1)
        with psycopg.connect(host=unquote(socket_folder), user="postgres", dbname=name) as own:
            return own.execute(query).fetchall()


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


class Killable:
    """A worker or beat with a folder of its own, for a test that kills it."""

    def __init__(self, kind: str, folder: Path, environment: dict[str, str]) -> None:
        self._kind, self._folder, self._environment = kind, folder, environment
        self._lives = itertools.count(1)
        self._start()

    def _start(self) -> None:
        self._stack = contextlib.ExitStack()
        log = self._folder / f"{self._kind}-{next(self._lives)}.log"
        self._process = self._stack.enter_context(celery(self._kind, log, **self._environment))

    def kill_and_start_again(self) -> None:
        """As the machine's lack of memory does it: all of its processes, without a word."""
        self.close()
        self._start()

    def close(self) -> None:
        """Kill it."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._stack.close()


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
