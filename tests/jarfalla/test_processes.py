"""The compose file, the demo and the papers all speak of the same processes and the same variables."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from jarfalla import processes
from jarfalla.management.commands.demo import Command

ROOT = Path(__file__).resolve().parent.parent.parent
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()


@pytest.fixture
def services() -> dict[str, dict[str, Any]]:
    """What docker-compose.yml starts."""
    compose: dict[str, dict[str, dict[str, Any]]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return compose["services"]


@pytest.mark.parametrize("name", processes.PROCESSES)
def test_process_is_the_same_in_compose_and_in_the_demo(name: str, services: dict[str, dict[str, Any]]) -> None:
    in_compose = services[name]["command"]
    assert processes.command(name) == [str(ROOT / word) for word in in_compose]
    assert (ROOT / in_compose[0]).stat().st_mode & 0o111


def test_compose_has_every_part_of_the_portal(services: dict[str, dict[str, Any]]) -> None:
    assert set(services) == {*processes.PROCESSES, "migrate", "database", "redis", "mail"}


def test_compose_runs_no_demo_and_no_debug(services: dict[str, dict[str, Any]]) -> None:
    example = dict(line.split("=", 1) for line in (ROOT / ".env.example").read_text().splitlines() if "=" in line[:30])
    for service in services.values():
        assert not {"DEBUG", "DEMO"} & {*service.get("environment", {}), *example}


def test_every_variable_is_explained_and_none_that_nobody_reads() -> None:
    read = set(re.findall(r'env\.\w+\("([A-Z_]+)"', (ROOT / "jarfalla" / "settings.py").read_text()))
    for name in processes.PROCESSES:
        read |= set(re.findall(r"\$\{([A-Z_]+):-", (ROOT / "bin" / name).read_text()))
    rows = [line.split("|")[1] for line in OPERATIONS.splitlines() if re.match(r"\| `[A-Z_]+`", line)]
    explained = {name for row in rows for name in re.findall(r"`([A-Z_]+)`", row)}
    assert explained == read


def test_demo_sets_only_variables_that_are_explained() -> None:
    command = Command()
    command.var, command.port = Path("/tmp"), 8000
    for name in command._environment():
        assert f"`{name}`" in OPERATIONS
