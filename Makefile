# The commands of the house; `make` lists them. What they build lands in $CARGO_TARGET_DIR, or else in target/.
SHELL := bash
.DEFAULT_GOAL := help
.PHONY: help guests plugins demo test test-plugins test-docs test-host bench fmt lint peers programs torture

# Tests and demo find the program, the compiled guests and the packed plugins by these.
export CARGO_TARGET_DIR := $(abspath $(or $(CARGO_TARGET_DIR),target))
export REEVE_BIN := $(CARGO_TARGET_DIR)/debug/reeve
export REEVE_GUESTS := $(CARGO_TARGET_DIR)/guest/wasm32-unknown-unknown/release
export REEVE_PLUGINS := $(CARGO_TARGET_DIR)/plugins

# Plugins are compiled for this machine too, to be tested and linted, and their lock is another than the host's.
native := CARGO_TARGET_DIR=$(CARGO_TARGET_DIR)/native
# Plugins that misbehave, once they are there, and the one that new plugins start from.
hostile := $(wildcard tests/hostile/Cargo.toml)
template := sdk/rust/template/Cargo.toml
# The environment in which tests find the real servers.
with_peers := vars=$$(tests/setup/peers.sh) && eval "$$vars" &&
nextest := $(shell command -v cargo-nextest)
# What is measured is a release build; tests need not build it.
but_bench := --exclude reeve-bench

help: ## list the commands
	@sed -nE 's/^([a-z]+):[^#]*## (.*)/  make \1\t\2/p' Makefile | expand -t 18

guests:
	for workspace in plugins/Cargo.toml $(hostile); do tests/setup/guest-cargo build --release --manifest-path $$workspace || exit; done

plugins: programs guests ## compile every connector and pack it into $REEVE_PLUGINS (target/plugins)
	mkdir -p $(REEVE_PLUGINS)
	for toml in plugins/*/plugin.toml; do name=$$(basename $$(dirname $$toml)); \
	  $(CARGO_TARGET_DIR)/debug/reeve plugin pack $$toml $(REEVE_GUESTS)/reeve_plugin_$${name//-/_}.wasm -o $(REEVE_PLUGINS)/$$name.reeve || exit; done

demo: ## build everything and play the tour, on SQLite, without root
	@began=$$(date +%s); $(MAKE) --no-print-directory plugins && built=$$(date +%s) && tests/demo/run.sh && \
	  echo "Built in $$((built - began)) s, played in $$(($$(date +%s) - built)) s; $$(du -sh $(CARGO_TARGET_DIR) | cut -f1) in $(CARGO_TARGET_DIR)."

test: test-plugins test-docs test-host ## run every test, against real servers too

test-plugins: peers
	$(with_peers) $(native) cargo test --no-fail-fast --manifest-path plugins/Cargo.toml --workspace
	$(native) cargo test --manifest-path $(template)

test-docs:
	cargo test --no-fail-fast --workspace $(but_bench) --doc

test-host: peers plugins
	$(with_peers) cargo $(if $(nextest),nextest run,test --tests) --no-fail-fast --workspace $(but_bench)

# Its plugins are packed by the very program that is measured. ONLY=part,part measures less.
bench: peers guests ## measure what Reeve is held to, in a release build
	cargo build --release --workspace --bin reeve --bin reeve-bench
	$(with_peers) REEVE_BIN=$(CARGO_TARGET_DIR)/release/reeve REEVE_PLUGINS=$(CARGO_TARGET_DIR)/none REEVE_PG_FSYNC=on \
	  $(CARGO_TARGET_DIR)/release/reeve-bench $(if $(ONLY),--only $(ONLY))

# Of the long run: whether first at every commit of a small world, how many kills in all, from which seed on, at most how
# many worlds on each database by chance, and where it is written to.
EVERY ?= yes
KILLS ?= 10000
SEED ?= 1
WORLDS ?= 1000000
DATABASES ?= sqlite,postgres
RESULTS ?= tests/torture/RESULTS.md

torture: peers plugins ## kill Reeve thousands of times (KILLS=, SEED=, WORLDS=, DATABASES=) and write down what held
	$(with_peers) $(CARGO_TARGET_DIR)/debug/reeve-torture --every $(EVERY) --kills $(KILLS) --seed $(SEED) --worlds $(WORLDS) \
	  --databases $(DATABASES) --results $(RESULTS)

fmt: ## format all Rust code
	for workspace in Cargo.toml plugins/Cargo.toml $(template) $(hostile); do cargo fmt --all --manifest-path $$workspace || exit; done

lint: ## check format, lints, and the licences and advisories of dependencies where cargo-deny is installed
	for workspace in Cargo.toml plugins/Cargo.toml $(template) $(hostile); do cargo fmt --all --check --manifest-path $$workspace || exit; done
	cargo clippy --workspace --all-targets -- -D warnings
	$(native) cargo clippy --manifest-path plugins/Cargo.toml --workspace --all-targets -- -D warnings
	$(native) cargo clippy --manifest-path $(template) --all-targets -- -D warnings
	if command -v cargo-deny >/dev/null; then cargo deny check; fi

# The servers that the tests talk to: fetched once per machine, and started by the tests themselves.
peers:
	tests/setup/peers.sh >/dev/null

# Over the whole workspace, so that dependencies get the same features as in the tests, and are compiled once.
programs:
	cargo build --workspace $(but_bench) --bins
