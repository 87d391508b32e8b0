# Every target does its own set-up: on a fresh Debian 12 with a Swift toolchain and
# Python 3.11, `make demo` and `make test` are all that is needed.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# One set of flags everywhere: another set would rebuild everything.
SWIFT_FLAGS := --explicit-target-dependency-import-check error
PYTHON_SOURCES := Sources/Execution/Resources/python
PYTHON_CLIENT := Sources/PythonClient
PYTHON_ALL := $(PYTHON_SOURCES) $(PYTHON_CLIENT) Tests manifests examples
PACKAGES := libgit2-dev libyaml-dev libsqlite3-dev pkg-config python3-venv git curl openssl
# Servers that tests start and stop, on ports and in folders of their own.
TEST_PACKAGES := postgresql
MOTO := moto[s3,server]==5.2.1
BENCH_PACKAGES := nginx-light wrk ninja-build
# One process for each: tests that wait for real processes must not starve those of other targets.
TEST_TARGETS := $(notdir $(wildcard Tests/*Tests))
SMALL_DISK := 2m
DEBUG := .build/debug
RELEASE := .build/release

# Installs those of the packages that are missing.
define install
	@missing=""; for package in $(1); do \
	    dpkg-query -W -f='$${Status}' $$package 2>/dev/null | grep -q 'ok installed' \
	        || missing="$$missing $$package"; \
	done; \
	if [ -n "$$missing" ]; then \
	    sudo=""; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	    echo "==> installing$$missing"; \
	    $$sudo apt-get update -qq; \
	    DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -y -qq $$missing >/dev/null; \
	fi
endef

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.PHONY: setup
setup: ## Install the system packages that are missing
	$(call install,$(PACKAGES))
	@command -v swift >/dev/null || { \
	    echo "swift is not installed: see https://www.swift.org/install/linux/" >&2; exit 1; }

.PHONY: build
build: setup ## Build everything, tests included, for debugging
	@echo "==> building (the first time takes some minutes)"
	swift build --build-tests $(SWIFT_FLAGS)

.PHONY: release
release: setup ## Build the ingot command in release mode
	@echo "==> building in release mode (the first time takes some minutes)"
	swift build -c release --product ingot $(SWIFT_FLAGS)

.PHONY: test-servers
test-servers:
	$(call install,$(TEST_PACKAGES))
	@[ -x .venv-moto/bin/moto_server ] || { \
	    echo "==> installing moto"; python3 -m venv .venv-moto; \
	    .venv-moto/bin/pip install -q --disable-pip-version-check '$(MOTO)'; }

.PHONY: test
test: build test-servers ## Run every test: Swift, Python and end to end
	@echo "==> preparing the Python runtime"
	@runtime="$$($(DEBUG)/ingot runtime)"; \
	export INGOT_TEST_RUNTIME="$$runtime"; \
	echo "==> worker tests (Python)"; \
	ORT_DISABLE_TELEMETRY=1 PYTHONPATH=$(PYTHON_SOURCES) PYTHONDONTWRITEBYTECODE=1 \
	    "$$runtime/bin/python" -m unittest discover -q -s Tests/ingot_worker; \
	echo "==> client tests (Python)"; \
	PYTHONDONTWRITEBYTECODE=1 "$$runtime/bin/python" -m unittest discover -q -s Tests/ingot_client; \
	for target in $(TEST_TARGETS); do \
	    echo "==> $$target"; \
	    swift test --skip-build $(SWIFT_FLAGS) --filter "^$$target\\." > .build/test.log 2>&1 \
	        || { cat .build/test.log; exit 1; }; \
	    grep -E 'Test run with' .build/test.log; \
	done
	@$(MAKE) --no-print-directory test-small-disk

# On a file system of its own, which nobody else can see and which ends with the test.
.PHONY: test-small-disk
test-small-disk:
	@folder="$$(mktemp -d)"; trap 'rmdir "$$folder"' EXIT; \
	if ! why="$$(unshare -Urm mount -t tmpfs none "$$folder" 2>&1)"; then \
	    echo "==> SmallDiskTests are skipped, user namespaces are not available: $$why"; \
	    exit 0; \
	fi; \
	echo "==> SmallDiskTests, on a disk of $(SMALL_DISK)"; \
	FOLDER="$$folder" unshare -Urm $(SHELL) $(.SHELLFLAGS) '\
	    mount -t tmpfs -o size=$(SMALL_DISK) none "$$FOLDER"; \
	    head -c 500k /dev/zero > "$$FOLDER/ballast"; \
	    INGOT_TEST_SMALL_DISK="$$FOLDER" swift test --skip-build $(SWIFT_FLAGS) \
	        --filter "^StateStoreTests\.SmallDiskTests"' > .build/test.log 2>&1 \
	    || { cat .build/test.log; exit 1; }; \
	grep -E '^full after|Test run with' .build/test.log

.PHONY: simulate
simulate: setup ## Simulate controllers and all that can go wrong: SEEDS=2000 of them, or replay SEED=7
	@echo "==> building in release mode (the first time takes some minutes)"
	swift build -c release --product simulate $(SWIFT_FLAGS)
	@$(RELEASE)/simulate $(if $(SEED),$(SEED),--seeds $(or $(SEEDS),2000) --from $(or $(FROM),1))

.PHONY: demo
demo: release ## Play the story: a commit becomes a served model, a revert brings the old one back (KEEP=1 leaves it running)
	@KEEP="$(KEEP)" examples/demo/story.sh $(RELEASE)/ingot

.PHONY: bench
bench: release ## Measure, side by side with peers, in one run
	$(call install,$(BENCH_PACKAGES))
	swift build -c release --product look-up $(SWIFT_FLAGS)
	@Tests/Benchmarks/run.sh $(RELEASE)/ingot

.PHONY: format
format: lint-tools ## Format the Swift and Python sources
	swift format format --in-place --recursive --parallel Package.swift Sources Tests
	.venv-lint/bin/ruff format --config $(PYTHON_SOURCES)/pyproject.toml $(PYTHON_ALL)

.PHONY: check
check: setup lint-tools ## Check formats, types and layering without running anything
	@echo "==> swift format"
	@swift format lint --strict --recursive --parallel Package.swift Sources Tests
	@echo "==> ruff, mypy"
	@.venv-lint/bin/ruff check --config $(PYTHON_SOURCES)/pyproject.toml $(PYTHON_ALL)
	@.venv-lint/bin/ruff format --check --config $(PYTHON_SOURCES)/pyproject.toml $(PYTHON_ALL)
	@.venv-lint/bin/mypy --config-file $(PYTHON_SOURCES)/pyproject.toml \
	    $(PYTHON_SOURCES)/ingot_worker $(PYTHON_CLIENT)/ingot_client

.PHONY: lint-tools
lint-tools:
	@[ -x .venv-lint/bin/mypy ] && [ -x .venv-lint/bin/ruff ] || { \
	    echo "==> installing ruff and mypy"; python3 -m venv .venv-lint; \
	    .venv-lint/bin/pip install -q --disable-pip-version-check ruff==0.17.5 mypy==2.4.1; }

.PHONY: clean
clean: ## Remove what was built and what the demo left
	rm -rf .build .venv-lint .venv-moto .demo
