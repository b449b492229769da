# `make check` is format, lint, types and tests, in the order of their patience; it ends at the first that fails.
# On a fresh machine it first makes a virtual environment in .venv, and it refreshes that when pyproject.toml changes.

PYTHON ?= python3
BIN = .venv/bin

.PHONY: check format
check: .venv/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest -q

format: .venv/ready
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.venv/ready: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet -e '.[test]'
	touch $@
