# `make demo` and `make test` each do all their set-up from a clean clone.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUST := Cargo.toml Cargo.lock $(shell find rust -name '*.rs' -o -name Cargo.toml)
DEMO := demo

.PHONY: build demo test test-llm lint format bench wheel test-wheel sdist test-sdist clean

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

lint: build $(VENV)/.workflows
	cargo fmt --all --check
	cargo clippy --release --workspace --all-targets --quiet -- -D warnings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --platform win32 --package genz
	MYPYPATH=python $(BIN)/python -m mypy.stubtest genz._core --ignore-disjoint-bases
	$(BIN)/python -m release.licences --check
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/zizmor --offline --quiet .github/workflows

format: build
	cargo fmt --all
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The documentation as a site. Broken links, unknown names and every other warning fail.
.PHONY: docs
docs: $(VENV)/.docs
	$(BIN)/sphinx-build -q -W --keep-going -b html docs target/docs

$(VENV)/.docs: $(VENV)/.built
	$(BIN)/pip install --quiet --editable '.[dev,demo,docs]'
	@touch $@

# QUICK=1 tries the benchmarks out on small sizes; LONG=1 adds the fits that need gigabytes.
bench: $(VENV)/.bench
	$(BIN)/python -m benches $(if $(QUICK),--quick) $(if $(LONG),--long)

$(VENV)/.bench: $(VENV)/.built
	$(BIN)/pip install --quiet --editable '.[dev,demo,bench]'
	@touch $@

# A wheel for this machine's system and every Python since 3.11 (or, where PYTHON has no GIL, for that
# version alone, as the stable ABI is not for it). On Linux, zig links it with the C
# library of 2012 (manylinux2014), which newer ones can run. What is built says nothing of when and in
# which home directory, so that the same commit, tools and place give the same bytes.
MANYLINUX := $(if $(filter Linux,$(shell uname -s)),--zig --compatibility manylinux2014)
EPOCH := $(shell git log -1 --format=%ct 2>/dev/null || echo 315532800)
REMAP := --remap-path-prefix=$(or $(CARGO_HOME),$(HOME)/.cargo)=cargo --remap-path-prefix=$(CURDIR)=genz
RELEASE := PATH="$(abspath $(BIN)):$$PATH" SOURCE_DATE_EPOCH=$(EPOCH) RUSTFLAGS="$(REMAP)"

wheel: $(VENV)/.release
	rm -f dist/*.whl
	$(RELEASE) maturin build --release --locked --interpreter python $(MANYLINUX) --out dist
	$(BIN)/python -m release.contents dist/*.whl
	$(if $(MANYLINUX),$(BIN)/auditwheel show dist/*.whl)
	for wheel in dist/*-abi3-*.whl; do [ ! -e "$$wheel" ] || $(BIN)/abi3audit --strict --summary "$$wheel"; done
	$(BIN)/check-wheel-contents dist/*.whl
	$(BIN)/twine check --strict dist/*.whl

# Installs the wheel as a stranger would, and uses it.
test-wheel:
	$(BIN)/python -m release.try_wheel --emulate dist/*.whl

sdist: $(VENV)/.release
	rm -f dist/*.tar.gz
	$(RELEASE) maturin sdist --out dist
	$(BIN)/python -m release.contents dist/*.tar.gz
	$(BIN)/twine check --strict dist/*.tar.gz

# Builds a wheel from nothing but the sdist. What was compiled of other crates is taken from `target`.
test-sdist: sdist
	CARGO_TARGET_DIR=$(CURDIR)/target $(BIN)/pip wheel --quiet --no-deps --wheel-dir dist/from-sdist dist/*.tar.gz
	$(BIN)/python -m release.try_wheel dist/from-sdist/*.whl

$(VENV)/.release: $(VENV)/.pip pyproject.toml
	$(BIN)/pip install --quiet --group release
	@touch $@

$(VENV)/.workflows: $(VENV)/.pip pyproject.toml
	$(BIN)/pip install --quiet --group workflows
	@touch $@

clean:
	rm -rf $(VENV) target dist $(DEMO)
