# Two commands: `make run` builds and starts the hub, `make test` proves it.
# The rest is for those who work on it: bench, soak, tools.

SHELL := /bin/bash
HOME ?= /tmp
CACHE := $(HOME)/.cache/uns-hub
CARGO_TARGET_DIR ?= $(CACHE)/target
VENV := $(CACHE)/venv
export CARGO_TARGET_DIR
export CARGO_TERM_COLOR ?= auto

# Where the hub keeps its data, and what else to tell it: make run RUN_ARGS="--set mqtt.listen=127.0.0.1:1884".
DATA ?= ./uns-data
RUN_ARGS ?=
BENCH_ARGS ?=
SOAK_ARGS ?= --workspace
SUITES ?=

.PHONY: run build web test bench soak tools
.DEFAULT_GOAL := run

run: build
	@exec "$(CARGO_TARGET_DIR)/release/uns" run --data "$(DATA)" $(RUN_ARGS)

build:
	@scripts/check-tools.sh build
	@scripts/claim-target.sh
	@scripts/build-page.sh
	@cargo build --release --package uns --bin uns

web:
	@scripts/build-page.sh --required

test: export UNS_TEST_PYTHON := $(VENV)/bin/python
test: export PATH := $(VENV)/bin:$(PATH)
test:
	@scripts/check-tools.sh test
	@scripts/claim-target.sh
	@scripts/install-test-needs.sh "$(VENV)"
	@cargo xtask ci

# The broker beside other brokers, in one run: make bench BENCH_ARGS="--help".
bench: build
	@scripts/check-tools.sh test
	@scripts/install-test-needs.sh "$(VENV)"
	@cargo run --quiet --release --package bench-peers -- --uns "$(CARGO_TARGET_DIR)/release/uns" $(BENCH_ARGS)

# The tests in their long form, with what each promise reached: hours, for a machine that has nothing
# else to do. One of them alone: make soak SOAK_ARGS="-p uns --test hub storms".
#
# With SUITES=DIR it runs the suites of other people in that directory instead: Eclipse Paho's and
# mqtt5-conformance (scripts/run-suites.sh).
soak: export UNS_SOAK := 1
soak: export UNS_TEST_PYTHON := $(VENV)/bin/python
soak: export PATH := $(VENV)/bin:$(PATH)
soak:
	@scripts/check-tools.sh test
	@scripts/claim-target.sh
	@scripts/install-test-needs.sh "$(VENV)"
	@if [ -n "$(SUITES)" ]; then \
		scripts/build-page.sh && cargo build --release --package uns --bin uns && \
		exec scripts/run-suites.sh "$(SUITES)" "$(CARGO_TARGET_DIR)/release/uns"; \
		exit 1; \
	fi; \
	command -v cargo-nextest >/dev/null || { echo "first: make tools" >&2; exit 1; }; \
	exec cargo nextest run --release --profile soak $(SOAK_ARGS)

# What is nice to have: the test runner that stops hung tests, the licence and advisory checks.
tools:
	@scripts/check-tools.sh test
	@command -v cargo-nextest >/dev/null || cargo install --locked cargo-nextest
	@command -v cargo-deny >/dev/null || cargo install --locked cargo-deny
