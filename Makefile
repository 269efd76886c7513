# make run: set up and do the main job.  make test: set up and check everything.
# Both make their own .venv; PYTHON chooses the interpreter (3.11 to 3.13).
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: run test lint bench study clean
.DEFAULT_GOAL := run

.venv/run-ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
	  { echo "$(PYTHON) is not Python 3.11, 3.12 or 3.13: name one, e.g. make PYTHON=python3.12"; exit 2; }
	@echo "Setting up .venv (once, about a minute)"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(PIP) install -e '.[poliastro]'
	@touch $@

.venv/test-ready: .venv/run-ready
	@$(PIP) install -e '.[poliastro,cluster,dev]'
	@touch $@

.venv/bench-ready: .venv/test-ready
	@$(PIP) install -e '.[poliastro,dev,bench]'
	@touch $@

.venv/study-ready: .venv/test-ready
	@$(PIP) install -e '.[poliastro,cluster,dev,study]'
	@touch $@

run: .venv/run-ready
	@$(BIN)/survey run

test: lint
	$(BIN)/pytest -q -n auto --dist loadfile

lint: .venv/test-ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/bench-ready
	$(BIN)/python -m benchmarks

study: .venv/study-ready
	$(BIN)/pytest -q -m study

clean:
	rm -rf .venv build dist *.egg-info
