"""The portal's processes, started and stopped together. Imports no app and no Django.

What web, worker and beat are, exactly, stands in bin/: the demo, the tests and docker-compose.yml all start those.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROCESSES = ("web", "worker", "beat")
STOP_SECONDS = 10


@dataclass(frozen=True)
class Process:
    """One that runs, and where its words go."""

    name: str
    popen: "subprocess.Popen[bytes]"
    log: Path

    def tail(self, lines: int = 20) -> str:
        """The last lines that it wrote."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def command(name: str) -> list[str]:
    """How web, worker or beat is started."""
    return [str(ROOT / "bin" / name)]


def start(name: str, words: list[str], *, log: Path, environment: dict[str, str]) -> Process:
    """Start a process with `environment` on top of ours, its output in `log`, this Python's programs first on PATH.

    It gets a process group of its own, so that Ctrl-C reaches only us; should we be killed, it ends too (Linux).
    """
    path = f"{Path(sys.executable).parent}:{os.environ.get('PATH', os.defpath)}"
    follow_us = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as out:
        popen = subprocess.Popen(  # noqa: S603  our own words
            [*follow_us, *words],
            cwd=ROOT,
            env=os.environ | environment | {"PATH": path},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    return Process(name, popen, log)


def stop(processes: Iterable[Process]) -> None:
    """Ask all to end; after STOP_SECONDS, end by force what is left, with all that they started."""
    processes = list(processes)
    for process in processes:
        process.popen.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for process in processes:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.popen.wait(timeout=max(0.0, deadline - time.monotonic()))
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.popen.pid, signal.SIGKILL)
        process.popen.wait()


def ended(processes: Iterable[Process]) -> Process | None:
    """The first that has ended by itself."""
    return next((process for process in processes if process.popen.poll() is not None), None)
