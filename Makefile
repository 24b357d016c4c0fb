# The words that contributors and CI share. Each does its own set-up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# What the extension is built from, and what decides the dependencies.
SOURCES := pyproject.toml CMakeLists.txt $(wildcard native/*)

.PHONY: setup check format test soak bench demo docs clean

setup: $(STAMP)

$(STAMP): $(SOURCES)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[test,dev]'
	cp build/*/_native.pyi src/backlit/ 2>/dev/null || true  # for mypy; absent where there is no compiler
	touch $@

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/clang-format --dry-run --Werror native/*.hpp native/*.cpp
	$(BIN)/mypy

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/clang-format -i native/*.hpp native/*.cpp

test: setup
	$(BIN)/python -m pytest -n auto --dist worksteal

soak: setup
	BACKLIT_KILLS=200 $(BIN)/python -m pytest tests/cli/test_kill.py

bench: setup
	$(BIN)/python benchmarks/run.py

demo: setup
	$(BIN)/backlit demo

docs: setup
	$(BIN)/python docs/build.py

clean:
	rm -rf build dist $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
