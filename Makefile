# Every target says what it does in `make help`. All of them make or refresh .venv first where they need it.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The locks are complete, so nothing is resolved at install time: --no-deps keeps a missing line a loud failure.
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes
# Production's settings for tools that load them: the example environment, with the secret that it leaves open.
PRODUCTION := set -a; . ./.env.example; SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(50))'); set +a;

.PHONY: help install run test check lint bench soak format lock

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 oder neuer ist nötig. Zum Beispiel: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)

# Stamps, so that a second `make run` installs nothing.
$(VENV)/.run: requirements/base.txt requirements/embedded.txt | $(BIN)/python
	$(PIP_INSTALL) -r requirements/base.txt -r requirements/embedded.txt
	@touch $@

$(VENV)/.dev: requirements/dev.txt | $(BIN)/python
	$(PIP_INSTALL) -r requirements/dev.txt
	@touch $@ $(VENV)/.run

install: $(VENV)/.dev ## install everything a developer needs into .venv

run: $(VENV)/.run ## start the portal with its own database on http://localhost:8000/ (PORT=8010 for another port)
	@exec $(BIN)/python manage.py up

test: install ## run the whole test suite, browser tests included
	$(BIN)/python -m pytest -n 2

lint: install ## format, lint, templates, types, import contract, missing migrations, deployment settings
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/djlint --quiet --check --lint templates
	@$(PRODUCTION) set -x; $(BIN)/mypy
	$(BIN)/lint-imports
	@# Its look at a database is no part of the question.
	@$(PRODUCTION) set -x; $(BIN)/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	@$(PRODUCTION) set -x; $(BIN)/python manage.py check --deploy --fail-level WARNING

check: lint test ## everything: what `make lint` looks at, then all tests

bench: install ## measure speed as ratios to a yardstick page (about ten minutes; ONLY=pages, sign-ups or mails for a part)
	$(BIN)/python -m tests.benchmarks $(if $(ONLY),--only $(ONLY))

soak: install ## long runs with kills, restarts and odd input (MINUTES=30 to read longer; ONLY=reading, sign-ups, mail or enumeration for a part)
	$(BIN)/python -m tests.soak $(if $(ONLY),--only $(ONLY))

format: install ## repair what formatters can repair
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .
	@# It calls a repair a failure.
	$(BIN)/djlint --reformat --quiet templates || true

lock: install ## refresh requirements/*.txt from pyproject.toml
	$(BIN)/python requirements/lock.py
