# Every target sets itself up; a second call installs nothing. Python 3.11 or newer is assumed.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

# The first Python that starts and is new enough; torch is tested with 3.11.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
# How many of them run tests side by side, each with one thread; 0 for one after the other.
TEST_PROCESSES ?= 2
SAM := .venv-sam/bin/sam
# sam and aws read this one, our own commands both.
ifdef AWS_REGION
export AWS_DEFAULT_REGION ?= $(AWS_REGION)
endif
# What `make deploy` makes, and the tag that the jobs run (the parameter ImageTag).
STACK ?= marketplace-search
IMAGE_TAG ?= latest
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check
# The function's platform on AWS; infra/function/ has it too, and infra/docker/.
FUNCTION_PYTHON := 3.13
FUNCTION_PLATFORM := x86_64-manylinux_2_28

.PHONY: help setup demo test check fmt serve screenshots bench lock clean function runtime image image-search \
	push deploy undeploy build-SearchFunction

help: ## Shows this list
	@grep -hE '^[a-zA-Z_-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: .venv/dev .venv-sam/installed .venv-checkov/installed ## Installs everything that developing needs

demo: .venv/batch ## The whole way on the bundled catalogue, then three searches
	@$(BIN)/marketplace-search demo

test: .venv/dev .venv-sam/installed .venv-checkov/installed function runtime ## All tests, and the documentation's own
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses $(TEST_PROCESSES) --dist loadgroup

check: .venv/dev ## Formatting, lint, types, and documentation that must not drift
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/cog --check README.md docs/cleaning.md docs/training.md
	@$(BIN)/python infra/openapi.py --check

fmt: .venv/dev ## Formats the code and rewrites the generated parts of the documentation
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .
	@$(BIN)/cog -r README.md docs/cleaning.md docs/training.md
	@$(BIN)/python infra/openapi.py

function: .venv/python ## Builds build/function, the zip's folder for AWS Lambda, and says how large it is
	@$(BIN)/python infra/function/build_function.py

runtime: .venv/python ## Puts Lambda's runtime interface for the function's Python in build/runtime
	@$(BIN)/python infra/function/runtime.py

image: ## Builds the image of the batch side's jobs (needs Docker)
	@docker build --file infra/docker/batch.Dockerfile --tag marketplace-search-batch .

