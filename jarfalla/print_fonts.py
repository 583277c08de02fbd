"""The typefaces of printed documents, each weight a file of its own. Imports no app.

The packages carry variable fonts. WeasyPrint makes a static one of each for every document anew, which is half of all
the time that a PDF takes; here it is done once in an installation's life (some ten seconds), under VAR_DIR/fonts.
Only the letters that nearly everything is written with are taken; for the others a document falls back on the
packages' own files. The licence (OFL) reserves the name "Source" for the originals, so a changed file carries another
family name.
"""

import hashlib
import tempfile
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

# What a stylesheet asks for, first of its family's names; then the package's own.
FAMILIES = {"Portal Print Sans": "Source Sans 3", "Portal Print Serif": "Source Serif 4"}
# Latin with all its accents, also Vietnamese; punctuation, arrows, mathematics, boxes and dingbats.
_RANGES = [(0x20, 0x250), (0x2B0, 0x370), (0x1E00, 0x1F00), (0x2000, 0x2300), (0x2500, 0x2800)]
_STYLE_WORDS = (16, 17, 21, 22, 25)  # names that would tell of a family with many weights


@dataclass(frozen=True)
class Face:
    """One weight, upright or italic."""

    family: str
    weight: int
    style: str = "normal"


FACES = [
    *(Face("Portal Print Sans", weight, style) for style in ("normal", "italic") for weight in (400, 600, 700)),
    Face("Portal Print Serif", 600),
]
# The size that the letters of Source Serif 4 are drawn for, in its axis' units.
_FIXED = {"Portal Print Serif": {"opsz": 20}}


def print_fonts(var: Path) -> Path:
    """The folder below `var` with every face, made first when it is not there."""
    folder = var / "fonts" / f"print-{_recipe()}"
    if folder.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    half_done = Path(tempfile.mkdtemp(dir=folder.parent, prefix="print-"))
    half_done.chmod(0o755)
    for face in FACES:
        _cut(face, half_done / f"{face.family.replace(' ', '')}-{face.weight}-{face.style}.ttf")
    try:
        half_done.rename(folder)
    except OSError:  # another process was quicker; its files are the same
        for path in [*half_done.iterdir()]:
            path.unlink()
        half_done.rmdir()
    return folder


def _recipe() -> str:
    """What the files are made of and how, as a hash: another version of a package makes another folder."""
    made_of = [str(asdict(face)) for face in FACES]
    made_of += [str(_RANGES), str(_FIXED)]
    made_of += [version(name) for name in ("fonttools", "fontpkg-source-sans-3", "fontpkg-source-serif-4")]
    return hashlib.sha256("|".join(made_of).encode()).hexdigest()[:16]


def _cut(face: Face, target: Path) -> None:
    # Slow to import, and needed once in an installation's life; fontTools has no types.
    import fontpkg
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont
    from fontTools.varLib.instancer import instantiateVariableFont

    # The file's own date stays, so that two machines make the same bytes.
    font = TTFont(fontpkg.path(FAMILIES[face.family], style=face.style), recalcTimestamp=False)
    subsetter = Subsetter(Options(layout_features=["*"], hinting=False, notdef_outline=True))
    subsetter.populate(unicodes=[point for first, end in _RANGES for point in range(first, end)])
    subsetter.subset(font)
    font = instantiateVariableFont(font, {"wght": face.weight} | _FIXED.get(face.family, {}))
    _name(font, face)
    font.save(target)


def _name(font: Any, face: Face) -> None:
    """Give the file its family's name; which weight it is stands in OS/2, where fontconfig looks."""
    own = f"{face.family} {face.weight}" + (" Italic" if face.style == "italic" else "")
    names = {1: face.family, 2: "Regular", 3: own, 4: own, 6: own.replace(" ", "")}
    for name_id in (*names, *_STYLE_WORDS):
        font["name"].removeNames(nameID=name_id)
    for name_id, name in names.items():
        font["name"].setName(name, name_id, 3, 1, 0x409)  # Windows, Unicode, English
    font["OS/2"].usWeightClass = face.weight
