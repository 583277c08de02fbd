"""The portal's two typefaces as small web fonts, made from the fontpkg packages. Imports no app.

The packages carry complete variable TTF files (0.6 and 1.2 MB). Here they are cut to the Latin letters and
written as WOFF2 (36 and 56 kB) under VAR_DIR/fonts, where `collectstatic` and the development server find
them as `fonts/<name>.woff2`. The licence (OFL) reserves the name "Source" for the originals, so a changed file
carries another family name.
"""

import os
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.checks import CheckMessage
from django.core.files.storage import FileSystemStorage, Storage

# Latin with all its accents, punctuation, and the signs that the pages use: € → ← − ≤ ≥ ™.
LETTERS = [*range(0x20, 0x250), *range(0x2000, 0x2070), 0x20AC, 0x2122, 0x2190, 0x2192, 0x2212, 0x2264, 0x2265]
FEATURES = ["calt", "ccmp", "kern", "liga", "lnum", "locl", "mark", "tnum"]
PREFIX = "fonts/"


@dataclass(frozen=True)
class Cut:
    """One web font: its family name, and the package and file that it is cut from."""

    family: str
    package: str
    file: str
    # Axes that are set to one value; the others stay variable.
    fixed: dict[str, float] = field(default_factory=dict)


CUTS = {
    "portal-sans.woff2": Cut("Portal Sans", "fontpkg_source_sans_3", "SourceSans3[wght].ttf"),
    "portal-serif.woff2": Cut("Portal Serif", "fontpkg_source_serif_4", "SourceSerif4[opsz,wght].ttf", {"opsz": 24}),
}


def cut_font(name: str, folder: Path) -> Path:
    """The web font `name` in `folder`, made first when it is not there (some seconds). KeyError: no such font."""
    cut, target = CUTS[name], folder / name
    if target.exists():
        return target
    # Slow to import, and needed once in an installation's life; fontTools has no types.
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont
    from fontTools.varLib.instancer import instantiateVariableFont

    with files(cut.package).joinpath("files", cut.file).open("rb") as original:
        font = TTFont(original)
        subsetter = Subsetter(Options(layout_features=FEATURES))
        subsetter.populate(unicodes=LETTERS)
        subsetter.subset(font)
    if cut.fixed:
        font = instantiateVariableFont(font, cut.fixed)
    for name_id in (1, 3, 4, 6, 16):
        font["name"].removeNames(nameID=name_id)
        font["name"].setName(cut.family.replace(" ", "" if name_id == 6 else " "), name_id, 3, 1, 0x409)  # noqa: PLR2004  name 6 is the PostScript name
    font.flavor = "woff2"
    folder.mkdir(parents=True, exist_ok=True)
    handle, half_done = tempfile.mkstemp(dir=folder, suffix=".part")
    with os.fdopen(handle, "wb") as file:
        font.save(file)
    Path(half_done).chmod(0o644)
    # In one move: two processes that start together both leave a whole file.
    return Path(half_done).replace(target)


class FontFinder(BaseFinder):
    """Gives Django's staticfiles the web fonts, wherever it asks for them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.folder = Path(settings.VAR_DIR) / "fonts"
        self.storage = FileSystemStorage(location=self.folder)
        # collectstatic reads the prefix from here.
        self.storage.prefix = PREFIX.rstrip("/")  # type: ignore[attr-defined]  # Django's finders set it the same way

    def check(self, **kwargs: Any) -> list[CheckMessage]:
        """Nothing to configure."""
        return []

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        """The file behind `fonts/<name>`; an empty list when it is not one of ours."""
        name = path.removeprefix(PREFIX)
        if not path.startswith(PREFIX) or name not in CUTS:
            return []
        found = str(cut_font(name, self.folder))
        return [found] if find_all or kwargs.get("all") else found

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, Storage]]:
        """Every web font, for collectstatic."""
        for name in CUTS:
            cut_font(name, self.folder)
            yield name, self.storage
