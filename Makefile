# Every way to use this project. Needs make and a Python >= 3.11; makes .venv on first use; root or not.
#
#   make demo                   the whole portal on this machine, until Ctrl-C (HUBS=, PORT=, ARGS=--journey)
#   make chaos                  a rollout to its end while everything around it fails (SEED=, HUBS=)
#   make drill-restore          a database is lost and restored to a moment in the middle of a rollout (HUBS=)
#   make drill-failover         a standby takes over in the middle of a rollout (HUBS=)
#   make drill-upgrade          two releases run beside each other while a rollout runs (HUBS=, BEFORE=)
#   make test                   all checks, then all tests
#   make fuzz                   whatever can be thrown at pages, REST, CSPs' endpoint and stream (FUZZ=100000 requests)
#   make proof                  that no Supplier learns of another, whole (the tests hold a small form of it)
#   make clients                the libraries for Python and TypeScript, ready to publish
#   make run                    the portal for development, on an empty database

VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
MANAGE := $(PY) manage.py
ARGS ?=

# Without compiled files every process would need five seconds to start.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo chaos drill-restore drill-failover drill-upgrade demo-reset run test coverage check lint dependencies types imports migrations format clients bench fuzz proof screenshots docs \
  lock audit smoke from-nothing interpreter clean

demo: $(VENV)/.runtime
	$(MANAGE) demo $(ARGS)

# The journey, while everything around it is killed, frozen and cut off, as the seed says.
SEED ?= 1
chaos: $(VENV)/.runtime
	HUBS=$${HUBS:-2000} $(MANAGE) demo --journey --chaos=$(SEED) $(ARGS)

# What an operator does when a database is lost or a release is new, while a rollout runs; it says step by step what it does.
DRILL := $(MANAGE) demo --journey
drill-restore: $(VENV)/.runtime
	HUBS=$${HUBS:-2000} $(DRILL) --brief --drill=restore $(ARGS)

drill-failover: $(VENV)/.runtime
	HUBS=$${HUBS:-2000} $(DRILL) --brief --drill=failover $(ARGS)

BEFORE ?=
drill-upgrade: $(VENV)/.runtime
	HUBS=$${HUBS:-2000} $(DRILL) --drill=upgrade --before=$(BEFORE) $(ARGS)

demo-reset: $(VENV)/.runtime
	$(MANAGE) demo_reset

run: $(VENV)/.runtime
	$(MANAGE) run $(ARGS)

# Each process has a PostgreSQL and a Valkey of its own; one more than there are cores, as some tests mostly wait.
# `JOBS=0` runs one test after another, as a debugger wants it.
JOBS ?= $(shell echo $$(($$(nproc) + 1)))
# `COVERAGE=1` measures how much of the layers that matter the tests run. From Python 3.12 on the interpreter itself counts, cheaply.
COVERAGE ?=
MEASURING := $(if $(COVERAGE),--cov --cov-report= -p tests.floors)
test: check
	COVERAGE_CORE=$$($(PY) -c 'import sys; print("sysmon" if sys.version_info >= (3, 12) else "ctrace")') \
	  $(PY) -m pytest --numprocesses=$(JOBS) --maxprocesses=4 --dist=worksteal $(MEASURING) $(ARGS)

coverage:
	@$(MAKE) --no-print-directory test COVERAGE=1

check: lint dependencies types imports migrations

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# What the portal imports is declared for the runtime, what the tests import besides for development, and no more.
DEPTRY := $(BIN)/deptry . --no-ansi --config requirements/deptry.toml
dependencies: $(VENV)/.dev
	$(DEPTRY)
	$(DEPTRY) --requirements-files requirements/dev.in --exclude '\.venv'

types: $(VENV)/.dev
	$(BIN)/mypy

imports: $(VENV)/.dev
	$(BIN)/lint-imports

migrations: $(VENV)/.dev
	DEBUG=1 $(PY) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run

# Both libraries from the description: generated, type-checked, tested against a portal, ready to publish in clients/*/dist.
# What needs Node says so where there is none.
clients: $(VENV)/.dev
	$(PY) -m tests.clients $(ARGS)

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

FUZZ ?= 100000
fuzz: $(VENV)/.dev
	FUZZ=$(FUZZ) $(PY) -m pytest --numprocesses=$(JOBS) --maxprocesses=4 --dist=worksteal tests/fuzz tests/api/test_api_fuzz.py $(ARGS)

