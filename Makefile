# `make demo` and `make test` need only python3 (3.11 or newer) and make.
# Everything goes into .venv, from the locks, with plain pip and checked hashes.

PYTHON ?= python3
UV ?= uv
# Workers of pytest. A file stays on one worker: the servers a file starts are its own.
WORKERS ?= 2

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet --quiet
# dkimpy has no wheel; everything else must be one.
FROM_LOCK := install --require-hashes --only-binary=:all: --no-binary=dkimpy --no-deps
COMPILE := pip compile pyproject.toml --group build --universal --python-version 3.11 \
	--fork-strategy fewest --generate-hashes --no-emit-index-url --quiet $(UPGRADE)

.DEFAULT_GOAL := help
.PHONY: help demo test lint typecheck budget pytest bench lock axe pgstac clean

help:  ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: $(VENV)/project.stamp  ## a complete run offline; says which files to open
	$(BIN)/emberwatch demo $(ARGS)

test: lint typecheck budget pytest  ## everything that must hold before a change goes in

pytest: $(VENV)/dev.stamp  ## the test suite alone; ARGS="-k word" to choose
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile $(ARGS)

lint: $(VENV)/dev.stamp  ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

typecheck: $(VENV)/dev.stamp  ## mypy --strict
	$(BIN)/mypy --strict

budget:  ## the limits of size and shape
	$(PYTHON) tools/metrics.py --budget

bench: $(VENV)/dev.stamp  ## the promised speed and size, and skill on real data, measured here
	@for script in benchmarks/*.py; do \
	    echo "== $$script"; $(BIN)/python $$script $(ARGS) || exit 1; done

lock:  ## both locks from pyproject.toml (needs uv); UPGRADE=--upgrade for newer versions
	$(UV) $(COMPILE) -o requirements.lock
	$(UV) $(COMPILE) -c requirements.lock --all-extras --group dev -o requirements-dev.lock

axe:  ## fetch axe-core for the tests of pages (needs npm)
	$(PYTHON) -m tools.axe_core

pgstac:  ## a STAC server that is not ours, for its tests (they need PostGIS too)
	$(PYTHON) -m venv .pgstac
	.pgstac/bin/python -m pip --disable-pip-version-check --quiet install \
	    stac-fastapi-pgstac==7.2.0 'pypgstac[psycopg]==0.10.0' uvicorn

clean:  ## remove the environment and the caches
	rm -rf $(VENV) .pgstac .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info build

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.version_info < (3, 11) and sys.exit("error: Python " + \
	    sys.version.split()[0] + " is too old\n  install 3.11 or newer, or say which: make PYTHON=python3.12")'
	@$(PYTHON) -c 'import ensurepip, venv' || \
	    { echo "error: this Python cannot make environments" >&2; \
	      echo "  install its venv module (Debian: python3-venv)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# A stamp is newer than its lock once that lock is installed, so a second call is quick.
$(VENV)/runtime.stamp: requirements.lock | $(VENV)/bin/python
	@echo "installing from requirements.lock: about a minute, 0.8 GB"
	$(PIP) $(FROM_LOCK) -r requirements.lock
	@touch $@

# Hash mode refuses an editable install, hence two steps.
$(VENV)/project.stamp: pyproject.toml $(VENV)/runtime.stamp
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev.stamp: requirements-dev.lock $(VENV)/project.stamp
	@echo "installing from requirements-dev.lock: another half a minute, 0.5 GB"
	$(PIP) $(FROM_LOCK) -r requirements-dev.lock
	@touch $@
