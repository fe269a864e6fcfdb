# One command each. Needs Python 3.11 or later (called python3.11 or python3), make and a package registry.
#   make demo    search the quickstart scenario and say where the figures are
#   make test    every test, the slow ones too
#   make fuzz    random scenarios on both engines, which must agree to the bit; FUZZ=20000 of them take half an hour
#   make validate   every claim about intervals, comparisons, selection and search; writes docs/validation.md
#   make lint | types | docs | bench | bench-tune | validate-fit | fuzz-import | clean

VENV := .venv
BIN := $(VENV)/bin
DEMO := results/demo
JOBS ?= 2
FUZZ ?= 2000
CLAIMS := intervals false_alarms uplift correct_selection grid_search optimism beside_random workers sobol_indices attribution

# The first of these names that is Python 3.11 or later; `make PYTHON=/path/to/python demo` overrides it.
PYTHON ?= $(shell for name in python3.11 python3 python3.12 python3.13 python; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done)

.PHONY: demo test fuzz lint types docs bench bench-tune validate validate-fit fuzz-import clean

demo: $(VENV)/.runtime
	rm -rf $(DEMO)
	$(BIN)/funnelsim tune configs/quickstart.toml --jobs $(JOBS) --out $(DEMO)
	@echo
	@echo "The front and the policy in force: $(DEMO)/front.png; as a table: $(DEMO)/front.csv"
	@echo "Each proposal, ready to run:       $(BIN)/funnelsim run $(DEMO)/policy_<n>.toml --out results/proposal"

test: $(VENV)/.dev
	@# Compiled once here rather than by each of pytest's processes.
	$(BIN)/python -c 'from funnelsim.engines.choice import choose; choose().prepare()'
	$(BIN)/python -m pytest -n $(JOBS)

fuzz: $(VENV)/.dev
	cd tests && ../$(BIN)/python -m contract.fuzz --count $(FUZZ)

lint: $(VENV)/.dev
	$(BIN)/ruff check .

types: $(VENV)/.dev
	$(BIN)/mypy

docs: $(VENV)/.runtime
	$(BIN)/python -m funnelsim.report.reference docs

bench: $(VENV)/.dev
	mkdir -p results/bench
	for name in workload_w scaling startup prepasses engines workers; do $(BIN)/python benchmarks/$$name.py --json results/bench/$$name.json || exit 1; done

# 500 policies on 20 replications of 40,000 leads in all: within ten minutes on two cores.
bench-tune: $(VENV)/.dev
	mkdir -p results/bench
	$(BIN)/python benchmarks/tune_year.py --leads 24180 --jobs $(JOBS) --json results/bench/tune_year.json

# A module a claim, each with its figures in results/validate; a claim that fails does not keep the others from the page.
validate: $(VENV)/.dev
	rm -rf results/validate
	failed=""; for claim in searches $(CLAIMS); do \
	    FUNNELSIM_VALIDATE_JOBS=$(JOBS) $(BIN)/python -m validation.$$claim || failed="$$failed $$claim"; done; \
	    $(BIN)/python -m validation.page && test -z "$$failed" || { echo "failed:$$failed"; exit 1; }

# 500 simulated companies exported and fitted: do the intervals hold what they promise? A quarter of an hour of one core.
validate-fit: $(VENV)/.dev
	$(BIN)/python validation/fit_recovery.py 500

# 10,000 mangled exports: each is refused clearly or read with books that balance. Some eight minutes of one core.
fuzz-import: $(VENV)/.dev
	$(BIN)/python -W error tests/calibration/mangled.py 10000

clean:
	rm -rf $(VENV) $(DEMO) build dist

# The stamps stand for what is installed, so that nothing is installed twice.
$(VENV)/bin/pip:
	@test -n "$(PYTHON)" || { echo "funnelsim needs Python 3.11 or later on the path, or make PYTHON=/path/to/python"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: pyproject.toml constraints.txt | $(VENV)/bin/pip
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[fast]'
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/bin/pip
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $(VENV)/.runtime $@
