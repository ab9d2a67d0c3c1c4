# Everything a developer does here, from Python alone: the environment is made when it is first needed.

# What needs a modern Python looks for it; PYTHON=… names another.
ifndef PYTHON
PYTHON := $(shell for name in python3.13 python3.12 python3.11 python3.14 python3 python; do \
	"$$name" -c 'import sys; raise SystemExit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$name" && break; done)
endif
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
DOCUMENTED := $(VENV)/.documented
WORKERS ?= auto
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help run up test soak fuzz servers check format bench schema page screenshots docs reference resolve audit wheel clean

help: ## Show what there is
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(INSTALLED) ## Start the demo: recorded workflows, watched, recorded and served (ARGS="--port 8081")
	@$(BIN)/lineage up --demo $(ARGS)

up: $(INSTALLED) ## Watch the cluster of your kubeconfig, record and serve (ARGS="--namespace team-a")
	@$(BIN)/lineage up $(ARGS)

test: $(INSTALLED) ## Run every test; what is skipped is said, and with CI=true nothing may be (ARGS="-k redaction")
	@$(BIN)/pytest -n $(WORKERS) $(ARGS)

soak: $(INSTALLED) ## Kill recorders, brokers and databases for hours, and compare what remains (LINEAGE_SOAK_SEEDS=100)
	@$(BIN)/pytest tests/soak -v -p no:randomly $(ARGS)

fuzz: $(INSTALLED) ## Give every parser anything, led by what that covers (ARGS="--seconds 600 --only YAML")
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade \
		--target "$$HOME/.cache/kfp-lineage/fuzzing" -r tests/fuzzing/requirements.txt
	@PYTHONPATH="$$HOME/.cache/kfp-lineage/fuzzing" $(BIN)/python -m tests.fuzzing $(ARGS)

servers: $(INSTALLED) ## Install the real servers that tests start (Kubernetes, Kafka, MinIO) and kustomize, outside the checkout
	@$(BIN)/python -m tests.servers.install

check: $(INSTALLED) ## Check form, types and who imports whom
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@PYTHONPATH=graphql $(BIN)/lint-imports

format: $(INSTALLED) ## Bring the code into form
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(INSTALLED) ## Measure beside floors and peers in the same run, and print one table (ARGS="--only http --quick")
	@$(BIN)/python -m tests.bench $(ARGS)

schema: $(INSTALLED) ## Print the GraphQL schema into graphql/schema.graphql
	@$(BIN)/python -m lineage_graphql > graphql/schema.graphql.new && mv graphql/schema.graphql.new graphql/schema.graphql

page: ## Build the page out of lineage/web/ui into what is handed out; needs Node.js ≥ 20.19
	@cd lineage/web/ui && npm ci --no-progress && npm run check && npm test && npm run build

screenshots: $(INSTALLED) ## Take the pictures of the README, in Chromium
	@$(BIN)/python -m tests.screenshots

docs: $(DOCUMENTED) ## Build the documentation into site/, to be opened there or served by anything
	@$(BIN)/mkdocs build --strict

reference: $(INSTALLED) ## Write the pages of the documentation that come from the code and the demo's story
	@$(BIN)/python -m tests.documentation

resolve: $(INSTALLED) ## Resolve the newest dependencies that pyproject.toml allows, and refuse known bad ones
	@$(BIN)/python .ci/resolve_newest.py

audit: $(INSTALLED) ## Ask for known weaknesses of the packages that are installed, where anybody can be asked
	@$(BIN)/python .ci/audit_dependencies.py

wheel: $(INSTALLED) ## Build the wheel into dist/
	@$(BIN)/python -m hatchling build -t wheel

clean: ## Remove the environment and everything that was built
	@rm -rf $(VENV) dist build site .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

# pip 25.1 is the first that knows dependency groups. The stamp stands for what pyproject.toml asked for.
$(INSTALLED): pyproject.toml
	@test -n "$(PYTHON)" || { \
		echo "This needs Python 3.11 or newer, and found none on the path. Install one, or: make PYTHON=/path/to/python3 …" >&2; \
		exit 1; }
	@"$(PYTHON)" -c 'import sys; raise SystemExit(sys.version_info < (3, 11))' || { \
		echo "$(PYTHON) is older than Python 3.11: make PYTHON=/path/to/python3 …" >&2; exit 1; }
	@test -x $(BIN)/python || { echo "Making $(VENV) with $$($(PYTHON) --version) …"; "$(PYTHON)" -m venv $(VENV); } || { \
		echo "$(PYTHON) cannot make environments: install its venv module (Debian: python3-venv)" >&2; \
		rm -rf $(VENV); exit 1; }
	@echo "Installing what pyproject.toml asks for …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable . --group dev
	@touch $@

$(DOCUMENTED): $(INSTALLED)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --group docs
	@touch $@
