"""What runs on this machine: for tests that start something and must leave nothing behind."""

import os
import time
from pathlib import Path


def left_running(var: Path) -> dict[int, str]:
    """Every process that was started with VAR_DIR=`var`, as number and command line; our own is not counted."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes().split(b"\0")
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            continue  # it ended while we looked, or it is somebody else's
        if f"VAR_DIR={var}".encode() in environment and int(folder.name) != os.getpid() and command:
            found[int(folder.name)] = command
    return found


def assert_nothing_left(var: Path, seconds: float = 5) -> None:
    """Fail, with the command lines, if a process of `var` still runs after `seconds`."""
    deadline = time.monotonic() + seconds
    while (left := left_running(var)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left == {}
