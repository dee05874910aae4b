# `make run` and `make test` need Python 3.11 or newer and make, nothing else.
# Everything is installed into .venv from the lock files in requirements/, and checked against their hashes.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# The first of these that is there and new enough; override with `make PYTHON=/path/to/python`.
PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3.14 python3 python; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo "$$python" && break; done)

BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input
LOCKED := $(INSTALL) --require-hashes --no-deps
LOCK := $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 \
	--generate-hashes --no-header --no-annotate
CODE := kernel loyalty gamification notifications analytics api migrations openapi tests bench

.PHONY: help
help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: .venv/.run ## Start everything: engines, migrations, a demo programme, the API and the worker
	@$(BIN)/comeback up

.PHONY: test
test: .venv/.dev ## Run the tests on embedded engines (make test TESTS="tests/engines -k port")
	$(BIN)/python -m pytest --numprocesses=auto --dist=loadfile $(TESTS)

.PHONY: format
format: .venv/.dev ## Put the code into its one form
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)

.PHONY: check
check: lint types contracts openapi-drift dead-code dependencies containers ## Everything that needs no test run

.PHONY: lint
lint: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

.PHONY: types
types: .venv/.dev
	$(BIN)/mypy

.PHONY: contracts
contracts: .venv/.dev
	$(BIN)/lint-imports --no-logo

.PHONY: dead-code
dead-code: .venv/.dev
	$(BIN)/vulture

.PHONY: dependencies
dependencies: .venv/.dev
	$(BIN)/deptry .

.PHONY: containers
containers: .venv/.dev
	$(BIN)/hadolint Dockerfile
	$(BIN)/shellcheck .ci/run

.PHONY: conformance
conformance: .venv/.dev ## Play other systems' scenarios and write docs/conformance.md
	$(BIN)/python -m tests.scenarios.report

.PHONY: bench
bench: .venv/.dev ## Measure against pgbench on this machine and write docs/performance.md
	$(BIN)/python -m bench

.PHONY: openapi
openapi: .venv/.dev ## Write the API's document, openapi/openapi.json, from the routes
	$(BIN)/comeback openapi

.PHONY: openapi-drift
openapi-drift: .venv/.dev
	$(BIN)/comeback openapi --check

.PHONY: openapi-lint
openapi-lint: openapi/node_modules/.installed ## Lint the API's document (needs Node)
	cd openapi && npm run --silent lint

.PHONY: clients
clients: .venv/.clients openapi/node_modules/.installed ## Generate the API's clients and use one (needs Node and Java)
	$(BIN)/python -m openapi.clients

openapi/node_modules/.installed: openapi/package.json openapi/package-lock.json
	@command -v npm >/dev/null || { echo "This needs Node 20 or newer, which was not found" >&2; exit 1; }
	cd openapi && npm ci --silent
	@touch $@

.PHONY: lock
lock: .venv/.dev ## Renew the lock files from pyproject.toml (UPGRADE=--upgrade for the newest of everything)
	$(LOCK) $(UPGRADE) --output-file requirements/run.lock
	$(LOCK) $(UPGRADE) --constraint requirements/run.lock --extra otel --output-file requirements/image.lock
	$(LOCK) $(UPGRADE) --constraint requirements/image.lock --extra replay --extra otel --group dev --output-file requirements/dev.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		$(UPGRADE) --group build --output-file requirements/build.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		$(UPGRADE) --group clients --output-file requirements/clients.lock

# Each stamp is the moment its lock file was installed. A .venv whose Python is gone is made anew.
.venv/.run: requirements/run.lock requirements/build.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer was not found: install it, or make PYTHON=/path/to/python" >&2; exit 1; }
	@$(BIN)/python -c '' 2>/dev/null || { rm -rf .venv && "$(PYTHON)" -m venv .venv; }
	$(LOCKED) -r requirements/build.lock -r requirements/run.lock
	$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.dev: .venv/.run requirements/dev.lock
	$(LOCKED) -r requirements/dev.lock
	@touch $@

.venv/.clients: .venv/.dev requirements/clients.lock
	$(LOCKED) -r requirements/clients.lock
	@touch $@
