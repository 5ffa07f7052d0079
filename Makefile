# The commands of this project. `make demo` on a fresh machine needs Python >= 3.11 and make, nothing else.
SHELL := /bin/bash
.DELETE_ON_ERROR:
.PHONY: setup demo test lint bench config circuits new export paper mlflow named jobs efficiency kills clean lock

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

# TORCH=cpu takes PyTorch's CPU wheels from its own index; the CUDA packages of the lock stay out.
TORCH ?= default
LOCKED_default = $(BIN)/uv pip sync -q --require-hashes requirements.lock
LOCKED_cpu = $(BIN)/uv pip install -q --no-verify-hashes --torch-backend cpu -r requirements.lock \
	--excludes <(grep -oE '^(cuda|nvidia|triton)[a-z0-9-]*' requirements.lock)

DISK_default = 8
DISK_cpu = 3
SIZE_default = 3 GB of downloads, 7.4 GB on disk; 0.4 and 2.4 GB without CUDA: make setup TORCH=cpu
SIZE_cpu = 0.4 GB of downloads, 2.4 GB on disk

setup: $(VENV)/.set-up-$(TORCH)

$(VENV)/.set-up-$(TORCH): requirements.lock pyproject.toml
	@test -d $(VENV)/lib || { echo "setup: up to $(SIZE_$(TORCH)); if it is interrupted, the same command goes on"; \
		free=$$(df -Pk . | awk 'NR == 2 {print int($$4 / 1000000)}'); test $$free -ge $(DISK_$(TORCH)) || \
		{ echo "setup: this disk has $$free GB left and $(VENV) wants $(DISK_$(TORCH)); free some, or link $(VENV) elsewhere"; \
		exit 1; }; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q uv
	$(LOCKED_$(TORCH))
	$(BIN)/uv pip install -q --no-deps -e .
	$(BIN)/python -m compileall -q scripts
	$(BIN)/python -m hqnn.engine.precompile
	rm -f $(VENV)/.set-up-* && touch $@

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
