# `make help` lists the targets. Each installs what it needs into .venv and node_modules.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help serve test test-extra test-fast image-test lighthouse bench fuzz lint observatory audit format reference constraints screenshots release clean

help: ## list these targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

serve: $(VENV)/installed ## install the host into .venv and serve on port 8000
	$(BIN)/embeddable-host serve --port 8000

PYTEST := PATH="$$PATH:/usr/sbin" $(BIN)/pytest --numprocesses 3 --dist worksteal

test: $(VENV)/installed-dev node_modules/installed ## run the tests, with browsers and nginx from Debian's packages
	tests/tools/install-packages chromium chromium-headless-shell firefox-esr WebKitWebDriver Xvfb nginx
	$(PYTEST) -m 'not extra'
	$(MAKE) --no-print-directory lighthouse

test-extra: $(VENV)/installed-dev node_modules/installed ## run the tests that take longer: crowds, floods, repetitions
	tests/tools/install-packages chromium chromium-headless-shell firefox-esr WebKitWebDriver Xvfb nginx
	$(PYTEST) -m extra

# Tests that run with one worker and with several run only with one here.
test-fast: $(VENV)/installed-dev node_modules/installed ## run only the tests that need neither browsers nor nginx: one minute
	$(PYTEST) -m 'not world and not extra' -k 'not workers'

# Needs root. The image is built and run without a service or a registry, on a Debian base that debootstrap creates once.
image-test: $(VENV)/installed-image ## build the image, run it and sign in to it; check the manifests
	tests/tools/install-packages buildah debootstrap podman crun netavark aardvark-dns iptables ip
	tests/tools/install-packages chromium chromium-headless-shell nginx
	PATH="$$PATH:/usr/sbin" $(BIN)/pytest tests/image

# Runs after the tests, alone on the machine: performance is measured.
lighthouse: $(VENV)/installed-dev node_modules/installed ## run Lighthouse on the setup page, the tracker and the sign-in test
	tests/tools/install-packages chromium
	PYTHONPATH=tests $(BIN)/python tests/tools/lighthouse.py

# BENCH="start wire" measures only these parts (their names are in bench/run.py), RELEASE=folder measures that release.
# Run it on an idle machine: times are measurements.
bench: $(VENV)/installed-dev ## measure the host and a CDN in turns, in half an hour at most, and write docs/measurements.md
	tests/tools/install-packages chromium nginx wrk
	PATH="$$PATH:/usr/sbin" PYTHONPATH=tests $(BIN)/python bench/run.py

# FUZZ_SECONDS=600 fuzzes each target for ten minutes. Bytes that break one go into its corpus, which `make test` replays.
FUZZ_SECONDS ?= 60
fuzz: $(VENV)/installed-fuzz ## fuzz the code that reads foreign bytes, for five minutes
	for target in $$(ls tests/fuzz/corpus); do \
		PYTHONPATH=tests:. $(BIN)/python tests/fuzz/fuzz.py $$target -max_total_time=$(FUZZ_SECONDS) || exit 1; \
	done

lint: $(VENV)/installed-dev node_modules/installed ## check style and types (ruff, mypy, tsc), and known advisories
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	npm run --silent lint
	$(MAKE) --no-print-directory audit

format: $(VENV)/installed-dev ## format the Python files
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

reference: $(VENV)/installed-dev ## regenerate the tables in docs/
	PYTHONPATH=tests $(BIN)/python tests/tools/reference.py

# requirements.lock and build.lock, for what the package is built with, have the hash of every file, so that nothing else
# can be installed; constraints.txt has the same versions for installations from other sources.
constraints: ## update the versions that a deployment installs: constraints.txt, requirements.lock and build.lock
	rm -rf build/constraints
	$(PYTHON) -m venv build/constraints
	build/constraints/bin/pip install --quiet --disable-pip-version-check pip-tools
	build/constraints/bin/pip-compile --quiet --upgrade --generate-hashes --strip-extras --no-annotate --no-header \
		--no-emit-index-url --no-emit-trusted-host --no-emit-find-links --output-file build/requirements.lock pyproject.toml
	echo hatchling > build/build.in
	build/constraints/bin/pip-compile --quiet --upgrade --generate-hashes --strip-extras --no-annotate --no-header \
		--no-emit-index-url --no-emit-trusted-host --no-emit-find-links --output-file build/build.lock build/build.in
	{ sed '/^[^#]/d' constraints.txt; sed -n 's/^\([a-z].*==[^ ]*\).*/\1/p' build/requirements.lock; } > build/constraints.txt
	mv build/constraints.txt build/requirements.lock build/build.lock .

observatory: $(VENV)/installed-dev tests/tools/observatory/node_modules/installed ## run MDN's and Google's security checks on the shipped nginx; fails below A+
	tests/tools/install-packages nginx
	PATH="$$PATH:/usr/sbin" PYTHONPATH=tests $(BIN)/python tests/tools/observatory.py

audit: $(VENV)/installed-dev ## look for known advisories about every dependency
	$(BIN)/python tests/tools/audit.py

screenshots: $(VENV)/installed-dev ## take the pictures in docs/
	tests/tools/install-packages chromium chromium-headless-shell nginx
	PATH="$$PATH:/usr/sbin" PYTHONPATH=tests $(BIN)/python tests/tools/screenshots.py docs

# The wheel is built from the sdist, so a file that is missing from the sdist is noticed here.
release: $(VENV)/installed-dev ## build sdist and wheel in dist/, check them, and serve from the wheel
	rm -rf dist
	$(BIN)/python -m build --no-isolation
	$(BIN)/twine check --strict dist/*
	$(BIN)/python tests/tools/try_wheel.py dist/*.whl
	$(BIN)/cyclonedx-py requirements --pyproject pyproject.toml --output-file dist/sbom.cdx.json requirements.lock

clean: ## remove .venv, node_modules, dist and build
	rm -rf $(VENV) node_modules tests/tools/observatory/node_modules dist build

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

$(VENV)/installed-fuzz: $(VENV)/installed-dev
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[fuzz]'
	touch $@

$(VENV)/installed-image: $(VENV)/installed-dev
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[image]'
	touch $@

# Without install scripts: they download a list that is not needed here.
tests/tools/observatory/node_modules/installed: tests/tools/observatory/package-lock.json
	tests/tools/install-packages npm
	cd tests/tools/observatory && npm ci --silent --ignore-scripts --no-audit --no-fund
	touch $@

node_modules/installed: package-lock.json
	tests/tools/install-packages npm
	npm ci --silent --no-audit --no-fund
	touch $@
