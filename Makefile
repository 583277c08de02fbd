# Two commands are enough: `make demo` and `make test`. `make help` lists the rest.
PORT ?= 8000
ARGS ?=
DAYS ?= 0
# Tests run in this many processes; a file is one process's, so that a demo started for a file is started once.
WORKERS ?= logical
PYTHON_IN_VENV := .venv/bin/python
# No __pycache__ among the sources.
export PYTHONDONTWRITEBYTECODE := 1

.PHONY: help demo test check setup setup-test move-clock lock messages format clean

help: ## this list
	@grep -hE "^[a-z-]+:.*## " $(MAKEFILE_LIST) | sed -E "s/:[^#]*## /\t/" | expand -t 16

demo: setup ## the portal with invented data at http://localhost:PORT; RESET=1 starts over; Ctrl-C stops all of it
	@exec $(PYTHON_IN_VENV) manage.py demo --port $(PORT) $(if $(filter-out 0 no,$(RESET)),--reset)

test: setup-test ## every test; ARGS="-k routine" passes arguments on
	@exec $(PYTHON_IN_VENV) -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

check: setup-test ## style, types, imports, templates, translations, migrations, production settings
	@exec bin/check $(ARGS)

setup: ## .venv and the system libraries, for the demo
	@bin/setup demo

setup-test: ## the same for the tests, with Chromium and Java
	@bin/setup test

move-clock: ## DAYS=200: the running demo believes that it is 200 days later; DAYS=0 is today again
	@exec $(PYTHON_IN_VENV) manage.py move_clock $(DAYS)

lock: setup ## writes the lock files anew from pyproject.toml; ARGS=--upgrade takes the newest versions
	@exec bin/lock $(ARGS)

messages: setup ## brings the English catalogue in step with the texts of the source
	@DEBUG=1 $(PYTHON_IN_VENV) manage.py makemessages --locale en --add-location file --ignore .venv --ignore var

format: setup-test ## ruff and djlint put the source in order
	@.venv/bin/ruff check --fix-only --quiet . ; .venv/bin/ruff format --quiet . ; .venv/bin/djlint templates --reformat --quiet

clean: ## removes .venv and var, the data too
	rm -rf .venv var
