"""What the settings promise: no demo in production, a strict policy for scripts, static files that are whole."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as real_settings
from django.test import Client

from jarfalla.checks import demo_needs_debug


def manage(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """One management command in a process of its own, as production would run it."""
    clean = {name: value for name, value in os.environ.items() if name not in {"DEBUG", "DEMO"}}
    return subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=real_settings.BASE_DIR,
        env=clean | {"SECRET_KEY": "only-for-this-test", "ALLOWED_HOSTS": "portalen.example"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_demo_mode_is_impossible_without_debug(settings: Any) -> None:
    settings.DEMO, settings.DEBUG = True, False
    assert [error.id for error in demo_needs_debug(None)] == ["jarfalla.E001"]
    settings.DEBUG = True
    assert demo_needs_debug(None) == []


def test_no_command_starts_in_demo_mode_without_debug() -> None:
    refused = manage("check", DEMO="1")
    assert refused.returncode != 0
    assert "jarfalla.E001" in refused.stderr


def test_production_settings_need_a_secret_key() -> None:
    environment = {name: value for name, value in os.environ.items() if name not in {"DEBUG", "DEMO", "SECRET_KEY"}}
    refused = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=real_settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode != 0
    assert "Set the SECRET_KEY environment variable" in refused.stderr


@pytest.mark.django_db
def test_pages_allow_scripts_and_styles_from_here_only(client: Client) -> None:
    policy = client.get("/logga-in/")["Content-Security-Policy"]
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";") if part.strip())
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == directives["style-src"] == directives["font-src"] == "'self'"
    assert directives["frame-ancestors"] == directives["base-uri"] == "'none'"
    assert "unsafe" not in policy


def test_static_files_are_collected_whole(tmp_path: Path) -> None:
    """The manifest is strict: a missing font, image or stylesheet fails here and not on the page."""
    collected = manage("collectstatic", "--noinput", "-v0", VAR_DIR=str(tmp_path))
    assert collected.returncode == 0, collected.stderr
    files = json.loads((tmp_path / "static" / "staticfiles.json").read_text())["paths"]
    named = {
        name
        for page in (real_settings.BASE_DIR / "templates").rglob("*.html")
        for name in re.findall(r'{% static "([^"]+)" %}', page.read_text())
    } | {"django_htmx/htmx-2.min.js", "fonts/portal-serif.woff2"}
    assert {"css/bootstrap.min.css", "css/portal.css", "fonts/portal-sans.woff2", "img/favicon.svg"} <= named
    assert named - set(files) == set()
    fonts = [tmp_path / "static" / files[f"fonts/portal-{face}.woff2"] for face in ("sans", "serif")]
    assert all(10_000 < font.stat().st_size < 80_000 for font in fonts)  # bytes
    stylesheet = tmp_path / "static" / files["css/portal.css"]
    assert all(font.name in stylesheet.read_text() for font in fonts)
    assert stylesheet.with_name(stylesheet.name + ".gz").exists()
