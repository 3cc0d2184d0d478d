# The two commands of a fresh machine: `make demo` and `make test`. Both make .venv when it is missing or old.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
WORLD ?= broken

.PHONY: demo test check
demo: $(VENV)/.installed
	@$(BIN)/k9py demo $(WORLD)

test: $(VENV)/.tested
	$(BIN)/pytest -q -n auto --dist loadgroup -rs

check: $(VENV)/.tested
	.ci/run

$(VENV)/.made: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "k9py needs Python 3.11 or newer, and $(PYTHON) is $$($(PYTHON) -V 2>&1)."; \
	  echo "Name another one: make demo PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/python && $(BIN)/python -c 'import pip' 2>/dev/null || $(PYTHON) -m venv --clear $(VENV) || { \
	  rm -rf $(VENV); \
	  echo "Python has no venv module here. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@touch $@

$(VENV)/.installed: pyproject.toml $(VENV)/.made
	$(PIP) -e .
	@touch $@

$(VENV)/.tested: pyproject.toml $(VENV)/.made
	$(PIP) -e '.[test,dev,socks]'
	@touch $(VENV)/.installed $@
