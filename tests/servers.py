"""Starts the servers that the tests run against, before Django reads its settings (`-p tests.servers`)."""

import os
from pathlib import Path

os.environ.setdefault("DEBUG", "1")
os.environ.setdefault("VAR_DIR", str(Path(__file__).resolve().parent.parent / "var" / "test"))
os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", os.environ["VAR_DIR"] + "/hypothesis")

from jarfalla import catalogues, embedded

embedded.provide_servers()
catalogues.compile_catalogues()
(embedded.var_dir() / "static").mkdir(exist_ok=True)  # whitenoise warns in each test without it
