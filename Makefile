# `make help` says what there is to make.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
PRESET ?= quick
OLD ?= HEAD
NIGHTS ?= 200
WORKERS := -n 2 --dist loadfile --no-loadscope-reorder
SEED ?= 0
BIN := .venv/bin
# As pip would, but by all processors at once; a file or two is of another Python, and none that is ever run.
COMPILE = $(BIN)/python -m compileall -qq -j 0 .venv/lib || true
# pip's five hundred lines as a line every twenty packages
COUNT_PACKAGES = /^Collecting / && ++n % 20 == 0 { printf "  %d of %d packages found\n", n, all; fflush() } \
	/^Installing / { print "  unpacking them"; fflush() }

.PHONY: help
help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 24

.PHONY: run
run: .venv/installed ## Everything, from pictures to a scored generator: collect, curate, train, sample, evaluate, report
	@$(BIN)/python -m flows.train_gan

.PHONY: compare
compare: .venv/installed ## All methods side by side: table, box plot, contact sheet (PRESET=quick, or lucic: see compare/)
	@$(BIN)/python -m flows.compare_methods $(PRESET)

.PHONY: lecture
lecture: .venv/installed ## The lecture, run: docs/lecture.md with its figures, about a minute; after `make compare`
	@$(BIN)/python -m tasks.lecture

.PHONY: explore
explore: .venv/installed ## A page to ask the trained generator for portraits: sliders, walks, mixtures, copies (Ctrl-C closes it)
	@$(BIN)/python -m tasks.explore

.PHONY: compile
compile: # what was installed beside the lock
	@$(COMPILE)

.PHONY: test
test: .venv/installed ## All tests but the drills (those that need a GPU or a browser are skipped where there is none, and say so)
	$(BIN)/lint-imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -ra --durations=10 -m "not drill" $(WORKERS)
	@echo "The drills were left out: make drills"

.PHONY: drills
drills: .venv/installed ## The tests that take longest: whole pipelines and servers killed, starved and raced; longer trainings
	$(BIN)/python -m pytest -ra --durations=10 -m drill $(WORKERS)

.PHONY: quick
quick: .venv/installed ## The fast tests only
	$(BIN)/python -m pytest -m "not slow and not browser and not drill" --ignore tests/faults --ignore tests/threats $(WORKERS)

.PHONY: faults
faults: .venv/installed ## Faults injected and threats tried, for real; what came of each is written to docs/reliability.md
	$(BIN)/python -m pytest -m "fault or threat" $(WORKERS) --ledger docs/reliability.md

.PHONY: soak
soak: .venv/installed ## Two hundred nights with random faults, some minutes; prints what was done and what is left (NIGHTS=200 SEED=0)
	@$(BIN)/python -m pytest tests/faults/test_soak.py -s --nights $(NIGHTS) --soak-seed $(SEED)

.PHONY: audit
audit: ## Ask whether any locked version is known to be vulnerable; exceptions stand in supply.toml
	@$(PYTHON) .ci/audit.py

.PHONY: doctor
doctor: .venv/installed ## What ails this folder: versions, disk, locks, runs, servers, GPU, cache (ARGS="--json", "--fix")
	@$(BIN)/python -m flows.doctor $(ARGS)

.PHONY: bench
bench: .venv/installed ## All that is claimed about speed, ours and others' side by side, some 25 minutes alone on the machine
	@$(BIN)/python -m bench

.PHONY: bench-curation
bench-curation: .venv/installed ## What curating finds of defects that were planted, ours and cleanvision's side by side, some minutes
	@$(BIN)/python -m bench.curation

.PHONY: bench-metrics
bench-metrics: .venv/installed ## How quick and how exact the scores are, beside torchmetrics and scipy, some minutes
	@$(BIN)/python -m bench.metrics

.PHONY: diff
diff: .venv/installed ## Scores of two revisions, with their errors, if made alike (OLD=HEAD, NEW= what lies here)
	@$(BIN)/python -m tasks.diff $(OLD) $(NEW)

.PHONY: weights
weights: .venv/installed ## Fetch the official Inception weights into weights/, once: with them a score may be called FID
	@$(BIN)/python -m tasks.weights

.PHONY: up
up: .venv/installed ## Start the Prefect server, a worker and the MLflow server on this machine; register train-gan/nightly
	@$(BIN)/python -m flows.up

.PHONY: down
down: ## Stop what `make up` started, and nothing else
	@$(BIN)/python -m flows.down

.PHONY: install
install: .venv/installed ## Only create .venv and install the locked packages

.PHONY: lock
lock: ## Write requirements.lock and torch.lock anew from pyproject.toml (in a throw-away environment)
	rm -rf build/lock && $(PYTHON) -m venv build/lock
	build/lock/bin/pip install --quiet --progress-bar on '.[dev]'
	build/lock/bin/pip freeze --exclude atelier | sed -E 's/\+cpu$$//' > build/lock/all
	build/lock/bin/pip install --quiet uv
	$(MAKE) --no-print-directory hashes PINS=build/lock/all UV=build/lock/bin/uv
	rm -rf build/lock

# torch stands apart: each machine needs another of its builds (CUDA, CPU), and no one index has the digests of all of them.
.PHONY: hashes
hashes:
	{ sed -n '/^#/p' torch.lock; grep -i '^torch==' $(PINS); } > build/torch.lock && mv build/torch.lock torch.lock
	grep -iv '^torch==' $(PINS) | $(UV) pip compile --quiet --no-deps --generate-hashes --no-header --no-annotate - -o requirements.lock

.PHONY: clean
clean: ## Remove the environment; data, models and records stay
	rm -rf .venv

.venv/installed: requirements.lock torch.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "error: expected Python 3.11 or later, found $$($(PYTHON) --version). Name another one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 2; }
	@$(PYTHON) -m venv .venv || { echo "error: Python's venv module is incomplete here. On Debian and Ubuntu: apt install python3-venv"; rm -rf .venv; exit 2; }
	@echo "Installing the locked packages into .venv (some minutes, once)"
	@set -o pipefail; { $(BIN)/pip install --progress-bar off --disable-pip-version-check --no-compile --no-deps --require-hashes -r requirements.lock \
		&& $(BIN)/pip install --progress-bar off --disable-pip-version-check --no-compile -r torch.lock; } \
		| awk -v all=$$(cat requirements.lock torch.lock | grep -c '^[^#].*==') '$(COUNT_PACKAGES)'
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	@$(COMPILE)
	@touch $@
