# CityPulse: every target sets up what it needs, and none needs the network a second time.
.DEFAULT_GOAL := help
.PHONY: help run test lint types imports bench migrate connector fmt lock chaos e2e rehearse security page clean setup

PY := .venv/bin/python
FRONTEND := web/frontend

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## Bring up the whole platform and say where to look (Ctrl-C stops it)
	@sh deploy/local/setup.sh local
	@exec $(PY) -m deploy.local run

test: setup ## Run the tests; where a Postgres 15 is installed, those that touch SQL on it too
	@$(PY) -m deploy.local test $(ARGS)

lint: setup ## Check style and format
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .

types: setup ## Check types
	@$(PY) -m mypy

imports: setup ## Check who imports whom
	@.venv/bin/lint-imports

fmt: setup ## Format everything, Python and the page
	@$(PY) -m ruff check --fix --exit-zero .
	@$(PY) -m ruff format .
	@cd $(FRONTEND) && npx --yes pnpm@10.10.0 format

page: setup ## Build the page
	@$(PY) -m deploy.local page

migrate: setup ## Check that models and migrations agree; with m="What changes" write a new migration
	@$(PY) -m deploy.local migrate $(if $(m),--message "$(m)")

connector: setup ## Start a new connector: make connector name=gbfs
	@test -n "$(name)" || { echo 'name it: make connector name=my_feed'; exit 2; }
	@$(PY) -m tasks.feeds.scaffold $(name)

bench: setup ## Measure against the peers and the limits
	@$(PY) -m tests.bench $(ARGS)

chaos: setup ## Kill and freeze real processes, then check that nothing was lost
	@$(PY) -m tests.chaos $(ARGS)

e2e: setup page ## Drive the page in a real browser
	@$(PY) -m pytest tests/e2e $(ARGS)

rehearse: setup ## Build the images and rehearse a deployment on this machine
	@bash deploy/scripts/rehearse.sh

security: setup ## Try the security list row by row, then look for known vulnerabilities and careless code
	@$(PY) -m tests.security $(ARGS)
	@$(PY) -m tests.security.supply

lock: setup ## Resolve requirements/*.in into hashed *.txt
	@for set in base local dev; do \
	  $(PY) -m uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 \
	    requirements/$$set.in -o requirements/$$set.txt || exit 1; done

clean: ## Remove this machine's city (database, uploads, passwords, logs) and everything built
	@if [ -x $(PY) ]; then $(PY) -m deploy.local clean; fi
	@rm -rf $(FRONTEND)/dist .mypy_cache .ruff_cache .import_linter_cache .hypothesis

setup:
	@sh deploy/local/setup.sh dev
