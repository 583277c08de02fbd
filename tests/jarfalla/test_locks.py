"""The lock files: versions and hashes, no address, and one version of each package for demo and tests."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
LOCKS = ["requirements.lock", "requirements-dev.lock"]


def pins(lock: str) -> dict[str, str]:
    """Package (and marker) to version."""
    lines = re.findall(r"^([\w.\[\]-]+)==(\S+)( ;.*?)? ?\\?$", (ROOT / lock).read_text(), re.MULTILINE)
    return {name + marker: version for name, version, marker in lines}


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_holds_hashes_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert re.search(r"https?:|file:|git\+|^-", text, re.MULTILINE) is None
    entries = re.split(r"\n(?=\S)", text.strip())
    assert len(entries) == len(pins(lock))
    assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_tests_lock_holds_all_that_the_demo_has() -> None:
    assert pins("requirements.lock").items() <= pins("requirements-dev.lock").items()


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_has_every_package_that_the_project_names(lock: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = project["project"]["dependencies"] + project["project"]["optional-dependencies"]["demo"]
    if lock == "requirements-dev.lock":
        wanted += project["dependency-groups"]["dev"]
    names = {re.split(r"[\[<>=]", requirement)[0].lower() for requirement in wanted}
    locked = {re.split(r"[\[ ]", name)[0] for name in pins(lock)}
    assert names - locked == set()
