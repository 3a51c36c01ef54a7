# Everything a newcomer needs: `make demo`, `make test`. Everything a developer needs: `make`.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
PIP := -m pip --quiet --disable-pip-version-check
TRADERS ?= 120
SEED ?= 7
DEMO_DIR ?= var/demo
VENUES ?= perp_v2
RIVALS ?=
SYNTHETIX_V3 := contracts/synthetix_v3/out/.ready

.DEFAULT_GOAL := all
.PHONY: all setup extras prerequisites lint test chaos chaos-long load demo devnet bench bench-race bench-storm bench-analytics lock clean

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

# A stamp goes before its installation begins and comes back when all of it is there and fits together: what was interrupted is done again.
.venv/.ready: requirements-dev.lock pyproject.toml
	@echo "installing Python packages into .venv"
	@rm -f $@
	@$(BIN)/python $(PIP) --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	@$(BIN)/python $(PIP) install --require-hashes -r requirements-dev.lock
	@$(BIN)/python $(PIP) install --no-deps --no-build-isolation -e .
	@$(BIN)/python $(PIP) check
	@touch $@

# What only some tests need, which skip without it.
extras: setup .venv/notebooks.ready .venv/s3-server/.ready

.venv/notebooks.ready: requirements-notebooks.lock .venv/.ready
	@echo "installing what runs notebooks into .venv"
	@rm -f $@
	@$(BIN)/python $(PIP) install --require-hashes -r requirements-notebooks.lock
	@$(BIN)/python $(PIP) check
	@touch $@

.venv/s3-server/.ready: requirements-s3-server.lock | .venv/.ready
	@echo "installing an S3 server for tests into .venv/s3-server"
	@rm -f $@
	@$(PYTHON) -m venv --clear .venv/s3-server
	@.venv/s3-server/bin/python $(PIP) install --require-hashes -r requirements-s3-server.lock
	@touch $@

contracts/node_modules/.ready: contracts/package.json contracts/package-lock.json
	@echo "installing npm packages into contracts/node_modules"
	@npm ci --prefix contracts --no-audit --no-fund --ignore-scripts --loglevel=error
	@touch $@

contracts/out/.ready: contracts/node_modules/.ready $(wildcard contracts/src/*.sol contracts/solc/*.mjs) contracts/foundry.toml | .venv/.ready
	@echo "compiling contracts"
	@$(BIN)/python -m contracts.devnet.compile
	@touch $@

# Compiled on first use, by what needs it: half a minute.
$(SYNTHETIX_V3): contracts/node_modules/.ready $(shell find contracts/synthetix_v3/src contracts/synthetix_v3/stand_ins -name "*.sol") $(wildcard contracts/solc/*.mjs) contracts/foundry.toml | .venv/.ready
	@echo "compiling Synthetix V3"
	@$(BIN)/python -m contracts.devnet.compile synthetix_v3
	@touch $@

# --- checks -----------------------------------------------------------------------------------------------------------
lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: setup $(SYNTHETIX_V3)
	$(BIN)/python -m pytest --numprocesses auto --dist loadgroup

# --- faults, kills and lies against the daemon, judged by the chain: figures in var/chaos/summary.json ---------------------
chaos: setup $(SYNTHETIX_V3)
	@$(BIN)/python -m tests.chaos

chaos-long: setup $(SYNTHETIX_V3)
	@$(BIN)/python -m tests.chaos --long --dir var/chaos-long
	@PERP_KEEPER_LONG=1 $(BIN)/python -m pytest -s tests/chaos/test_two_chains.py -k minute

# --- an import of 5 million rows and a compaction beside the daemon: how long its commits wait, how late it is ----------------
load: setup
	@$(BIN)/python -m tests.load

# --- the main job; on two venues at a time: make demo VENUES=perp_v2,synthetix_v3; against others: make demo RIVALS=reacting,front_running,sniping ---
demo: setup $(if $(findstring synthetix_v3,$(VENUES)),$(SYNTHETIX_V3))
	@$(BIN)/python -m contracts.demo --venues $(VENUES) --traders $(TRADERS) --seed $(SEED) --dir $(DEMO_DIR) --rivals "$(RIVALS)"

# --- a local chain to play with until Ctrl-C: make devnet ARGS="--path staircase", ARGS="--venue synthetix_v3", ARGS=--help ---------------
devnet: setup $(if $(findstring synthetix_v3,$(ARGS)),$(SYNTHETIX_V3))
	@$(BIN)/python -m contracts.devnet --traders $(TRADERS) --seed $(SEED) $(ARGS)

# --- measurements: ratios against a baseline in the same run, never part of the tests ---------------------------------
bench: setup
	$(BIN)/python -m tests.bench

# the daemon against a rival at equal fees, ten seeds: eight minutes
bench-race: setup
	$(BIN)/python -m tests.bench.race $(ARGS)

# 500 accounts breached in one block of 60M gas, transactions limited as by EIP-7825: five minutes
bench-storm: setup
	@$(BIN)/python -m tests.bench.storm

bench-analytics: setup
	$(BIN)/python -m analytics.bench

# --- versions and hashes of all packages; those that stand in a lock stay, unless pyproject.toml forbids them --------------
LOCK = $(BIN)/uv pip compile --quiet --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
  --universal --python-version 3.11
lock: setup
	@$(BIN)/python $(PIP) install uv
	$(LOCK) pyproject.toml -o requirements.lock
	$(LOCK) pyproject.toml --extra dev -c requirements.lock -o requirements-dev.lock
	$(LOCK) pyproject.toml --extra notebooks -c requirements-dev.lock -o requirements-notebooks.lock
	$(LOCK) --group s3-server -o requirements-s3-server.lock

clean:
	rm -rf .venv contracts/node_modules contracts/out contracts/cache contracts/synthetix_v3/out contracts/synthetix_v3/cache var .mypy_cache .ruff_cache .pytest_cache
