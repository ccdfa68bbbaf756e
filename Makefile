# Needs Python 3.11 or newer and make; everything else goes into .venv.
# The first that runs: a name on the PATH may be a version manager's stand-in for one that is not there.
PYTHON ?= $(shell for name in python3.13 python3.12 python3.11 python3; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$name; break; }; done)
BIN := .venv/bin
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check

.PHONY: help run test check fix bench chaos

help:
	@echo "make run    start the desk and print its address (PORT=8001 moves it)"
	@echo "make test   run the tests"
	@echo "make check  look for mistakes; changes nothing"
	@echo "make fix    mend what can be mended"
	@echo "make bench  measure"
	@echo "make chaos  break a running desk on purpose and count what it promised (ARGS='--help')"

run: .venv/installed
	@exec $(BIN)/python manage.py desk

test: .venv/installed-dev
	@$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile

bench: .venv/installed-bench
	@$(BIN)/python -m tests.bench

chaos: .venv/installed-dev
	@$(BIN)/python -m tests.chaos $(ARGS)

check: .venv/installed-dev
	@PATH="$(CURDIR)/$(BIN):$$PATH" bash .ci/check

fix: .venv/installed-dev
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format --quiet .
	@find templates -name '*.html' -exec $(BIN)/djade --target-version 5.2 {} + || true
	@find templates -name '*.html' -exec $(BIN)/djhtml --tabwidth 2 {} + || true

.venv/python:
	@for python in $(PYTHON); do \
		$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
		$$python -m venv .venv || { \
			echo "$$python can't make virtual environments: install its venv package (Debian: python3-venv)." >&2; exit 1; }; \
		touch $@; exit; \
	done; echo "Python 3.11 or newer is needed: install it, or name it with PYTHON=..." >&2; exit 1

.venv/installed: .venv/python requirements.txt
	@echo "Installing requirements into .venv ..."
	@$(PIP) --requirement requirements.txt
	@touch $@

.venv/installed-dev: .venv/installed requirements-dev.txt
	@echo "Installing development requirements into .venv ..."
	@$(PIP) --requirement requirements-dev.txt
	@touch $@

.venv/installed-bench: .venv/installed-dev requirements-bench.txt
	@echo "Installing what to measure beside into .venv ..."
	@$(PIP) --requirement requirements-bench.txt
	@touch $@
