# Bekal. `make demo` runs a whole wave and serves the site; `make test` runs the whole suite.
PYTHON ?= python3
BIN := .venv/bin
PEOPLE ?= 5000
SEED ?= 2023
SERVE ?= yes
CLEAN ?= no
PORT ?= 8000

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev setup-spark demo test test-wide check fix docs bench lock clean

help:
	@echo "make demo        play one wave and serve the site   (PEOPLE=$(PEOPLE) SEED=$(SEED) PORT=$(PORT) SERVE=yes|no CLEAN=yes|no)"
	@echo "make test        the whole suite on a throw-away database"
	@echo "make test-wide   the long tests too"
	@echo "make check       style, types, order of the rooms, house rules (at most a minute)"
	@echo "make fix         let the formatter repair what it can"
	@echo "make docs        write the generated pages anew"
	@echo "make bench       every script in benchmarks/ with --quick"
	@echo "make setup       build the environment alone"
	@echo "make setup-spark Spark too, for draws on a cluster (needs Java 17)"
	@echo "make setup-judges outsiders' clients and schemas that judge the payment rails, in an environment of their own"
	@echo "make lock        resolve the dependencies anew"
	@echo "make clean       remove the environment and the demo's data"

setup: .venv/.runtime
setup-dev: .venv/.dev
setup-spark: .venv/.spark
.PHONY: setup-judges
setup-judges: .venv-judges/.ready

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

.venv-judges/.ready: .venv/.uv requirements-judges.lock tests/judges/package-lock.json
	@echo "Installing the judges of the payment rails ..."
	@$(BIN)/python -m venv .venv-judges
	@$(BIN)/uv pip install -q --python .venv-judges/bin/python --no-deps --require-hashes -r requirements-judges.lock
	@if command -v npm >/dev/null; then npm ci --silent --prefix tests/judges; else echo "Without npm: Midtrans' client is left out."; fi
	@touch $@

demo: setup
	@$(BIN)/python -m demo --people $(PEOPLE) --seed $(SEED) --serve $(SERVE) --clean $(CLEAN) --port $(PORT)

test: setup-dev
	@$(BIN)/python -m pytest -n 2 -m "not wide" -rs

test-wide: setup-dev setup-judges $(if $(shell command -v java),setup-spark)
	@$(BIN)/python -m pytest -n 2 -rs

check: setup-dev
	@$(BIN)/python tools/check.py

fix: setup-dev
	@$(BIN)/ruff check --fix -q . ; $(BIN)/ruff format -q .

docs: setup-dev
	@$(BIN)/python -m tools.machines
	@$(BIN)/python -m tools.programme_keys
	@$(BIN)/python -m tools.snap_codes

bench: setup-dev
	@for script in benchmarks/[a-z]*.py; do name=$$(basename $$script .py); echo "== $$name"; $(BIN)/python -m benchmarks.$$name --quick || exit 1; done

lock: .venv/.uv
	@$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header -q -o requirements.lock
	@$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header -q -o requirements-dev.lock
	@$(BIN)/uv pip compile pyproject.toml --extra spark --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header -q -o requirements-spark.lock
	@$(BIN)/uv pip compile tests/judges/requirements.in --override tests/judges/overrides.in --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header -q -o requirements-judges.lock

clean:
	rm -rf .venv .venv-judges tests/judges/node_modules .bekal
