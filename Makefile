# The commands of this project. `make demo` on a fresh machine needs Python >= 3.11 and make, nothing else.
SHELL := /bin/bash
.DELETE_ON_ERROR:
.PHONY: setup demo test lint audit bench config circuits new export paper mlflow named jobs efficiency kills cluster-faults clean lock

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CORES ?= 2
SUITE ?= pipeline engine kernels transfer digits
export UV_COMPILE_BYTECODE := 1
export UV_FIND_LINKS :=

# Snakemake, matplotlib and uv keep caches in HOME; where none can be written there they lie in the tree.
ifneq ($(shell mkdir -p "$$HOME/.cache" 2>/dev/null && test -w "$$HOME/.cache" && echo writable),writable)
export XDG_CACHE_HOME := $(CURDIR)/.cache
export HOME := $(CURDIR)/.cache
endif

# TORCH=cpu and TORCH=default (the lock as it is) choose PyTorch's build; what was chosen once, or found out, stays.
TORCH ?= auto
KNOWN := $(patsubst $(VENV)/.set-up-%,%,$(firstword $(wildcard $(VENV)/.set-up-*)))
CHOSEN := $(if $(filter auto,$(TORCH)),$(or $(KNOWN),auto),$(TORCH))

setup: $(VENV)/.set-up-$(CHOSEN)

$(VENV)/.set-up-$(CHOSEN): requirements.lock pyproject.toml
	test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q uv || { echo "setup: uv, which installs the rest, could not be had; mend what is said above, and \`make setup\` goes on"; exit 1; }
	@PYTHONPATH=scripts $(BIN)/python -m hqnn.set_up $(CHOSEN) requirements.lock
	$(BIN)/uv pip install -q --no-deps -e .
	$(BIN)/python -m compileall -q scripts
	$(BIN)/python -m hqnn.engine.precompile
	rm -f $(VENV)/.set-up-* && mv $(VENV)/.torch $(VENV)/.set-up-$$(cat $(VENV)/.torch)

demo: setup
	$(BIN)/snakemake --cores $(CORES)

test: setup
	$(BIN)/pytest -n $(CORES) --dist loadscope --no-loadscope-reorder

lint: setup
	$(BIN)/ruff check --no-cache .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/snakefmt --check workflow
	$(BIN)/snakemake --lint

audit: setup
	@$(BIN)/python -m hqnn.audit requirements.lock

bench: setup
	$(BIN)/uv pip install -q --no-verify-hashes -c requirements.lock -e '.[bench]'
	for suite in $(SUITE); do $(BIN)/python tests/bench/$$suite.py || exit 1; done

config: setup
	$(BIN)/python -m hqnn.manual config

circuits: setup
	@$(BIN)/python -m hqnn.analysis.named_circuits $(BACKEND) $(WIRES)

new: setup
	@$(BIN)/python -m hqnn.new config/studies "$(NAME)" "$(KIND)"

# STUDY is one of the demo, or of the file that CONFIG names.
WITH = $(if $(CONFIG),--configfile "$(CONFIG)")
named:
	@test -n "$(STUDY)" || { echo "say which study: STUDY=change, and its file by CONFIG=config/studies/..."; exit 1; }

export: setup named
	$(BIN)/snakemake --cores $(CORES) $(WITH) -- "results/$(STUDY)/crate.zip"

paper: setup named
	$(BIN)/snakemake --cores $(CORES) $(WITH) -- "results/$(STUDY)/paper.d"

mlflow: setup named
	$(BIN)/snakemake --cores $(CORES) $(WITH) -- "results/$(STUDY)/mlflow.json"

KILLS ?= 50
kills: setup
	$(BIN)/python tests/kills.py --kills $(KILLS)

cluster-faults: setup
	$(BIN)/python tests/cluster_faults.py $(FAULTS)

efficiency: setup
	@$(BIN)/python -m hqnn.efficiency results

jobs: setup
	@$(BIN)/python -m hqnn.execution.machines.jobs

lock:
	$(BIN)/uv pip compile -q pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
		--no-annotate --no-header -o requirements.lock

clean:
	rm -rf $(VENV) .cache .snakemake .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find results -mindepth 1 ! -name .gitkeep -delete
