# Needs Python 3.11 with its venv module, make and git. PYTHON names another interpreter.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: setup demo test lint types tests evals bench soak clean

setup: $(VENV)/.installed

demo: setup
	$(BIN)/runbook ingest runbooks
	$(BIN)/runbook search -k 3 "checkout returns 5xx since the last deploy, how do I roll back?"

test: lint types tests evals

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed-dev
	$(BIN)/mypy

tests: $(VENV)/.installed-dev
	$(BIN)/pytest

evals: $(VENV)/.installed
	$(BIN)/runbook eval lint
	$(BIN)/runbook eval run --gate

bench: $(VENV)/.installed-bench
	$(BIN)/python -m bench

soak: $(VENV)/.installed-dev
	$(BIN)/python -m bench soak --minutes 10
	$(BIN)/python -m bench cycles

clean:
	rm -rf $(VENV) .runbook build *.egg-info

$(VENV)/.installed: requirements.txt requirements-evals.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) install -r requirements-evals.txt
	$(PIP) install --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	$(PIP) install -r requirements-dev.txt
	touch $@

$(VENV)/.installed-bench: requirements-bench.txt $(VENV)/.installed-dev
	$(PIP) install -r requirements-bench.txt
	touch $@
