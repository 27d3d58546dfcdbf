# Bekal. `make demo` runs a whole wave and serves the site; `make test` runs the whole suite.
PYTHON ?= python3
BIN := .venv/bin
PEOPLE ?= 5000
SEED ?= 2023
SERVE ?= yes
CLEAN ?= no
PORT ?= 8000
MINUTES ?= 5

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev setup-spark demo test test-wide torture check fix docs bench lock clean

help:
	@echo "make demo        play one wave and serve the site   (PEOPLE=$(PEOPLE) SEED=$(SEED) PORT=$(PORT) SERVE=yes|no CLEAN=yes|no)"
	@echo "make test        the whole suite on a throw-away database"
	@echo "make test-wide   the long tests too"
	@echo "make torture     processes killed amid pay runs (MINUTES=5; SEED=n repeats one; the seed is printed)"
	@echo "make check       style, types, order of the rooms, house rules (at most a minute)"
	@echo "make fix         let the formatter repair what it can"
	@echo "make docs        write the generated pages anew"
	@echo "make bench       every script in benchmarks/ with --quick"
	@echo "make setup       build the environment alone"
	@echo "make setup-spark Spark too, for draws on a cluster (needs Java 17)"
	@echo "make lock        resolve the dependencies anew"
	@echo "make clean       remove the environment and the demo's data"

setup: .venv/.runtime
setup-dev: .venv/.dev
setup-spark: .venv/.spark

.venv/.uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Bekal needs Python 3.11 or newer; $(PYTHON) is older. Name another: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "This Python comes without venv. On Debian: apt-get install python3-venv, then repeat the command."; exit 1; }
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -q --disable-pip-version-check "uv==0.13.*"
	@touch $@

.venv/.runtime: .venv/.uv requirements.lock
	@echo "Installing what Bekal needs ..."
	@$(BIN)/uv pip install -q --require-hashes --compile-bytecode -r requirements.lock
	@touch $@

.venv/.dev: .venv/.uv requirements-dev.lock
	@echo "Installing what Bekal and its tests need ..."
	@$(BIN)/uv pip install -q --require-hashes --compile-bytecode -r requirements-dev.lock
	@touch $@ .venv/.runtime

.venv/.spark: .venv/.uv requirements-spark.lock
	@echo "Installing Spark ..."
	@$(BIN)/uv pip install -q --require-hashes --compile-bytecode -r requirements-spark.lock
	@touch $@

demo: setup
	@$(BIN)/python -m demo --people $(PEOPLE) --seed $(SEED) --serve $(SERVE) --clean $(CLEAN) --port $(PORT)

test: setup-dev
	@$(BIN)/python -m pytest -n 2 -m "not wide" -rs

test-wide: setup-dev $(if $(shell command -v java),setup-spark)
	@$(BIN)/python -m pytest -n 2 -rs

torture: setup-dev
	@$(BIN)/python -m tests.incentives.torture --minutes $(MINUTES) $(if $(filter command,$(origin SEED)),--seed $(SEED))

check: setup-dev
	@$(BIN)/python tools/check.py

fix: setup-dev
	@$(BIN)/ruff check --fix -q . ; $(BIN)/ruff format -q .

docs: setup-dev
	@$(BIN)/python -m tools.machines
	@$(BIN)/python -m tools.programme_keys

bench: setup-dev
	@for script in benchmarks/[a-z]*.py; do name=$$(basename $$script .py); echo "== $$name"; $(BIN)/python -m benchmarks.$$name --quick || exit 1; done

lock: .venv/.uv
	@$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header -q -o requirements.lock
	@$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header -q -o requirements-dev.lock
	@$(BIN)/uv pip compile pyproject.toml --extra spark --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header -q -o requirements-spark.lock

clean:
	rm -rf .venv .bekal
