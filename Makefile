# The words that contributors and CI share. Each does its own set-up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# What the extension is built from, and what decides the dependencies.
SOURCES := pyproject.toml CMakeLists.txt $(wildcard native/*)

.PHONY: setup check format test soak neon sanitize bench bench-quick demo docs clean

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
	$(BIN)/clang-format --dry-run --Werror native/*.hpp native/*.cpp benchmarks/*.cpp
	$(BIN)/mypy

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/clang-format -i native/*.hpp native/*.cpp benchmarks/*.cpp

test: setup
	$(BIN)/python -m pytest -n auto --dist worksteal

# The engine's own tests on the program of native/replay.cpp instead of the extension.
ENGINE_TESTS := with_the_reference and not instruction_set or chunks or nan or divergence or goes_on or apart \
  or dense_ones or depend_on_threads \
  or by_run_steps or keep_theirs or less_precision or nearly_exact or multiplied_exactly
ENGINE_FILES := native one_neuron panels training_options sparse_input subnormals
REPLAY = BACKLIT_REPLAY="$(1)" $(BIN)/python -m pytest -q -n auto \
  $(patsubst %,tests/engine/test_%.py,$(ENGINE_FILES) $(2)) -k "$(ENGINE_TESTS)"

# Arm's kernels, in an emulator. Takes Debian's packages g++-aarch64-linux-gnu and qemu-user-static.
neon: setup
	cmake -S . -B build/neon -DBACKLIT_REPLAY=ON -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64 \
	  -DCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++ -DCMAKE_EXE_LINKER_FLAGS=-static
	cmake --build build/neon --parallel 2
	$(call REPLAY,qemu-aarch64-static $(CURDIR)/build/neon/replay)

# Half an hour or more: half of it the compiler, which wants several GB.
sanitize: setup
	cmake -S . -B build/address -DBACKLIT_REPLAY=ON -DBACKLIT_OPTIMIZE=-O1 \
	  -DCMAKE_CXX_FLAGS="-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -g1"
	cmake --build build/address --parallel 2
	$(call REPLAY,$(CURDIR)/build/address/replay,bfloat16)
	cmake -S . -B build/thread -DBACKLIT_REPLAY=ON -DBACKLIT_OPTIMIZE=-O1 -DCMAKE_CXX_FLAGS="-fsanitize=thread -g1"
	cmake --build build/thread --parallel 2
	$(call REPLAY,$(CURDIR)/build/thread/replay,bfloat16)

soak: setup
	BACKLIT_KILLS=200 $(BIN)/python -m pytest tests/cli/test_kill.py
	BACKLIT_CORPUS=all $(BIN)/python -m pytest -n auto tests/grading/test_corpus_command.py
	BACKLIT_EVERY_FLOAT=1 $(BIN)/python -m pytest -n auto --timeout 0 tests/engine/test_accuracy.py

bench: setup
	$(BIN)/python benchmarks/run.py

bench-quick: setup
	$(BIN)/python benchmarks/run.py --quick

demo: setup
	$(BIN)/backlit demo

docs: setup
	$(BIN)/python docs/build.py
	$(BIN)/python docs/tutorial.py

clean:
	rm -rf build dist $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
