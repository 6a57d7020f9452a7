# Everything a newcomer needs; each target creates what it needs first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# With LOCKED=yes, as in CI, what is installed are the files that requirements/ names, by their hashes.
LOCKED := $(if $(filter true,$(CI)),yes)
PIP := -m pip install --quiet
ITSELF := --no-deps --no-build-isolation --editable .
# What the suite and the documentation need beside what Sendtrail runs with.
EXTRAS := --extra dev --extra docs --extra ha --extra mcp --extra otel --extra sentry
COMPILE := pip compile setup.cfg requirements/build.in --universal --python-version 3.11 --generate-hashes \
	--no-annotate --no-header --quiet

.PHONY: demo test lint bench bench-check crash fuzz ha client screenshots texts wheel docs lowest lock audit clean

demo: $(VENV)/ready  ## six days of outreach in seconds, in a database of its own; ARGS=--serve: then look at it
	$(BIN)/sendtrail demo $(ARGS)

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

bench-check: $(VENV)/ready-dev  ## processor time beside bare SQL: fails where a ratio is a quarter below benchmarks/expected.json
	$(BIN)/python -m benchmarks --check $(ARGS)

crash: $(VENV)/ready-dev  ## kills runners at random and proves that nothing is doubled or lost
	$(BIN)/python -m tests.chaos $(ARGS)

fuzz: $(VENV)/ready-dev  ## 10,000 requests as Schemathesis makes them up; ARGS="--cases 500 --seed 7": fewer, and others
	$(BIN)/python -m tests.fuzz $(ARGS)

ha: $(VENV)/ready-ha  ## loses the leader of three PostgreSQL nodes three times, and proves the same; needs etcd
	$(BIN)/python -m tests.ha $(ARGS)

client: $(VENV)/ready-dev $(VENV)-client/ready  ## a Python client of the API, in build/client, and a lead registered by it
	$(BIN)/python -m tests.client --venv $(VENV)-client --into build/client

texts: $(VENV)/ready-dev  ## brings the catalogues of the pages' texts up to date, and lists what is to be translated
	$(BIN)/python -m tests.texts

screenshots: $(VENV)/ready-dev  ## plays the demo, and writes docs/pictures/ anew; needs Chromium
	$(BIN)/python -m tests.pictures

wheel: $(VENV)/ready  ## builds the wheel in dist/, and uses it in an empty environment and folder
	rm -rf build dist
	$(BIN)/python -m pip wheel --quiet --no-deps $(if $(LOCKED),--no-build-isolation) --wheel-dir dist .
	$(BIN)/python -m tests.wheel dist

docs: $(VENV)/ready-docs  ## the documentation as a site, in build/site; a link that leads nowhere fails
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

lowest: $(VENV)-lowest/ready  ## the demo and a part of the suite, with the lowest versions that setup.cfg allows
	$(VENV)-lowest/bin/sendtrail demo
	$(VENV)-lowest/bin/python -m pytest -n 4 --dist worksteal $(or $(ARGS),tests/api/http tests/runners/gateways)

lock: $(VENV)/ready-lock  ## pins all dependencies anew, in requirements/
	$(BIN)/uv $(COMPILE) --upgrade --output-file requirements/run.txt
	$(BIN)/uv $(COMPILE) --upgrade $(EXTRAS) --output-file requirements/dev.txt
	$(BIN)/uv $(COMPILE) --upgrade --extra dev --resolution lowest-direct --output-file requirements/lowest.txt
	$(BIN)/uv $(subst setup.cfg requirements/build.in,requirements/client.in,$(COMPILE)) --upgrade --output-file requirements/client.txt

audit: $(VENV)/ready-lock  ## asks whether a pinned version has a known fault
	$(BIN)/pip-audit --strict --require-hashes --disable-pip --requirement requirements/dev.txt

$(VENV)/ready: setup.cfg pyproject.toml requirements/run.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Sendtrail needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
ifdef LOCKED
	$(BIN)/python $(PIP) --require-hashes --requirement requirements/run.txt
	$(BIN)/python $(PIP) $(ITSELF)
else
	$(BIN)/python $(PIP) --editable .
endif
	touch $@

$(VENV)/ready-dev: $(VENV)/ready requirements/dev.txt
ifdef LOCKED
	$(BIN)/python $(PIP) --require-hashes --requirement requirements/dev.txt
else
	$(BIN)/python $(PIP) --editable '.[dev,mcp,otel,sentry]'
endif
	touch $@

$(VENV)/ready-bench: $(VENV)/ready
	$(BIN)/python $(PIP) --editable '.[bench]'
	touch $@

$(VENV)/ready-docs: $(VENV)/ready requirements/dev.txt
ifdef LOCKED
	$(BIN)/python $(PIP) --require-hashes --requirement requirements/dev.txt
else
	$(BIN)/python $(PIP) --editable '.[docs]'
endif
	touch $@

$(VENV)/ready-ha: $(VENV)/ready-dev
ifndef LOCKED
	$(BIN)/python $(PIP) --editable '.[ha]'
endif
	touch $@

$(VENV)/ready-lock: $(VENV)/ready
	$(BIN)/python $(PIP) --editable '.[lock]'
	touch $@

$(VENV)-lowest/ready: requirements/lowest.txt
	$(PYTHON) -m venv $(VENV)-lowest
	$(VENV)-lowest/bin/python $(PIP) --require-hashes --requirement requirements/lowest.txt
	$(VENV)-lowest/bin/python $(PIP) $(ITSELF)
	touch $@

$(VENV)-client/ready: requirements/client.txt
	$(PYTHON) -m venv $(VENV)-client
	$(VENV)-client/bin/python $(PIP) --require-hashes --requirement requirements/client.txt
	touch $@

clean:
	rm -rf $(VENV) $(VENV)-lowest $(VENV)-client build dist *.egg-info .mypy_cache .ruff_cache .hypothesis .import_linter_cache
