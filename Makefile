# make demo, make test: all the set-up is done by them. What they need: Python 3.11+, a JDK (17 or newer with javac; 21+ for 9.x), Maven.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

.DEFAULT_GOAL := help
.PHONY: help install plugin maven demo test test-plugin test-python check lint generated contact-sheet benchmark docs lock newest test-versions test-pythons test-azure dist clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

install: $(STAMP) plugin ## .venv, the package, the plugin zips

$(STAMP): pyproject.toml docker/development-requirements.txt
	@command -v $(PYTHON) >/dev/null || { echo "Python is missing: install Python 3.11 or newer (or say PYTHON=/path/to/python3)."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$$($(PYTHON) --version) is too old: install Python 3.11 or newer (or say PYTHON=/path/to/python3)."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Python's venv module is missing: install it (Debian and Ubuntu: python3-venv)."; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement docker/development-requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $(STAMP)

plugin: maven ## the plugin zips, one for each Elasticsearch version, in build/plugins
	@elasticsearch_plugin/build

maven: $(STAMP)
	@command -v mvn >/dev/null || { echo "Maven is missing: install it (the command mvn; Debian and Ubuntu: maven)."; exit 1; }
	@$(BIN)/python -m embedded_node.jdk 17 >/dev/null

# It ends with make, also when that is killed: the shell that knows make's process id becomes the demo.
# make demo ES_PORT=9201 SERVICE_PORT=8190 GALLERY_PORT=8191, where others have the usual ports.
demo: install ## the main job on a real node with real pictures; stays up to try (ES_PORT=, SERVICE_PORT=, GALLERY_PORT=)
	@exec $(BIN)/ingest-image --until-end-of $$PPID demo $(if $(ES_PORT),--es-port $(ES_PORT)) $(if $(SERVICE_PORT),--service-port $(SERVICE_PORT)) \
		$(if $(GALLERY_PORT),--gallery-port $(GALLERY_PORT))

# A line that says $(MAKE) itself is carried out by `make --dry-run`, too.
PLUGIN_TESTS = $(MAKE) --no-print-directory test-plugin

test: maven ## all tests: unit, service, plugin (JUnit), end to end on every Elasticsearch version
	@# Beside JUnit, which mostly waits, the workers collect (tests/helpers/beside.py).
	@$(BIN)/pytest -n 7 --beside "$(PLUGIN_TESTS)"

# By themselves: beside seven workers that start nodes, answers of the tests' own services come too late.
# It makes the zips, too, with one start of Maven for each.
test-plugin: maven ## JUnit, for every Elasticsearch version
	@elasticsearch_plugin/build --test

# Seven workers keep two cores busy, as tests often wait, and have room in 24 GB (eight and one test beside them had not); what shares a node shares a worker (tests/helpers/groups.py).
test-python: install ## pytest; for one test: .venv/bin/pytest tests/FILE.py::test_name
	@$(BIN)/pytest -n 7

test-versions: install ## a picture through the plugin on every other release in versions.txt; downloads 44 MB for each
	@$(BIN)/pytest -n 0 tests/end_to_end/other_releases.py

# make test-pythons PYTHONS="3.13 /path/to/python3.14", by version or path; by default all others that the package is for.
test-pythons: install ## the wheel and the demo on other Pythons that are here (PYTHONS=)
	@PYTHONS="$(PYTHONS)" $(BIN)/pytest -n 0 tests/docker/other_pythons.py

test-azure: install ## the store and the main job with Azurite, which speaks as Azure does; needs Node.js and npm, downloads 150 MB
	@npm install --prefix build/azurite --ignore-scripts --no-audit --no-fund azurite@3.35.0
	@$(BIN)/pytest -n 0 tests/processor_service/store/azure.py tests/end_to_end/store/azure.py

lint: $(STAMP) ## ruff, mypy (strict), generated files current, rooms in order
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/python -m generate --check
	@$(BIN)/lint-imports --no-logo

check: lint test ## everything that must hold before a commit

generated: $(STAMP) ## write the schema, mapping and tables that are rendered from the declarations
	@$(BIN)/python -m generate

docs: $(STAMP) ## the documentation as a site, in build/docs; a link that leads nowhere is an error
	@$(BIN)/sphinx-build -q -W --keep-going -c docs/site -d build/docs/.doctrees . build/docs

contact-sheet: $(STAMP) ## a picture of all operations and kinds of picture, to be looked at
	@$(BIN)/python -m tests.contact_sheet

benchmark: install ## ratios against bare Pillow and a client-side script
	@$(BIN)/python -m benchmarks.ingest

lock: $(STAMP) ## docker/lock: what the service's image and .venv install, with hashes, and the image's licences
	@docker/lock

newest: ## the tests with the newest release of every dependency, beyond the upper bounds too
	@.ci/newest

dist: install ## dist/: wheel and sdist with the plugin in them, SBOM, checksums
	@.ci/dist

clean: ## remove what was built (not .venv, not the demo's data)
	rm -rf build dist elasticsearch_plugin/target
