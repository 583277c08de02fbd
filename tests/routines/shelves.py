"""Exports for tests: routines that go into them without rendering, and files that are made at once."""

import hashlib
import io
import zipfile
from pathlib import Path
from typing import Any

from django.core.files.base import ContentFile
from django.utils.text import slugify

from jarfalla import clock
from routines import actions
from routines.models import Export, ExportKind, Routine, RoutineVersion, SectionKind
from units.models import Unit, User


def in_force(
    unit: Unit, title: str, *, by: User, major: int = 1, text: str = "<p>Text</p>", **fields: Any
) -> RoutineVersion:
    """A version in force whose stored PDF is a few bytes: for files that only carry it along."""
    routine = Routine.objects.filter(unit=unit, title=title).first() or Routine.objects.create(
        unit=unit, title=title, slug=slugify(f"{title} {unit.slug}"), created_by=by
    )
    version = routine.versions.create(major=major, created_by=by, **fields)
    version.sections.create(key="syfte", position=1, kind=SectionKind.TEXT, heading="Syfte", body=text)
    content = f"%PDF-1.7 {title} {major}".encode()
    now = clock.now()
    routine.versions.in_force().update(ended_at=now)
    version.approved_at, version.approved_by, version.in_force_at = now, by, now
    version.pdf.name = version.pdf.storage.save(f"routines/{routine.slug}-v{version.number}.pdf", ContentFile(content))
    version.pdf_sha256 = hashlib.sha256(content).hexdigest()
    version.save()
    return RoutineVersion.objects.get(pk=version.pk)


def made(kind: ExportKind, *, by: User | None, unit: Unit | None = None) -> Export:
    """An export that the worker has made."""
    export = actions.ask_for_export(kind, by=by, unit=unit)
    actions.make_export(export.pk)
    export.refresh_from_db()
    return export


def unpacked(export: Export) -> dict[str, bytes]:
    """The files in a ZIP, each with its path."""
    with export.file.open("rb") as file, zipfile.ZipFile(io.BytesIO(file.read())) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def ask(by: User | None, kind: ExportKind = ExportKind.ALL, unit: Unit | None = None) -> Export:
    """An export that waits."""
    return actions.ask_for_export(kind, by=by, unit=unit)


def fresh(export: Export) -> Export:
    """The row as it is now."""
    return Export.objects.get(pk=export.pk)


def kept_files(media: Path) -> list[str]:
    """The names of the exports' files."""
    return sorted(path.name for path in (media / "exports").glob("*")) if (media / "exports").exists() else []