# What is done elsewhere is drawn anew for each pair of estates.
proof: $(VENV)/.dev
	PROOF_ESTATES=$${PROOF_ESTATES:-5} $(PY) -m pytest tests/proof $(ARGS)

bench: $(VENV)/.dev
	$(PY) -m tests.bench $(ARGS)

screenshots: $(VENV)/.dev
	$(PY) -m tests.screenshots $(ARGS)

docs: $(VENV)/.dev
	$(PY) -m tests.documents

UV := UV_PYTHON_DOWNLOADS=never UV_HTTP_RETRIES=1 $(BIN)/uv
COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url $(ARGS)
# `ARGS=--upgrade` for newer releases.
lock: $(VENV)/.dev
	$(COMPILE) --output-file requirements/runtime.txt requirements/runtime.in
	$(COMPILE) --constraint requirements/runtime.txt --output-file requirements/dev.txt requirements/dev.in

# Known vulnerabilities of what is locked (osv.dev). Says that it did not look where the network does not let it.
audit: $(VENV)/.dev
	@set -e; scratch=$$(mktemp -d); trap 'rm -rf "$$scratch"' EXIT; \
	printf '[project]\nname = "portal"\nversion = "0"\nrequires-python = ">=3.11"\n' >"$$scratch/pyproject.toml"; \
	answer=0; \
	$(UV) add --quiet --no-sync --project "$$scratch" --requirements requirements/dev.txt \
	  && $(UV) audit --preview-features audit-command --frozen --project "$$scratch" || answer=$$?; \
	[ $$answer != 2 ] || { echo "No audit: the index or the list of vulnerabilities cannot be reached."; exit 0; }; \
	exit $$answer

# What runs in production starts: no entry point needs more than the runtime has.
smoke: $(VENV)/.runtime
	@DEBUG=1 $(PY) -c 'import portal.asgi, portal.wsgi, hubsim.__main__; from portal.celery import app; app.loader.import_default_modules()'
	@DEBUG=1 $(MANAGE) check

# Both environments as a newcomer's machine makes them, each by itself, in a folder that is then thrown away.
from-nothing:
	@set -e; scratch=$$(mktemp -d); trap 'rm -rf "$$scratch"' EXIT; \
	$(MAKE) --no-print-directory VENV="$$scratch/runtime" smoke; \
	$(MAKE) --no-print-directory VENV="$$scratch/dev" "$$scratch/dev/.dev"

clean: demo-reset
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

# A candidate is run before it is trusted: a version manager's shim may exist and lead nowhere.
interpreter:
	@for candidate in $(PYTHON) python3.13 python3.12 python3.11 python3.14 python3; do \
	  if "$$candidate" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    echo "$$candidate"; \
	    exit; \
	  fi; \
	done; \
	echo "No Python >= 3.11 with venv was found. On Debian: apt-get install python3-venv. Or name one: make PYTHON=..." >&2; \
	exit 1

$(PY):
	@set -e; python=$$($(MAKE) --silent --no-print-directory interpreter); \
	echo "Making $(VENV) with $$("$$python" --version)"; \
	"$$python" -m venv --clear $(VENV)

$(VENV)/.runtime: requirements/runtime.txt | $(PY)
	@$(call install,requirements/runtime.txt)
	@touch $@

$(VENV)/.dev: requirements/dev.txt | $(PY)
	@$(call install,requirements/dev.txt)
	@touch $@ $(VENV)/.runtime

# The lock as it is, nothing resolved anew; the check says what it lacks. From this machine's settings of pip come the index
# and the certificates, not further constraints or another place.
define install
	set -e; \
	echo "Installing $(1)"; \
	export PIP_CONSTRAINT=/dev/null PIP_USER=0 PIP_DISABLE_PIP_VERSION_CHECK=1; \
	$(PY) -I -m pip install --quiet --no-deps --require-hashes -r $(1); \
	$(PY) -I -m pip check >$(VENV)/.check || { \
	  cat $(VENV)/.check; \
	  echo "The lock lacks this, or $(VENV) still holds what an older lock had: rm -r $(VENV), then again." >&2; \
	  exit 1; \
	}
endef
