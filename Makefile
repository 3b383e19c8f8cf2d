# make demo: see it work · make run: serve with config/ · make test: every test · make check: format, lint, types, imports
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.installed-runtime
DEV := $(VENV)/.installed-dev

# Tests wait for browsers, disks and other processes a third of their time: one worker more than there are cores for each two.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 2) * 3 // 2)')

# Where Python is told to keep no bytecode, every worker and every hub of the suite compiles all modules again: to collect the tests
# took 17 s of each, and takes 7 where it is kept.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo run test check sbom wheel audit-dependencies routes screenshots bench histories crash crash-postgres tampering \
	fuzz fuzz-api abuse soak install format clean

install: $(RUNTIME)

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 …")'
	$(PYTHON) -m venv $(VENV)

$(RUNTIME): $(VENV)/bin/python requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	touch $@

# It holds all of the other lock.
$(DEV): $(VENV)/bin/python requirements-dev.lock requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	touch $(RUNTIME) $@

demo: $(RUNTIME)
	$(BIN)/python run.py demo $(if $(ONCE),--once)

run: $(RUNTIME)
	$(BIN)/python run.py serve

test: $(DEV)
	$(BIN)/python -m tests.browser
	$(BIN)/python -m tests.api
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup

check: $(DEV)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy --num-workers auto
	$(BIN)/lint-imports
	$(BIN)/python -m tests.supply.licences
	$(BIN)/python run.py check

# What is inside a hub, with licences and hashes: var/dist/buurtsein.cdx.json (CycloneDX); the same for the same commit
sbom: $(DEV)
	$(BIN)/python -m tests.supply.sbom

# The wheel of the last commit, built twice and compared: var/dist. How to sign it: SECURITY.md
wheel: $(DEV)
	$(BIN)/python -m tests.supply.wheel

# Known weaknesses of what a hub needs to run. Asks the internet, so neither CI nor make check runs it
audit-dependencies: $(DEV)
	$(BIN)/python -m tests.supply.audit

# Every page as a picture, in var/screenshots: light and dark, phone and desktop
screenshots: $(DEV)
	$(BIN)/python -m tests.browser.screenshots

# make bench NAME=fanout, or several, or with options: NAME="fanout telegram --store sqlite"
bench: $(DEV)
	$(BIN)/python -m tests.bench $(NAME)

# make crash N=300 SEED=1: kill -9 in mid-relay, on both stores
crash: $(DEV)
	$(BIN)/python -m tests.crash.storm $(if $(N),--kills $(N)) $(if $(SEED),--seed $(SEED))

# make histories N=10000: random histories of alerts, people and providers; what must always hold
histories: $(DEV)
	$(BIN)/python -m tests.walk.histories $(if $(N),--count $(N))

# make tampering N=1000 SEED=1: whatever is done to the audit chain behind the hub's back, on both stores and in an exported record
tampering: $(DEV)
	$(BIN)/python -m tests.store.tampering $(if $(N),--count $(N)) $(if $(SEED),--seed $(SEED))

# make fuzz-api N=50000 SEED=1: every call of the API with a key of each role and with none, as openapi.json describes it
fuzz-api: $(DEV)
	$(BIN)/python -m tests.fuzz.api $(if $(N),--cases $(N)) $(if $(SEED),--seed $(SEED))

# make fuzz TARGET=cap-xml MINUTES=10: readers of bytes from outside; without TARGET all of them, one after the other
fuzz: $(DEV)
	$(BIN)/python -m tests.fuzz $(or $(TARGET),all) --minutes $(or $(MINUTES),10)

# make abuse: slow clients, idle streams and forged webhooks by the thousand, and what alerts notice of it
abuse: $(DEV)
	$(BIN)/python -m tests.abuse

# PostgreSQL stopped for a minute, one of two hubs killed, a replica promoted
crash-postgres: $(DEV)
	$(BIN)/python -m tests.crash.postgres $(if $(SEED),--seed $(SEED))

# make soak MINUTES=20: at 80 % of the limits with 2 % of every fault
soak: $(DEV)
	$(BIN)/python -m tests.soak $(if $(MINUTES),--minutes $(MINUTES))

# Who may call what: the table of routes as a document
routes: $(RUNTIME)
	$(BIN)/python run.py routes > hub/web/ROUTES.md

format: $(DEV)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Renew the locks from pyproject.toml (needs uv): hashes for every platform, no registry's address.
lock:
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --upgrade pyproject.toml -o requirements.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --upgrade --extra dev pyproject.toml -o requirements-dev.lock

clean:
	rm -rf $(VENV) var .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
