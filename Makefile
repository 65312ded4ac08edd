# `make demo` and `make test` need Python (3.11 to 3.13), git and make; the rest they install into .venv by themselves.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input --quiet --quiet
# Bytecode is written of what is imported, the first time that it is: of all that pip installs that would take a minute.
INSTALL := $(PIP) install --no-compile --constraint constraints.txt
unexport PYTHONDONTWRITEBYTECODE
TESTS ?=
# Two processes, each with whole files of tests: more need more memory than they save time.
AT_ONCE ?= --numprocesses 2 --dist loadfile

# TensorFlow's start-up messages say nothing that a reader of the output needs, and three of them obey no setting.
export TF_CPP_MIN_LOG_LEVEL ?= 3
QUIETLY := 2> >(sed '/absl::InitializeLog\|cudart_stub\|oneDNN custom operations/d' >&2)

.PHONY: help demo examples docs test test-slow test-jax test-torch lint types format bench release clean
.DEFAULT_GOAL := help

help:  ## list the commands
	@sed -n 's/^\([a-z -]*\):.*## \(.*\)/\1|\2/p' Makefile | awk -F'|' '{printf "make %-19s  %s\n", $$1, $$2}'

demo: $(VENV)/.installed  ## install the package into .venv and show it at work
	@$(BIN)/python examples/demo.py $(QUIETLY)

examples: $(VENV)/.installed-test  ## run all of examples/, which takes minutes; pictures go to examples/output
	@for script in examples/*.py; do $(BIN)/python $$script; done $(QUIETLY)

docs: $(VENV)/.installed-test  ## the documentation as a site, in site/: a broken link or reference fails
	$(BIN)/python -m sphinx --builder html --nitpicky --fail-on-warning --keep-going --quiet docs site $(QUIETLY)

test: lint types  ## lint, types and the fast tests (TESTS=path for some of them)
	$(BIN)/python -m pytest $(AT_ONCE) $(TESTS)

test-slow: $(VENV)/.installed-test  ## the tests that take longer
	$(BIN)/python -m pytest $(AT_ONCE) -m slow $(TESTS)

test-jax test-torch: test-%: $(VENV)/.installed-%  ## the tests of analyses with Keras running on JAX, or on PyTorch
	KERAS_BACKEND=$* $(BIN)/python -m pytest $(AT_ONCE) $(or $(TESTS),tests/analysis tests/measure tests/rules tests/fields tests/callbacks)

test-hub: $(VENV)/.installed-hub  ## the backbones of keras-hub, which this installs
	$(BIN)/python -m pytest $(AT_ONCE) tests/hub

lint: $(VENV)/.installed-test  ## ruff: rules and format
	$(BIN)/ruff check --quiet
	$(BIN)/ruff format --check --quiet

types: $(VENV)/.installed-test  ## mypy, strict, on the package
	$(BIN)/mypy

format: $(VENV)/.installed-test  ## let ruff repair what it can
	$(BIN)/ruff check --fix --quiet
	$(BIN)/ruff format --quiet

bench: $(VENV)/.installed-test  ## the speed of everything, measured against peers, as docs/speed.md; takes most of an hour
	$(BIN)/python -m benchmarks.speed $(QUIETLY)

release:  ## wheel and sdist into dist/, tried in clean environments without the checkout (OLDEST=--oldest: oldest versions)
	$(PYTHON) .ci/release.py $(OLDEST) $(QUIETLY)

clean:  ## remove .venv and the tools' caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Each stamp is newer than what it was made from, so that nothing is installed twice.
# The upper bound of the version is TensorFlow's: no wheels are published for a newer Python yet.
$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null || { \
		found=$$($(PYTHON) --version 2>/dev/null) || found='no Python'; \
		echo "error: needs Python 3.11, 3.12 or 3.13; '$(PYTHON)' is $$found." >&2; \
		echo "       Name another one: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@echo "Setting up $(VENV): 2 GB, most of it TensorFlow, and a minute or two; this once."
	@$(PYTHON) -m venv $(VENV)
	@$(INSTALL) --upgrade pip
	@touch $@

$(VENV)/.installed: $(VENV)/.made pyproject.toml constraints.txt
	@$(INSTALL) --editable .
	@touch $@

$(VENV)/.installed-test: $(VENV)/.made pyproject.toml constraints.txt
	@$(INSTALL) --editable '.[test,jax]' --group dev
	@touch $@ $(VENV)/.installed

# Each backend beside TensorFlow's. PyTorch's build for the processor alone is a fraction of the one with CUDA: where
# pip's index has only the latter, install the former first.
$(VENV)/.installed-jax $(VENV)/.installed-torch: $(VENV)/.installed-%: $(VENV)/.installed-test
	@$(INSTALL) --editable '.[$*]'
	@touch $@

$(VENV)/.installed-hub: $(VENV)/.installed-test
	@$(INSTALL) --editable '.[test,jax,hub]' --group dev
	@touch $@
