# The commands of the house. Each sets up what is missing first; `make help` lists them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup build serve test bench oracle

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

test: ## run every test; the last line says "N passed, N failed"
	@scripts/setup test
	@. scripts/env.sh && exec node scripts/test.mjs

oracle: ## compare the Redis engine with a real redis-server, command by command
	@scripts/setup test
	@. scripts/env.sh && exec cargo test --locked --test redis_oracle -- --nocapture

bench: ## print sizes and speeds, each beside its goal
	@scripts/setup test
	@scripts/build
	@. scripts/env.sh && exec node scripts/bench.mjs
