"""The translations in the form that the running portal reads. Imports no app and no Django."""

import subprocess
from pathlib import Path

from jarfalla.embedded import var_dir

SOURCES = Path(__file__).resolve().parent / "locale"


def compile_catalogues() -> list[Path]:
    """Compile each catalogue that changed since last time into var/locale; return those.

    Not beside the source, as `manage.py compilemessages` would: what is made lies under var/.
    Raises CalledProcessError when a catalogue has an error; msgfmt has then printed where.
    """
    changed = []
    for source in sorted(SOURCES.glob("*/LC_MESSAGES/*.po")):
        target = var_dir() / "locale" / source.relative_to(SOURCES).with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        half = target.with_suffix(".half")
        subprocess.run(["msgfmt", "--check-format", "--output-file", str(half), str(source)], check=True)  # noqa: S603, S607  our own words
        half.rename(target)  # whole or not at all: another process may be reading
        changed.append(target)
    return changed
