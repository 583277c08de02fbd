"""Who uses a server, so that the last one to end stops it."""

import contextlib
import fcntl
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

STOP_SECONDS = 30


class Share:
    """This process's part in the server whose data lies in `folder`.

    A shared lock on an open file: the kernel gives it back however a process ends, kill -9 included, so no list
    of process numbers can go stale.
    """

    def __init__(self, folder: Path) -> None:
        run = folder.parent / "run"
        run.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._gate = (run / f"{folder.name}.gate").open("ab")
        self._users = (run / f"{folder.name}.users").open("ab")
        self._owner = os.getpid()

    @contextlib.contextmanager
    def gate(self) -> Iterator[None]:
        """Hold off every other process that would start or stop the server."""
        fcntl.flock(self._gate, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._gate, fcntl.LOCK_UN)

    def take(self) -> None:
        """Count as a user from now on. Inside `gate()`."""
        fcntl.flock(self._users, fcntl.LOCK_SH)

    def is_only_one(self) -> bool:
        """Whether nobody else uses the server. Inside `gate()`."""
        try:
            fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        """Count no longer."""
        self._users.close()
        self._gate.close()

    def give_back(self, stop: Callable[[], None]) -> None:
        """Count no longer; call `stop` if nobody else uses the server. A forked child does nothing."""
        if self._users.closed or os.getpid() != self._owner:
            return
        with self.gate():
            if self.is_only_one():
                stop()
        self.close()


def end(pid: int, number: signal.Signals, still_there: Callable[[], bool]) -> None:
    """Send `number` to a server and wait until it has gone; after STOP_SECONDS end it the hard way."""
    deadline = time.monotonic() + STOP_SECONDS
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
        while still_there() or not _is_off_the_process_table(pid):
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
                deadline += STOP_SECONDS
            time.sleep(0.02)


def _is_off_the_process_table(pid: int) -> bool:
    """Whether nothing of the process is left; a child of ours stays there until we look."""
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True  # not our child: its own parent, or init, looks
