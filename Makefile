# One command each: serve, test, lint. All they need is installed on the way, into .venv and node_modules.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: serve test lighthouse bench lint format reference screenshots clean

serve: $(VENV)/installed
	$(BIN)/embeddable-host serve --port 8000

test: $(VENV)/installed-dev node_modules/installed
	tests/tools/install-packages chromium nginx
	PATH="$$PATH:/usr/sbin" $(BIN)/pytest --numprocesses auto --dist worksteal
	$(MAKE) --no-print-directory lighthouse

# Scores of the setup page and the rehearsal. After the tests, with the machine to itself: performance is a measurement.
lighthouse: $(VENV)/installed-dev node_modules/installed
	tests/tools/install-packages chromium
	PYTHONPATH=tests $(BIN)/python tests/tools/lighthouse.py

# Requests a second, beside the least that could answer with the same bytes. RELEASE=folder measures that release.
bench: $(VENV)/installed-dev
	tests/tools/install-packages wrk nginx
	PATH="$$PATH:/usr/sbin" PYTHONPATH=tests $(BIN)/python bench/speed.py

lint: $(VENV)/installed-dev node_modules/installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	npm run --silent lint

format: $(VENV)/installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Writes the settings reference in the README anew, from the settings' declarations.
reference: $(VENV)/installed-dev
	$(BIN)/python tests/tools/reference.py README.md

# The pictures in the README, taken anew.
screenshots: $(VENV)/installed-dev
	tests/tools/install-packages chromium nginx
	PATH="$$PATH:/usr/sbin" PYTHONPATH=tests $(BIN)/python tests/tools/screenshots.py docs

clean:
	rm -rf $(VENV) node_modules

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

node_modules/installed: package-lock.json
	tests/tools/install-packages npm
	npm ci --silent --no-audit --no-fund
	touch $@
