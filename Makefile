# `make demo` and `make test` each do all their set-up from a clean clone.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUST := Cargo.toml Cargo.lock $(shell find rust -name '*.rs' -o -name Cargo.toml)
DEMO := demo

.PHONY: build demo test test-llm lint format bench clean

build: $(VENV)/.built

$(VENV)/.pip:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	@touch $@

$(VENV)/.built: $(VENV)/.pip pyproject.toml $(RUST)
	$(BIN)/pip install --quiet --editable '.[dev,demo]'
	@touch $@

demo: build
	$(BIN)/python examples/ames.py $(DEMO)

test: build
	cargo test --release --workspace --quiet
	$(BIN)/python -m pytest -n 2

# The whole way with a real language model on this machine: gigabytes of weights, half an hour.
test-llm: build
	$(BIN)/python -m pytest tests/test_real_model.py -s --real-model

lint: build
	cargo fmt --all --check
	cargo clippy --release --workspace --all-targets --quiet -- -D warnings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	MYPYPATH=python $(BIN)/python -m mypy.stubtest genz._core --ignore-disjoint-bases

format: build
	cargo fmt --all
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# QUICK=1 tries the benchmarks out on small sizes; LONG=1 adds the fits that need gigabytes.
bench: $(VENV)/.bench
	$(BIN)/python -m benches $(if $(QUICK),--quick) $(if $(LONG),--long)

$(VENV)/.bench: $(VENV)/.built
	$(BIN)/pip install --quiet --editable '.[dev,demo,bench]'
	@touch $@

clean:
	rm -rf $(VENV) target $(DEMO)
