# Every verb works on a fresh clone: it sets up what it needs first.
# A fresh machine needs Python 3.11 or newer with venv, git and make; Node comes with pip.
# Docker or Podman is used where it answers (ENGINE=none|docker|podman overrides).

PYTHON ?= python3
SHELL := /bin/bash
ROOT := $(CURDIR)
VENV := $(ROOT)/.venv
CONTAINER_ENV := $(ROOT)/.local/container-env
# Of another model's folder, with packages of its own: FOLDER names it.
FOLDER ?= container
OTHER_FOLDER := $(filter-out container,$(FOLDER))
MODEL_ENV = $(if $(wildcard $(OTHER_FOLDER:%=%/requirements.txt)),$(ROOT)/.local/models/$(FOLDER),$(CONTAINER_ENV))
EXAMPLES := $(patsubst %/settings.toml,%,$(wildcard examples/*/settings.toml))
# Of the model that the settings choose: MODEL_FOLDER, MODEL_TASK and what its image is to be.
CHOSEN := variables="$$(python -m mlops_stacks.image_variables)" && eval "$$variables"
BENCH_ENV := $(ROOT)/.local/bench-env
CDK := $(ROOT)/node_modules/.bin/cdk
export PATH := $(VENV)/bin:$(PATH)
export CONTAINER_PYTHON := $(CONTAINER_ENV)/bin/python
export CDK_DISABLE_VERSION_CHECK := 1
ENVIRONMENT_OPTION = $(if $(ENVIRONMENT),--environment="$$ENVIRONMENT")
APP := app.py mlops_stacks lambdas local operate tests bench
# End-to-end tests wait more than they compute: more processes than a small machine has cores.
TEST_PROCESSES ?= 4
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check --no-input
# Container's first: the others build on it. Wherever a folder of the repository has packages of its own.
LOCKED = container/requirements.in container/requirements-test.in \
	$(filter-out container/%,$(shell git ls-files --cached --others --exclude-standard '*requirements.in'))

.DEFAULT_GOAL := help
.PHONY: help setup demo up release push pipeline down decisions lineage versions rollback check check-image check-model check-folder check-examples lock test lint format synth snapshots soak bench deploy clean

# "make rollback 2" would put back another version than the person means.
ifneq ($(and $(filter rollback,$(MAKECMDGOALS)),$(filter-out rollback,$(MAKECMDGOALS))),)
$(error Nothing was put back. Name the version so: VERSION=2 make rollback)
endif

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.installed node_modules/.installed ## Python packages and the CDK CLI, pinned

$(VENV)/.installed: requirements.txt requirements-dev.txt constraints.txt
	@echo "== Installing Python packages into .venv (about a minute) …"
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; PYTHON=… names another one" if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/python $(PIP_INSTALL) --requirement requirements-dev.txt --constraint constraints.txt
	@touch $@

node_modules/.installed: package.json package-lock.json $(VENV)/.installed
	@echo "== Installing the CDK CLI …"
	@npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

$(CONTAINER_ENV)/.installed: container/requirements.txt container/requirements-test.txt
	@echo "== Installing the container's own packages for its tests …"
	@$(PYTHON) -m venv $(CONTAINER_ENV)
	@$(CONTAINER_PYTHON) $(PIP_INSTALL) --requirement container/requirements-test.txt
	@touch $(@D)/.complete $@

$(ROOT)/.local/models/%/.installed: %/requirements.txt container/requirements-test.txt
	@echo "== Installing the packages of $* for its tests …"
	@$(PYTHON) -m venv $(@D)
	@$(@D)/bin/python $(PIP_INSTALL) --requirement $*/requirements.txt --requirement container/requirements-test.txt || { \
		echo "Failed: $*/requirements.txt cannot be installed beside what the tests need" >&2; \
		echo "  why:  pip's message is above" >&2; \
		echo "  next: run \`make lock\`; if versions conflict, first let $*/requirements.in name container/requirements-test.txt by -c, as the examples do" >&2; \
		exit 1; }
	@touch $(@D)/.complete $@

demo: setup ## a commit released end to end on this machine (DECISION=approve or reject decides)
	@python -m local demo

up: setup ## start the local cloud and leave it running; .local/env tells clients where it is
	@python -m local up

release: setup ## release HEAD on the running local cloud
	@python -m local release

push: setup ## run the local cloud's pipeline on HEAD (AGAIN=1: the same commit once more)
	@python -m local push

pipeline: setup ## the local cloud's pipeline: stages, actions, last runs
	@python -m local pipeline

down: setup ## stop the local cloud
	@python -m local down

decisions: setup ## past decisions on releases, newest first (JSON=1: for programs)
	@python -m operate decisions $(ENVIRONMENT_OPTION) $(if $(JSON),--json)

lineage: setup ## the live model: which commit, which data, who approved, which metrics (JSON=1: for programs)
	@python -m operate lineage $(ENVIRONMENT_OPTION) $(if $(JSON),--json)

versions: setup ## registered versions of the model, newest first (JSON=1: for programs)
	@python -m operate versions $(ENVIRONMENT_OPTION) $(if $(JSON),--json)

rollback: setup ## put an approved version back: the one that served last before, or VERSION=2 (REASON="…")
	@python -m operate rollback $(ENVIRONMENT_OPTION) $(if $(VERSION),--version="$$VERSION") --reason="$$REASON"

check: setup ## what the pipeline asks before synth: the app, whatever model and settings it is given
	ruff format --check $(APP)
	ruff check $(APP)
	mypy $(APP)
	python -m pytest tests/unit tests/infrastructure tests/snapshots -m "not engine" -n auto --dist loadfile

check-image: setup ## build the image as it lies here and try it as SageMaker will (needs an engine)
	$(CHOSEN) && bash container/build-and-push.sh --local --output .local/check-image/release-input.json

check-model: setup ## what the pipeline asks of the model before it builds the image
	@$(CHOSEN) && $(MAKE) --no-print-directory check-folder FOLDER="$$MODEL_FOLDER"

check-folder: setup $(MODEL_ENV)/.installed
ifeq ($(OTHER_FOLDER),)
	ruff check $(FOLDER)
	cd container && $(CONTAINER_PYTHON) -m pytest tests -n auto --dist loadfile
else
	ruff check --select E9,F,B --ignore B904,B905 $(FOLDER)
	rm -rf .local/overlays/$(FOLDER) && mkdir -p $(dir .local/overlays/$(FOLDER))
	python container/overlay.py $(FOLDER) .local/overlays/$(FOLDER)
	cd .local/overlays/$(FOLDER) && $(MODEL_ENV)/bin/python -m pytest tests/test_model.py tests/test_no_pickle.py \
		$(patsubst $(FOLDER)/%,%,$(wildcard $(FOLDER)/tests/test_*.py))
endif

check-examples: setup ## what check-model asks, of each model under examples/
	@for folder in $(EXAMPLES); do \
		SETTINGS="$$folder/settings.toml" $(MAKE) --no-print-directory check-model || exit 1; \
	done

lock: setup ## requirements.txt of each requirements.in: container's and other models' (UPGRADE=1: newest)
	@for file in $(LOCKED); do \
		echo "== $${file%.in}.txt"; \
		(cd "$$(dirname "$$file")" && CUSTOM_COMPILE_COMMAND="make lock" pip-compile --quiet \
			--generate-hashes --allow-unsafe --strip-extras --no-emit-options \
			$(if $(UPGRADE),--upgrade) "$$(basename "$$file")") || exit 1; \
	done

test: setup $(CONTAINER_ENV)/.installed $(EXAMPLES:%=$(ROOT)/.local/models/%/.installed) ## every test, end to end included
	python -m pytest tests -n $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder --durations=25
	cd container && $(CONTAINER_PYTHON) -m pytest tests -n auto --dist loadfile
	@$(MAKE) --no-print-directory check-examples

lint: setup $(CONTAINER_ENV)/.installed ## format, lint and types
	ruff format --check .
	ruff check .
	mypy $(APP)
	MYPYPATH=container/tests/sample_model:container/tests mypy --python-executable $(CONTAINER_PYTHON) \
		--scripts-are-modules --exclude 'test_model\.py$$' \
		container/plumbing container/tests container/train container/serve container/*[a-z]_*.py \
		container/ecr.py container/sbom.py container/slim.py
	mypy --config-file container/mypy.ini --python-executable $(CONTAINER_PYTHON) \
		container/model.py container/tests/test_model.py
	@for folder in $(EXAMPLES); do \
		echo "mypy $$folder"; \
		MYPYPATH="$$folder" mypy --strict --config-file container/mypy.ini \
			--python-executable $(CONTAINER_PYTHON) $$(find "$$folder" -name '*.py') || exit 1; \
	done

format: setup ## mend what lint finds, where a tool can
	ruff format .
	ruff check --fix .

synth: setup ## cdk synth of everything, with the security checks
	$(CDK) synth --quiet
	@echo "Templates are in cdk.out."

snapshots: setup ## accept the templates as they are now
	python -m pytest tests/snapshots --snapshot-update

soak: setup $(CONTAINER_ENV)/.installed ## two million requests, good and bad ones (REQUESTS=…): no error, no memory lost
	python -m bench soak

$(BENCH_ENV)/.installed: requirements-bench.txt
	@echo "== Installing matplotlib for the benchmark's picture …"
	@$(PYTHON) -m venv $(BENCH_ENV)
	@$(BENCH_ENV)/bin/python $(PIP_INSTALL) --requirement requirements-bench.txt
	@touch $@

bench: setup $(CONTAINER_ENV)/.installed $(BENCH_ENV)/.installed ## measurements, as ratios (then: python -m bench report)
	python -m bench

deploy: setup ## the pipeline to AWS; it deploys the rest (README: Deploy to AWS)
	$(CDK) deploy ModelPipeline

clean: down ## remove everything that these verbs made here
	rm -rf .venv .local node_modules cdk.out .pytest_cache .mypy_cache .ruff_cache .hypothesis
	rm -rf container/.venv container/.pytest_cache container/.hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
