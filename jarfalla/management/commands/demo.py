"""`make demo`: the whole portal on this machine, in the foreground, until Ctrl-C."""

import contextlib
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from jarfalla import embedded, processes

START_SECONDS = 120
WRITTEN = ("media", "mail", "static", "locale", "clock", "celerybeat-schedule*")

WELCOME = """
The portal stands at {url}   (Ctrl-C stops all of it)

  Sign in   choose samordnare, chef, medarbetare or läsare on the sign-in page; no code is needed
  Mails     {var}/mail/new/   one file for each mail that the portal sends
  Logs      {var}/log/        web, worker, beat, mail
  Clock     make move-clock DAYS=200   or   .venv/bin/python manage.py move_clock 200
"""


class Command(BaseCommand):
    """Provide servers, prepare the data, start web, worker and beat, and stop all of it at the end."""

    help = "Runs the whole portal with invented data on this machine until Ctrl-C."
    requires_system_checks = ()  # prepare_demo makes them

    def add_arguments(self, parser: CommandParser) -> None:
        """Where, and whether from the beginning."""
        parser.add_argument("--port", type=int, default=int(os.environ.get("PORT") or 8000), help="8000 if not given")
        parser.add_argument("--reset", action="store_true", help="throw all data away first")
        parser.add_argument("--units", type=int, help="size of the invented municipality, if there is none yet")
        parser.add_argument("--staff", type=int, help="its people on staff lists, about")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until Ctrl-C, SIGTERM or the end of one of the processes."""
        if not settings.DEMO:
            raise CommandError("The demo signs anybody in; it runs with DEBUG=1 and DEMO=1 and never in production.")
        self.var, self.port = Path(settings.VAR_DIR), int(options["port"])
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # a shell's `&` ignores the first
            signal.signal(number, _stop_as_with_ctrl_c)
        with only_demo(self.var), contextlib.suppress(KeyboardInterrupt):
            refuse_taken_port(self.port)
            if options["reset"]:
                self._reset()
            self._run([f"--{name}={options[name]}" for name in ("units", "staff") if options[name]])
        self.stdout.write("Stopped. The data stays in " + str(self.var))

    def _reset(self) -> None:
        if os.environ.get("DATABASE_URL") or os.environ.get("REDIS_URL"):
            raise CommandError("RESET empties only the embedded servers; DATABASE_URL or REDIS_URL names others.")
        try:
            embedded.remove_data()
        except embedded.InUseError as in_use:
            raise CommandError(f"Nothing was removed: {in_use}. End it first.") from in_use
        for path in [path for pattern in WRITTEN for path in self.var.glob(pattern)]:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        self.stdout.write("The old data is gone.")

    def _environment(self) -> dict[str, str]:
        """What the processes are told on top of DATABASE_URL and REDIS_URL; impatient where production is calm."""
        return {
            "DEBUG": "1",
            "DEMO": "1",
            "BIND": f"127.0.0.1:{self.port}",
            "BASE_URL": f"http://localhost:{self.port}",
            "VAR_DIR": str(self.var),
            "TICK_SECONDS": os.environ.get("TICK_SECONDS", "10"),
            "SWEEP_HOUR": os.environ.get("SWEEP_HOUR", "0"),
            # A night's binders for every unit would hold up what somebody clicks on in the first minutes.
            "NIGHT_HOUR": os.environ.get("NIGHT_HOUR", "24"),
        }

    def _run(self, size: list[str]) -> None:
        self.stdout.write("Starting PostgreSQL and Redis")
        self.stdout.flush()
        embedded.provide_servers()
        running: list[processes.Process] = []
        environment = self._environment()
        try:
            if not os.environ.get("EMAIL_URL"):
                environment["EMAIL_URL"] = self._start_mail_catcher(running)
            manage = [sys.executable, "manage.py", "prepare_demo", *size]
            if subprocess.run(manage, cwd=processes.ROOT, env=os.environ | environment, check=False).returncode:  # noqa: S603  our own words
                raise CommandError("The data could not be prepared; the reason stands above.")
            for name in processes.PROCESSES:
                log = self.var / "log" / f"{name}.log"
                running.append(processes.start(name, processes.command(name), log=log, environment=environment))
            self._wait_until_it_answers(running)
            self.stdout.write(WELCOME.format(url=environment["BASE_URL"], var=self.var))
            self.stdout.flush()
            while True:
                self._refuse_ended(running)
                time.sleep(0.5)
        finally:
            # A second Ctrl-C must not leave anything behind; this takes processes.STOP_SECONDS at most.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            self.stdout.write("\nStopping …")
            self.stdout.flush()
            processes.stop(reversed(running))

    def _start_mail_catcher(self, running: list[processes.Process]) -> str:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        handler = ["-c", "aiosmtpd.handlers.Mailbox", str(self.var / "mail")]
        words = [sys.executable, "-m", "aiosmtpd", "-n", "-l", f"127.0.0.1:{port}", *handler]
        running.append(processes.start("mail", words, log=self.var / "log" / "mail.log", environment={}))
        return f"smtp://127.0.0.1:{port}"

    def _wait_until_it_answers(self, running: list[processes.Process]) -> None:
        self.stdout.write("Starting " + ", ".join(processes.PROCESSES))
        deadline = time.monotonic() + START_SECONDS
        while not answers(f"http://127.0.0.1:{self.port}/healthz"):
            self._refuse_ended(running)
            if time.monotonic() > deadline:
                web = next(process for process in running if process.name == "web")
                raise CommandError(f"web does not answer. {web.log} ends:\n{web.tail()}")
            time.sleep(0.2)

    def _refuse_ended(self, running: list[processes.Process]) -> None:
        if one := processes.ended(running):
            raise CommandError(
                f"{one.name} ended by itself (code {one.popen.returncode}). {one.log} ends:\n{one.tail()}"
            )


def _stop_as_with_ctrl_c(number: int, frame: Any) -> None:
    raise KeyboardInterrupt


@contextlib.contextmanager
def only_demo(var: Path) -> Iterator[None]:
    """Hold the place of the one demo that may run on `var`. Raises CommandError when it is taken."""
    (var / "run").mkdir(parents=True, exist_ok=True)
    with (var / "run" / "demo.lock").open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as taken:
            raise CommandError(f"A demo runs already on {var}. End it with Ctrl-C first.") from taken
        yield


def refuse_taken_port(port: int) -> None:
    """Raise CommandError when somebody listens on the port, or when we may not."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as taken:
            raise CommandError(f"Port {port} cannot be used ({taken}). Choose another: make demo PORT=8001") from taken


def answers(url: str) -> bool:
    """Whether a GET is answered with success."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310  our own http address
            return bool(response.status == 200)  # noqa: PLR2004  HTTP's number
    except (urllib.error.URLError, OSError):
        return False
