# `make check` is format, lint, types and tests, in the order of their patience; it ends at the first that fails. Tests
# marked slow (kills, races, the README from end to end) are left to `pytest -n 3`.
# On a fresh machine it first makes a virtual environment in .venv, and it refreshes that when pyproject.toml changes.

PYTHON ?= python3
BIN = .venv/bin

.PHONY: check format
check: .venv/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest -q -n 3 -m "not slow"

format: .venv/ready
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.venv/ready: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet -e '.[test]'
	touch $@
