# Everything a newcomer needs: `make demo`, `make test`. Everything a developer needs: `make`.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
TRADERS ?= 120
SEED ?= 7
DEMO_DIR ?= var/demo

.DEFAULT_GOAL := all
.PHONY: all setup prerequisites lint test chaos chaos-long demo devnet bench bench-analytics lock clean

all: lint test

# --- set-up: safe to run again, does only what is missing -------------------------------------------------------------
setup: prerequisites .venv/.ready contracts/node_modules/.ready contracts/out/.ready

prerequisites:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	  || { echo "missing: Python 3.11 or newer as '$(PYTHON)' (set PYTHON=/path/to/python3.11)"; exit 2; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "missing: Python's venv module (Debian: apt-get install python3-venv)"; exit 2; }
	@node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 18 ? 1 : 0)' 2>/dev/null \
	  || { echo "missing: Node.js 18 or newer as 'node'"; exit 2; }
	@command -v npm >/dev/null || { echo "missing: npm (comes with Node.js)"; exit 2; }

.venv/.ready: requirements.lock pyproject.toml
	@echo "installing Python packages into .venv"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

contracts/node_modules/.ready: contracts/package.json contracts/package-lock.json
	@echo "installing npm packages into contracts/node_modules"
	@npm ci --prefix contracts --no-audit --no-fund --ignore-scripts --loglevel=error
	@touch $@

contracts/out/.ready: contracts/node_modules/.ready $(wildcard contracts/src/*.sol) contracts/foundry.toml | .venv/.ready
	@echo "compiling contracts"
	@$(BIN)/python -m contracts.devnet.compile
	@touch $@

# --- checks -----------------------------------------------------------------------------------------------------------
lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: setup
	$(BIN)/python -m pytest --numprocesses auto --dist loadgroup

# --- faults, kills and lies against the daemon, judged by the chain: figures in var/chaos/summary.json ---------------------
chaos: setup
	@$(BIN)/python -m tests.chaos

chaos-long: setup
	@$(BIN)/python -m tests.chaos --long --dir var/chaos-long

# --- the main job -----------------------------------------------------------------------------------------------------
demo: setup
	@$(BIN)/python -m contracts.demo --traders $(TRADERS) --seed $(SEED) --dir $(DEMO_DIR)

# --- a local chain to play with until Ctrl-C: make devnet ARGS="--path staircase", make devnet ARGS=--help ---------------
devnet: setup
	@$(BIN)/python -m contracts.devnet --traders $(TRADERS) --seed $(SEED) $(ARGS)

# --- measurements: ratios against a baseline in the same run, never part of the tests ---------------------------------
bench: setup
	$(BIN)/python -m tests.bench

bench-analytics: setup
	$(BIN)/python -m analytics.bench

lock: setup
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip compile pyproject.toml --extra dev --generate-hashes --no-header --no-annotate --no-emit-index-url \
	  --no-emit-find-links --universal --python-version 3.11 -o requirements.lock

clean:
	rm -rf .venv contracts/node_modules contracts/out contracts/cache var .mypy_cache .ruff_cache .pytest_cache
