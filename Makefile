# Plain `make` lists the targets. Needs Linux on x86-64, Python 3.11, make and git; installs everything else into .venv.

PYTHON := $(shell for p in python3.11 python3 python; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null && { command -v $$p; break; }; done)
BIN := .venv/bin
SEEDS ?= 300
DEMO_SECONDS ?= 0
CANDLES ?= ../shared/data/spot-1h.parquet
DEMO_HOME ?= $(CURDIR)/.engine/demo
PIP := $(BIN)/python -m pip --disable-pip-version-check install --constraint constraints.txt
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help venv demo test lint types layers tests simulate bench docs image clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 20

.venv/.made:
	@test -n "$(PYTHON)" || { echo "error: no Python 3.11 was found: $$(python3 --version 2>&1 || echo none): install python3.11 (with its venv module) and try again" >&2; exit 1; }
	@test "$$(uname -sm)" = "Linux x86_64" || { echo "error: this machine is not supported: $$(uname -sm): use Linux on x86-64" >&2; exit 1; }
	@echo "[1/3] making a virtual environment with $(PYTHON)"
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "error: the venv module does not work: $(PYTHON): install python3.11-venv and try again" >&2; exit 1; }
	@touch $@

.venv/.run: .venv/.made setup.cfg pyproject.toml constraints.txt
	@echo "[2/3] installing what the engine needs (about 350 MB on disk, half a minute)"
	@$(PIP) --editable .[replay] || { echo "error: packages cannot be installed: see above: is a package index reachable?" >&2; exit 1; }
	@touch $@

.venv/.reader: .venv/.run $(wildcard engine/scanner/*.py)
	@echo "[3/3] compiling the reader of frames, once"
	@$(BIN)/python -m engine.scanner >/dev/null
	@touch $@

.venv/.kernels: .venv/.run $(wildcard indicators/*.py indicators/*/*.py)
	@echo "compiling all indicators, once (about two minutes on two CPUs)"
	@$(BIN)/python -m indicators
	@touch $@

.venv/.dev: .venv/.run
	@echo "installing what the tests need (another half a minute)"
	@$(PIP) --editable .[dev] || { echo "error: packages cannot be installed: see above: is a package index reachable?" >&2; exit 1; }
	@touch $@

venv: .venv/.run .venv/.reader ## make .venv with the engine in it

demo: venv ## run the engine on a simulated exchange, until Ctrl-C or DEMO_SECONDS
	@ENGINE_HOME="$(DEMO_HOME)" $(BIN)/engine run --user demo --for $(DEMO_SECONDS); code=$$?; test $$code -eq 130 || exit $$code

test: lint types layers tests ## everything that must hold: style, types, layers, tests

lint: .venv/.dev ## ruff: style and form
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .

types: .venv/.dev ## mypy, strict
	@$(BIN)/mypy

layers: .venv/.dev ## import-linter: imports point down, each driver has one door
	@$(BIN)/lint-imports --no-logo

tests: .venv/.dev .venv/.reader .venv/.kernels ## the tests alone, on all cores; ARGS are handed to pytest
	@$(BIN)/python -m pytest --numprocesses auto --dist loadfile $(ARGS)

simulate: .venv/.dev ## SEEDS runs of the dispatcher's brain, and of the feeds, through random disasters
	@$(BIN)/python -m tests.simulation.run --seeds $(SEEDS)
	@$(BIN)/python -m tests.simulation.run --feeds --seeds $(SEEDS)

bench: .venv/.dev .venv/.reader .venv/.kernels ## measure this machine, peers included
	@$(BIN)/engine bench

docs: .venv/.dev ## write the reference pages of settings, indicators and filters anew
	@$(BIN)/python -m cli.reference > docs/settings.md.new && mv docs/settings.md.new docs/settings.md
	@$(BIN)/python -m cli.reference_indicators > docs/indicators.md.new && mv docs/indicators.md.new docs/indicators.md
	@$(BIN)/python -m cli.reference_filters docs/filters.md
	@if test -f $(CANDLES); then $(BIN)/python -m cli.indicator_pictures $(CANDLES) docs/indicators; \
	else echo "no recorded candles: $(CANDLES): pictures stay as they are; pass CANDLES=FILE.parquet"; fi

image: ## build the container image
	docker build --tag engine .

clean: ## remove the virtual environment, caches and the demo's data
	rm -rf .venv .engine build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