push: ## Puts that image into the repository of the stack (needs Docker, the AWS command line, credentials)
	@uri=$$(aws cloudformation describe-stacks --stack-name $(STACK) --output text \
		--query "Stacks[0].Outputs[?OutputKey=='RepositoryUri'].OutputValue"); \
	case "$$uri" in \
		*/*) ;; \
		*) echo "The stack $(STACK) has no output RepositoryUri: deploy it with Batch=on."; exit 1 ;; \
	esac; \
	aws ecr get-login-password | docker login --username AWS --password-stdin "$${uri%%/*}"; \
	docker tag marketplace-search-batch "$$uri:$(IMAGE_TAG)"; \
	docker push "$$uri:$(IMAGE_TAG)"

deploy: .venv-sam/installed .venv/python ## Builds and deploys the stack of template.yaml (needs credentials)
	@$(SAM) build
	@$(SAM) deploy --stack-name $(STACK) --no-confirm-changeset
	@echo "Next: make image push, then docs/deployment.md"

undeploy: .venv-sam/installed ## Deletes the stack; the bucket with the releases stays
	@bucket=$$($(SAM) list stack-outputs --stack-name $(STACK) --output json \
		| sed -nE 's|.*"OutputValue": "s3://([^"]+)".*|\1|p'); \
	$(SAM) delete --stack-name $(STACK) --no-prompts; \
	echo "The bucket $$bucket stays, with the only copy of the releases. To end it too: empty it of all"; \
	echo "versions (Empty, in the console of S3), then aws s3 rb s3://$$bucket"

image-search: ## Builds the image of the same application under uvicorn (needs Docker)
	@docker build --file infra/docker/search.Dockerfile --tag marketplace-search .

serve: .venv/batch ## Serves ./store on http://127.0.0.1:8080
	@$(BIN)/marketplace-search serve

screenshots: .venv/dev ## Makes the demo's release, then pictures of the search page's states (needs Chromium)
	@$(BIN)/marketplace-search demo --store build/demo-store
	@PYTHONPATH=tests $(BIN)/python tests/browser/screenshots.py --store build/demo-store

bench: .venv/bench .venv-autofaiss/installed ## Runs the benchmarks, which print ratios
	@for file in tests/benchmarks/bench_*.py; do echo "== $$file"; \
		PYTHONPATH=tests $(BIN)/python $$file; done

lock: .venv/batch ## Pins all requirements again (after a change of pyproject.toml)
	@$(BIN)/python $(PIP_INSTALL) uv
	@lock() { $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
		--no-header --no-annotate "$$@"; }; \
	lock --extra batch --extra dev pyproject.toml -o requirements/dev.txt; \
	lock --extra bench pyproject.toml -c requirements/dev.txt -o requirements/bench.txt; \
	lock --extra batch pyproject.toml -c requirements/dev.txt -o requirements/batch.txt; \
	lock --extra server pyproject.toml -c requirements/dev.txt -o requirements/server.txt; \
	$(BIN)/uv pip compile --quiet --upgrade --python-version $(FUNCTION_PYTHON) \
		--python-platform $(FUNCTION_PLATFORM) --no-header --no-annotate pyproject.toml \
		-c requirements/dev.txt -o lambda_search/requirements.txt; \
	lock requirements/sam.in -o requirements/sam.txt; \
	lock requirements/checkov.in -o requirements/checkov.txt; \
	lock requirements/autofaiss.in -o requirements/autofaiss.txt

clean: ## Deletes what was built, but neither ./store nor the virtual environments
	@rm -rf build .aws-sam .mypy_cache .pytest_cache .ruff_cache .hypothesis *.egg-info

# `sam build` calls this with the folder that becomes the function's zip.
build-SearchFunction: .venv/python
	@$(BIN)/python infra/function/build_function.py --target "$(ARTIFACTS_DIR)"

.venv/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and was not found."; exit 1; }
	@$(PYTHON) -m venv .venv
	@touch $@

.venv/batch: requirements/batch.txt pyproject.toml | .venv/python
	@echo "Installing the batch side into .venv (about 6 GB, most of it torch, once) ..."
	@$(BIN)/python $(PIP_INSTALL) -r requirements/batch.txt
	@$(BIN)/python $(PIP_INSTALL) --no-deps --editable .
	@touch $@

.venv/dev: requirements/dev.txt .venv/batch
	@echo "Installing the tools for development ..."
	@$(BIN)/python $(PIP_INSTALL) -r requirements/dev.txt
	@touch $@

.venv/bench: requirements/bench.txt .venv/dev
	@echo "Installing what the index is compared with (hnswlib is compiled: a C++ compiler) ..."
	@$(BIN)/python $(PIP_INSTALL) -r requirements/bench.txt
	@touch $@

# autofaiss needs numpy below 2, so it lives apart.
.venv-autofaiss/installed: requirements/autofaiss.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and was not found."; exit 1; }
	@echo "Installing autofaiss into .venv-autofaiss ..."
	@$(PYTHON) -m venv .venv-autofaiss
	@.venv-autofaiss/bin/python $(PIP_INSTALL) -r requirements/autofaiss.txt
	@touch $@

# aws-sam-cli pins its own boto3 and click, so it lives apart.
.venv-sam/installed: requirements/sam.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and was not found."; exit 1; }
	@echo "Installing aws-sam-cli into .venv-sam ..."
	@$(PYTHON) -m venv .venv-sam
	@.venv-sam/bin/python $(PIP_INSTALL) -r requirements/sam.txt
	@touch $@

.venv-checkov/installed: requirements/checkov.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and was not found."; exit 1; }
	@echo "Installing checkov into .venv-checkov ..."
	@$(PYTHON) -m venv .venv-checkov
	@.venv-checkov/bin/python $(PIP_INSTALL) -r requirements/checkov.txt
	@touch $@
