# Every verb of the project; a person and CI call the same ones.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
SEED ?= 1
# of the runs that are cut once at every operation, so many are cut again in their recovery
TWICE ?= 200
OVERFLOWS ?= 20
# four cuts each: the rest of a run costs as much as six more
LONG_RUNS ?= 2500
# stories mostly wait for boards and clocks: one worker more than there are cores
WORKERS ?= $(shell expr 1 + $$(nproc 2>/dev/null || sysctl -n hw.ncpu))

.PHONY: help setup demo test test-mpy check stories stories-long chaos ward fleet update-cuts warehouse conformance bench build ci clean lock

help:
	@echo "make demo          a week of a home in less than a minute, with all that goes wrong"
	@echo "make test          all tests: both interpreters, whole stories"
	@echo "make check         lint, types, layering, spelling, firmware size"
	@echo "make test-mpy      the portable tests on the hub interpreter alone"
	@echo "make stories       a power cut at every flash operation, $(TWICE) double ones, full journals (TWICE=, SEED=)"
	@echo "make stories-long  $(LONG_RUNS) seeded runs with four power cuts each, and the chaos (LONG_RUNS=, SEED=)"
	@echo "make chaos         50 hubs, 100,000 records, and all that breaks between hub and database (CHAOS=\"--hubs 5\", SEED=)"
	@echo "make ward          a week of twenty sensors round one hub, with all their faults (SEED=)"
	@echo "make fleet         100 whole hubs through a good release and a bad one (FLEET=\"--hubs 12\", SEED=)"
	@echo "make update-cuts   a power cut at every flash operation of updates by air (CUTS=\"--step 10\", SEED=)"
	@echo "make warehouse     200 sensors of known truth verified for years: decisions against theory (SEED=)"
	@echo "make conformance   MicroPython's own Bluetooth tests on the virtual radio (CONFORMANCE=\"--runs 20 --busy 2\")"
	@echo "make bench         benchmarks, as one table; JSON in build/bench/"
	@echo "make build         the hub's application for simulator and chip, with sizes"
	@echo "make lock          new versions into requirements/*.txt"
	@echo "make clean         remove all that the others made"

setup:
	@test -n "$(PYTHON)" || { echo "setup: no Python 3.11 or newer found: apt-get install python3"; exit 1; }
	@$(PYTHON) tools/setup.py

build: setup
	@$(BIN)/python tools/build_firmware.py

demo: build
	@$(BIN)/varde demo --seed $(SEED) --out build/demo

test: build test-mpy
	@$(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder tests

# all modules at once, compiled from source: far more than a hub ever holds
test-mpy: setup
	@.cache/micropython/micropython -X heapsize=4m tests/portable/run.py

check: build
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/codespell
	@$(BIN)/pytest -q tests/layering

stories: build
	@$(BIN)/varde-sim stories --every-operation --twice $(TWICE) --seed $(SEED) --out build/stories.json
	@$(BIN)/varde-sim stories --every-operation --scenario pairing --seed $(SEED) --out build/stories-pairing.json
	@$(BIN)/varde-sim stories --scenario overflow --runs $(OVERFLOWS) --cuts 2 --seed $(SEED) --out build/stories-overflow.json
	@$(BIN)/python tools/journal_campaign.py --json build/journal-campaign.json

ward: build
	@$(BIN)/varde-sim play ward --seed $(SEED) --out build/ward

stories-long: build
	@$(BIN)/varde-sim stories --runs $(LONG_RUNS) --cuts 4 --seed $(SEED) --out build/stories-long.json
	@$(MAKE) --no-print-directory chaos

chaos: setup
	@$(BIN)/python tools/chaos_campaign.py $(CHAOS) --seed $(SEED) --json build/chaos.json

fleet: build
	@$(BIN)/python tools/fleet_campaign.py $(FLEET) --seed $(SEED) --json build/fleet.json

update-cuts: build
	@$(BIN)/python tools/update_campaign.py $(CUTS) --seed $(SEED) --json build/update-cuts.json

warehouse: setup
	@$(BIN)/python tools/warehouse_campaign.py --seed $(SEED) --json build/warehouse.json --plot build/warehouse

conformance: setup
	@$(BIN)/python tools/conformance.py $(CONFORMANCE)

bench: build
	@$(BIN)/python benchmarks/run.py

ci: check test

lock:
	@for name in dev pycose; do $(BIN)/uv pip compile -q --universal --python-version 3.11 --upgrade \
		--generate-hashes --no-emit-index-url --no-header --no-annotate \
		requirements/$$name.in -o requirements/$$name.txt; done

clean:
	rm -rf build .venv .venv-pycose .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis
	rm -f host/varde_host/pages/static/htmx.min.js
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
