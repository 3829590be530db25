# Every target sets up what it needs; nothing has to be installed by hand but Python ≥ 3.11,
# git, make and a C compiler.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
# one process a core; tests that start whole servers stay together in one of them
PARALLEL := -n auto --dist loadgroup
VENDOR := backend/console/static/vendor/.ready

help:  ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(READY) $(VENDOR)  ## Make the virtual environment and fetch the front-end files

run: setup  ## Run everything: chat page, console, workers, embedded servers
	$(BIN)/helpcare run

demo: setup  ## Fill an empty database with a believable data set
	$(BIN)/helpcare demo

migrate: setup  ## Bring the database to this version's schema
	$(BIN)/helpcare migrate

test: setup  ## Run the tests, without those marked slow
	$(BIN)/pytest $(PARALLEL) -m "not slow"

test-all: setup  ## Run all tests, the long crash and browser ones too
	$(BIN)/pytest $(PARALLEL)

check: setup lint test  ## What CI runs: lint, types, import contracts, the tests

lint: setup  ## Lint, formatting, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fmt: setup  ## Format and mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup  ## Measure (JSON=1 for JSON)
	$(BIN)/python -m tests.benchmarks $(if $(JSON),--json)

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

$(VENDOR): backend/console/package-lock.json backend/console/vendor.py | $(READY)
	$(BIN)/python -m backend.console.vendor
	touch $@

.PHONY: help setup run demo migrate test test-all check lint fmt bench
