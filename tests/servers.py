"""Starts the servers that the tests run against, before Django reads its settings (`-p tests.servers`)."""

import os
from pathlib import Path

os.environ.setdefault("DEBUG", "1")
ROOT = Path(__file__).resolve().parent.parent
os.environ.setdefault("VAR_DIR", str(ROOT / "var" / "test"))
os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(ROOT / "var" / "cache" / "hypothesis"))

from jarfalla import catalogues, embedded

embedded.provide_servers()
catalogues.compile_catalogues()
(embedded.var_dir() / "static").mkdir(exist_ok=True)  # whitenoise warns in each test without it
