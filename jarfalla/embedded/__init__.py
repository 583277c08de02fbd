"""A private PostgreSQL and Redis for development and tests, started from wheels under var/.

Production sets DATABASE_URL and REDIS_URL and never comes here. Several processes may use the same servers
(`make demo` in one terminal, `manage.py shell` in another): whoever ends last stops them; the data stays.
"""

import contextlib
import os
import shutil
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from jarfalla.embedded.postgres import start_postgres, stop_postgres
from jarfalla.embedded.redis import EmbeddedRedis, start_redis, stop_redis
from jarfalla.embedded.share import Share

__all__ = [
    "EmbeddedRedis",
    "InUseError",
    "provide_servers",
    "remove_data",
    "start_postgres",
    "start_redis",
    "stop_postgres",
    "var_dir",
]


class InUseError(RuntimeError):
    """Another process uses the servers whose data was to be removed."""


def var_dir() -> Path:
    """The folder that everything the portal writes lies under: VAR_DIR, or var/ beside manage.py."""
    default = Path(__file__).resolve().parent.parent.parent / "var"
    return Path(os.environ.get("VAR_DIR", default)).resolve()


def provide_servers() -> None:
    """Set DATABASE_URL and REDIS_URL, starting (or joining) the embedded server behind each that is unset."""
    if not os.environ.get("DATABASE_URL"):
        os.environ["DATABASE_URL"] = start_postgres(var_dir() / "postgres")
    if not os.environ.get("REDIS_URL"):
        os.environ["REDIS_URL"] = start_redis(var_dir() / "redis").url
    _run_exit_handlers_when_told_to_end()


def remove_data() -> None:
    """Delete the data of both servers. Raises InUseError, touching nothing, while a process uses them."""
    stops: dict[Path, Callable[[Path], None]] = {
        var_dir() / "postgres": stop_postgres,
        var_dir() / "redis": stop_redis,
    }
    shares = [Share(folder) for folder in stops]
    with contextlib.ExitStack() as stack:
        for share in shares:
            stack.enter_context(share.gate())
        if not all(share.is_only_one() for share in shares):
            raise InUseError("another process uses the embedded PostgreSQL or Redis")
        for folder, stop in stops.items():
            stop(folder)  # one may run still, left behind by a process that was killed
            shutil.rmtree(folder, ignore_errors=True)
    for share in shares:
        share.close()


def _run_exit_handlers_when_told_to_end() -> None:
    """Let SIGTERM and a closed terminal end Python in order, so that atexit stops the servers."""
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, lambda received, _frame: sys.exit(128 + received))
