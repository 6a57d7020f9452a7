# Everything a newcomer needs; each target creates what it needs first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test lint bench crash fuzz ha clean

demo: $(VENV)/ready  ## six days of outreach in seconds, in a database of its own
	$(BIN)/sendtrail demo

test: $(VENV)/ready-dev  ## the whole suite, on the bundled PostgreSQL or SENDTRAIL_TEST_DATABASE_URL; ARGS="-k name": a part
	$(BIN)/python -m pytest -n 4 --dist worksteal $(ARGS)

lint: $(VENV)/ready-dev  ## style, types and layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.contracts

bench: $(VENV)/ready-bench  ## everything beside pgqueuer, the library's recorder and bare SQL: an hour; ARGS=--quick: minutes
	$(BIN)/python -m benchmarks $(ARGS)

crash: $(VENV)/ready-dev  ## kills runners at random and proves that nothing is doubled or lost
	$(BIN)/python -m tests.chaos $(ARGS)

fuzz: $(VENV)/ready-dev  ## 10,000 requests as Schemathesis makes them up; ARGS="--cases 500 --seed 7": fewer, and others
	$(BIN)/python -m tests.fuzz $(ARGS)

ha: $(VENV)/ready-ha  ## loses the leader of three PostgreSQL nodes three times, and proves the same; needs etcd
	$(BIN)/python -m tests.ha $(ARGS)

$(VENV)/ready: setup.cfg pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Sendtrail needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

$(VENV)/ready-dev: $(VENV)/ready
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@

$(VENV)/ready-bench: $(VENV)/ready
	$(BIN)/python -m pip install --quiet --editable '.[bench]'
	touch $@

$(VENV)/ready-ha: $(VENV)/ready-dev
	$(BIN)/python -m pip install --quiet --editable '.[ha]'
	touch $@

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .hypothesis .import_linter_cache
