# The commands of the project. `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help demo test bench fuzz pgo captures

# cmake builds the zlib that pingora links.
BUILD_NEEDS := cmake=cmake
TEST_NEEDS := nginx=nginx-light curl=curl wrk=wrk h2load=nghttp2-client chromium=chromium chromedriver=chromium-driver
BENCH_NEEDS := nginx=nginx-light wrk=wrk h2load=nghttp2-client hey=hey

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## the whole loop on this machine: record, anonymize, replay at 5x, report
	@scripts/need $(BUILD_NEEDS)
	cargo build --release --locked
	@cargo run --release --locked --quiet --bin demo

test: ## format, lints, all tests, documentation: what CI runs
	@scripts/need $(BUILD_NEEDS) $(TEST_NEEDS)
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo test --workspace --locked -- --include-ignored
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked

bench: ## side by side with nginx and wrk: prints ratios
	@scripts/need $(BUILD_NEEDS) $(BENCH_NEEDS)
	cargo build --release --locked
	@cargo run --release --locked --quiet --bin rehearsal-bench

FUZZ_TARGETS := reader anonymizer json url answer
FUZZ_SECONDS ?= 60

fuzz: ## each fuzz target for FUZZ_SECONDS (60): needs a nightly compiler
	@cargo fuzz --version > /dev/null || cargo install cargo-fuzz --locked
	@set -e; for target in $(FUZZ_TARGETS); do \
		mkdir -p fuzz/target/found/$$target; \
		cargo +nightly fuzz run --sanitizer none $$target fuzz/target/found/$$target fuzz/corpus/$$target -- \
			-max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 -entropic=0 -dict=fuzz/$$target.dict; \
	done

pgo: ## the quickest programs, guided by a profile of the benchmarks: target/pgo/release
	@scripts/need $(BUILD_NEEDS) $(BENCH_NEEDS)
	@scripts/pgo

captures: ## record captures/peak.jsonl anew against the synthetic backend
	@scripts/need $(BUILD_NEEDS)
	cargo build --release --locked
	@cargo run --release --locked --quiet --bin demo -- record captures/peak.jsonl
