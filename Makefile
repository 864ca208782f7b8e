# Everything that a fresh checkout needs: each target makes its own virtual environment first.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test lint fuzz bench clean

# Set up, and serve the demo page on http://127.0.0.1:8080
demo: $(STAMP)
	$(BIN)/rtckit demo

# Set up, check the code, and run the whole suite
test: lint
	.ci/peers
	$(BIN)/pytest -n 2 --dist loadfile $(TESTS)

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Every parser and machine under atheris, a minute each; TARGETS="stun-message ..." for some
fuzz: $(STAMP)
	$(BIN)/python -m pip install --quiet atheris
	$(BIN)/python -m tests.fuzz.atheris --seconds 60 $(TARGETS)

# Bulk and ping-pong beside aiortc, in one run; ARGS="--help" tells the options
bench: $(STAMP)
	$(BIN)/python -m bench.datachannel $(ARGS)

clean:
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	rm -rf build dist src/*.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMP): pyproject.toml
	@echo "Setting up $(VENV); this takes a minute or two ..."
	$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "RTCKit needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@
