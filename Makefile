# Needs Python 3.11 with its venv module, make and git. PYTHON names another interpreter.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# How long `make fuzz` looks for findings, for each target.
FUZZ_SECONDS ?= 600
# Where `make train` leaves what it makes.
OUT ?= .training
SMALL_VENV := .venv-small-model
RELEASE_VENV := .venv-release
SMALL_CONFIG := deploy/small-model/runbook.toml
# Python compiles what it imports; to compile all that is installed would take a minute and more.
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
INSTALL := $(PIP) install --no-compile

.PHONY: setup demo test lint types tests evals bench train soak fuzz hostile small-model release-check clean

setup: $(VENV)/.installed

demo: setup
	$(BIN)/runbook ingest runbooks
	$(BIN)/runbook search -k 3 "checkout returns 5xx since the last deploy, how do I roll back?"

# Types and evals keep one core busy each, so they run side by side.
test: lint
	$(MAKE) --jobs 2 --output-sync types evals
	$(MAKE) tests

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed-dev
	$(BIN)/mypy

# One file's tests share what they start, so each file goes to one process, in the order of the files:
# the longest, which have few tests, would come last else. A process that dies ends the run with the
# name of its test; with --dist loadfile, pytest-xdist waits for ever for one that replaces it.
tests: $(VENV)/.installed-dev
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder --max-worker-restart 0

evals: $(VENV)/.installed
	$(BIN)/runbook eval lint
	$(BIN)/runbook eval run --gate

bench: $(VENV)/.installed-bench
	$(BIN)/python -m bench

# Tunes the embedding model; training/README.md. DATA is the folder of training data.
train: $(VENV)/.installed-bench
	@test -n "$(DATA)" || { echo "usage: make train DATA=FOLDER [OUT=FOLDER]" >&2; exit 2; }
	$(BIN)/python -m training train "$(DATA)" "$(OUT)"
	$(BIN)/python -m training pack "$(OUT)"

soak: $(VENV)/.installed-dev
	$(BIN)/python -m bench soak --minutes 10
	$(BIN)/python -m bench cycles

# Every target runs, also behind one that found something; .fuzz/findings has the inputs.
fuzz: $(VENV)/.installed-fuzz
	failed=""; \
	for target in $$($(BIN)/python -m fuzz --list); do \
	  $(BIN)/python -m fuzz "$$target" --seconds $(FUZZ_SECONDS) || failed="$$failed $$target"; \
	done; \
	if [ -n "$$failed" ]; then echo "findings:$$failed" >&2; exit 1; fi

# 300 hostile files of every format, and the limits that operators are promised while they are read.
hostile: $(VENV)/.installed-dev
	HOSTILE_FILES=300 $(BIN)/pytest -s tests/integration/ingest/test_hostile_corpus.py \
	  tests/e2e/test_hostile_service.py

# Answers by a model that runs in the process itself, to try the whole path; docs/asking.md.
small-model: $(SMALL_VENV)/.installed
	$(SMALL_VENV)/bin/runbook --config $(SMALL_CONFIG) ingest
	for question in \
	  "checkout returns 5xx since the last deploy, how do I roll back?" \
	  "how do I rotate the acquirer secrets?" \
	  "a kafka broker has run out of disk, what now?"; \
	do printf '\n\n$$ runbook ask "%s"\n' "$$question"; \
	  $(SMALL_VENV)/bin/runbook --config $(SMALL_CONFIG) ask "$$question" || [ $$? -eq 5 ] || exit 1; \
	done

# Builds, installs and uses the distribution outside the checkout; deploy/release/check.sh.
release-check: $(RELEASE_VENV)/.installed
	TOOLS=$(CURDIR)/$(RELEASE_VENV)/bin PYTHON=$(PYTHON) deploy/release/check.sh

clean:
	rm -rf $(VENV) $(SMALL_VENV) $(RELEASE_VENV) .fuzz .training .runbook deploy/small-model/.runbook build *.egg-info

$(VENV)/.installed: requirements.txt requirements-evals.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) -r requirements-evals.txt
	$(INSTALL) --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	$(INSTALL) -r requirements-dev.txt
	touch $@

$(VENV)/.installed-bench: requirements-bench.txt $(VENV)/.installed-dev
	$(INSTALL) -r requirements-bench.txt
	touch $@

$(VENV)/.installed-fuzz: requirements-fuzz.txt $(VENV)/.installed-dev
	$(INSTALL) -r requirements-fuzz.txt
	touch $@

$(SMALL_VENV)/.installed: requirements-small-model.txt requirements.txt pyproject.toml
	$(PYTHON) -m venv $(SMALL_VENV)
	$(SMALL_VENV)/bin/python -m pip --disable-pip-version-check --quiet install -r requirements-small-model.txt
	$(SMALL_VENV)/bin/python -m pip --disable-pip-version-check --quiet install --no-deps --no-build-isolation -e .
	touch $@

$(RELEASE_VENV)/.installed: requirements-release.txt
	$(PYTHON) -m venv $(RELEASE_VENV)
	$(RELEASE_VENV)/bin/python -m pip --disable-pip-version-check --quiet install -r requirements-release.txt
	touch $@
