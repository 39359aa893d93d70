# Every way to use this project. Needs make and a Python >= 3.11; makes .venv on first use; root or not.
#
#   make demo                   the whole portal on this machine, until Ctrl-C (HUBS=, PORT=, ARGS=--journey)
#   make test                   all checks, then all tests
#   make run                    the portal for development, on an empty database

VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
MANAGE := $(PY) manage.py
ARGS ?=

# Without compiled files every process would need five seconds to start.
unexport PYTHONDONTWRITEBYTECODE
export UV_PYTHON_DOWNLOADS := never

.PHONY: demo demo-reset run test check lint types imports migrations format bench screenshots docs lock clean

demo: $(VENV)/.runtime
	$(MANAGE) demo $(ARGS)

demo-reset: $(VENV)/.runtime
	$(MANAGE) demo_reset

run: $(VENV)/.runtime
	$(MANAGE) run $(ARGS)

# Each process has a PostgreSQL and a Valkey of its own; one more than there are cores, as some tests mostly wait.
# `JOBS=0` runs one test after another, as a debugger wants it.
JOBS ?= $(shell echo $$(($$(nproc) + 1)))
test: check
	$(PY) -m pytest --numprocesses=$(JOBS) --maxprocesses=4 --dist=worksteal $(ARGS)

check: lint types imports migrations

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

imports: $(VENV)/.dev
	$(BIN)/lint-imports

migrations: $(VENV)/.dev
	DEBUG=1 $(PY) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.dev
	$(PY) -m tests.bench $(ARGS)

screenshots: $(VENV)/.dev
	$(PY) -m tests.screenshots $(ARGS)

docs: $(VENV)/.dev
	$(PY) -m tests.documents

lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --output-file requirements/runtime.txt requirements/runtime.in
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --output-file requirements/dev.txt requirements/dev.in

clean: demo-reset
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

# A candidate is run before it is trusted: a version manager's shim may exist and lead nowhere.
$(PY):
	@set -e; \
	for candidate in $(PYTHON) python3.13 python3.12 python3.11 python3; do \
	  if "$$candidate" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    echo "Making $(VENV) with $$("$$candidate" --version)"; \
	    exec "$$candidate" -m venv --clear $(VENV); \
	  fi; \
	done; \
	echo "No Python >= 3.11 with venv was found. On Debian: apt-get install python3-venv. Or name one: make PYTHON=..." >&2; \
	exit 1

$(VENV)/.runtime: requirements/runtime.txt | $(PY)
	@$(call install,requirements/runtime.txt)
	@touch $@

$(VENV)/.dev: requirements/dev.txt | $(PY)
	@$(call install,requirements/dev.txt)
	@touch $@ $(VENV)/.runtime

# Only what the lock file's hashes allow, compiled at once. uv does it in seconds where it is installed.
define install
	set -e; \
	echo "Installing $(1)"; \
	if command -v uv >/dev/null 2>&1 && uv --version >/dev/null 2>&1; then \
	  uv pip install --quiet --python $(PY) --compile-bytecode --require-hashes -r $(1); \
	else \
	  $(PY) -m pip install --quiet --disable-pip-version-check --compile --require-hashes -r $(1); \
	fi
endef
