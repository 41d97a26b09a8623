# Set-up, demonstration, tests and checks; `make help` lists them. Needs Python 3.11 to 3.13 and a C compiler.
#
#   make demo                   from nothing to a report
#   make test PYTHON=python3.12 with a Python of your choice, before .venv is there

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
SCANS := .cache/pyradiomics-3.1.4
WORKERS := 2

.DEFAULT_GOAL := help
.PHONY: help install demo test test-exhaustive check validate-statistics lock schemas requirements clean

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-20s %s\n", $$1, $$2 }' Makefile

install: $(INSTALLED) ## Make .venv from the hashed lock (does nothing where it is up to date)

$(INSTALLED): requirements-build.lock requirements.lock pyproject.toml setup.py tools/install.sh $(shell find src -name "*.pyx")
	@PYTHON="$(PYTHON)" tools/install.sh
	@touch $@

demo: $(INSTALLED) ## Run a simulated trial and five real scans through to their reports
	@$(BIN)/python tools/fetch_scans.py $(SCANS)
	@$(BIN)/radfeat demo --scans config/config.yaml

test: $(INSTALLED) ## Run all tests
	@$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile --no-loadscope-reorder --durations=15

test-exhaustive: $(INSTALLED) ## Run what `make test` has a sample of: kills of a run, parity of engines (1 h)
	@$(BIN)/python -m pytest -q -n $(WORKERS) -m exhaustive

validate-statistics: $(INSTALLED) ## Simulate hundreds of trials and hold the analysis to their truth (40 min)
	@PYTHONPATH=tests $(BIN)/python -m validation --workers $(WORKERS) --page docs/validation.md

check: $(INSTALLED) ## Check style, types, import rules and generated files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check src tests tools
	$(BIN)/snakefmt --check Snakefile workflow/rules
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/schemas.py --check
	$(BIN)/python tools/requirements.py --check

schemas: $(INSTALLED) ## Write the JSON schemas of settings and sheets anew
	$(BIN)/python tools/schemas.py

requirements: $(INSTALLED) ## Write the matrix of requirements and tests anew
	$(BIN)/python tools/requirements.py

# --universal: one version of each package for every platform and Python. Read the differences before you commit them.
UV_LOCK := uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url
lock: $(INSTALLED) ## Resolve the requirements anew and write both lock files
	$(BIN)/$(UV_LOCK) --extra slurm --extra dev pyproject.toml requirements-build.in -o requirements.lock
	$(BIN)/$(UV_LOCK) requirements-build.in -c requirements.lock -o requirements-build.lock

clean: ## Remove what was made: .venv, the demonstration, fetched scans, caches
	rm -rf $(VENV) demo results logs .snakemake config/.snakemake .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	rm -rf build
	find src -name "*.so" -delete
	find src tests tools workflow -name __pycache__ -type d -exec rm -rf {} +
