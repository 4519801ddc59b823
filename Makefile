# The commands of the house. Each sets up what is missing first; `make help` lists them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup build serve test bench pictures oracle fuzz soak

PORT ?= 8080

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)$$/make \1|\2/p' Makefile | while IFS='|' read -r name words; do printf '%-12s %s\n' "$$name" "$$words"; done

setup: ## set up everything that building and testing need
	@scripts/setup test

build: ## build the release page into dist/
	@scripts/setup page
	@scripts/build

serve: ## build the release page and serve it on loopback (PORT=8080)
	@scripts/setup page
	@scripts/build
	@. scripts/env.sh && exec node scripts/serve.mjs --port $(PORT) www dist

test: ## run every test; the last line says "N passed, N failed" (and ", N skipped")
	@scripts/setup test
	@. scripts/env.sh && exec node scripts/test.mjs

oracle: ## compare the Redis engine with a real redis-server, command by command
	@scripts/setup test
	@. scripts/env.sh && exec cargo test --locked --test redis_oracle -- --nocapture

fuzz: ## random faults against the Kafka engine until a promise breaks (FUZZ_SEED=10000)
	@scripts/setup test
	@. scripts/env.sh; seed=$${FUZZ_SEED:-10000}; \
	while FUZZ_SEED=$$seed FUZZ_RUNS=10000 cargo test --locked --profile fast \
	  --test kafka_cluster --test kafka_consumer_properties -- fuzz promises; do seed=$$((seed + 10000)); done; \
	echo "the seeds from $$seed on: see above" >&2; exit 1

soak: ## run a hundred million events, then an hour on the page: memory and speed (EVENTS=100000000)
	@scripts/setup test
	@. scripts/env.sh && SOAK_EVENTS=$(or $(EVENTS),100000000) cargo test --locked --profile fast --test soak -- --nocapture
	@scripts/build
	@. scripts/env.sh && exec node scripts/soak.mjs

bench: ## print sizes and speeds, each beside its goal
	@scripts/setup test
	@scripts/build
	@. scripts/env.sh && exec node scripts/bench.mjs

pictures: ## take pictures of every lesson in pictures/, to be looked at (ONLY=poison)
	@scripts/setup test
	@scripts/build
	@. scripts/env.sh && ONLY=$(ONLY) exec node scripts/pictures.mjs
