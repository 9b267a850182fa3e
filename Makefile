# Domovoi. `make` alone lists what can be done.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
# One heavy thing at a time, also under make -j.
.NOTPARALLEL:

GO ?= go
# How many packages are tested at once, how long one may take, and more flags.
P ?= 2
TIMEOUT ?= 5m
TESTFLAGS ?=
# How long each fuzz target runs, and how often a stress run goes round.
T ?= 30s
ROUNDS ?= 10
# How long a daemon is under the load of everything at once.
SOAK ?= 1h
BENCHFLAGS ?=

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
COMMITTED := $(shell git log -1 --format=%cI 2>/dev/null)
# The version is stamped from git by hand, so that a checkout of another owner
# builds too; and everything is compiled the same way, so that it is compiled
# once for build, vet and test.
export GOFLAGS := $(strip $(shell $(GO) env GOFLAGS) -buildvcs=false)
export CGO_ENABLED ?= 0

.PHONY: help build demo test race console check-console console-test lint rules vet vet-bench staticcheck generate check-generate fuzz stress bench cover clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build bin/domovoi, one static binary
	$(GO) build -ldflags '-s -w -X main.version=$(VERSION) -X main.committed=$(COMMITTED)' -o bin/domovoi ./cmd/domovoi

demo: build ## start a daemon on new data, run the shipped scripts as two users, show what happened
	@$(GO) build -o bin/hello ./plugins/hello
	@$(GO) build -o bin/demo ./internal/demo
	@bin/demo -domovoi bin/domovoi -hello bin/hello -scripts scripts

test: vet ## vet and all tests
	$(GO) test -vet=off -p $(P) -timeout $(TIMEOUT) $(TESTFLAGS) ./...

race: ## all tests under the race detector (needs a C compiler)
	@command -v "$$($(GO) env CC)" >/dev/null || { echo 'make race needs a C compiler: install gcc' >&2; exit 1; }
	CGO_ENABLED=1 $(GO) test -race -vet=off -p $(P) -timeout 20m $(TESTFLAGS) ./...

lint: rules vet staticcheck ## house rules, vet and staticcheck

rules: ## only the house rules: imports, documentation, wording, links
	$(GO) test -vet=off -count=1 ./internal/lint

vet: ## only go vet
	$(GO) vet ./...

# Only make bench downloads PocketBase.
vet-bench: ## go vet of the comparison with PocketBase, where its modules are there (compiling it takes minutes, so make lint leaves it out)
	@if GOPROXY=off $(GO) -C bench list -deps . >/dev/null 2>&1; then \
		echo $(GO) -C bench vet .; $(GO) -C bench vet .; \
	else \
		echo 'bench/ is not vetted: its modules are not downloaded'; \
	fi

# SA5008 knows encoding/json only, and msgp reads more from the same tags. The
# symbol tables of the interpreter name whatever the standard library has.
staticcheck: ## only staticcheck, at the version of tools/go.mod
	$(GO) -C tools build -o ../bin/staticcheck honnef.co/go/tools/cmd/staticcheck
	@echo bin/staticcheck -checks inherit,-SA5008
	@bin/staticcheck -checks inherit,-SA5008 $$($(GO) list ./... | grep -v /internal/symbols$$)

generate: ## write all generated files again
	$(GO) generate ./...

check-generate: generate ## fail where a generated file is not what its source says
	@files=$$(git grep -lE --untracked '^// Code generated .*DO NOT EDIT' -- '*.go' ':!*/testdata/*'); \
	git diff --exit-code -- $$files; \
	new=$$(git ls-files --others --exclude-standard -- $$files); \
	if [ -n "$$new" ]; then echo "generated, but not committed:"; echo "$$new"; exit 1; fi

# The console. Its built files are committed, so nothing else here needs Node.
console/node_modules: console/package-lock.json
	npm --prefix console ci --no-audit --no-fund
	@touch $@

console: console/node_modules ## build the web console into console/dist (needs Node and npm)
	npm --prefix console run build

check-console: console/node_modules ## fail where console/dist is not what its sources say
	@rm -rf bin/console
	npm --prefix console run build -- --outDir ../bin/console --emptyOutDir --logLevel warn
	diff -r console/dist bin/console

console-test: check-console build ## types, unit tests and a browser's tests of the web console (needs Node, npm and Chromium)
	npm --prefix console run check
	npm --prefix console test
	npm --prefix console run e2e

fuzz: ## run every fuzz target for T=30s, one after the other
	@grep -rEo --include='*_test.go' '^func Fuzz\w+' . | sort | while IFS=: read -r file target; do \
		echo "== $${target#func } in $${file%/*}"; \
		$(GO) test -run '^$$' -fuzz "^$${target#func }$$" -fuzztime $(T) "$${file%/*}" </dev/null; \
	done

# The long forms print what they did in one line each, with their seeds.
LONG := ^(TestMetamorphic|TestCrash|TestErrorSweep|TestSingleInstancesAreLinearizable|TestTransactionsAreSerializable|TestKills|TestKillsLoseNoRun|TestABurstOfChangesHoldsUpNobody|TestRunsAndDeploysLeaveNothing|TestImports|TestSoak)$$

stress: ## the long forms of the tests that have one (DOMOVOI_STRESS=1), then all tests ROUNDS=10 times in changing order
	DOMOVOI_STRESS=1 DOMOVOI_SOAK=$(SOAK) $(GO) test -vet=off -v -p 1 -count 1 -timeout 0 -run '$(LONG)' $(TESTFLAGS) ./internal/stress ./cmd/domovoi ./runtime ./plugins/csvimport
	$(GO) test -vet=off -p 1 -count $(ROUNDS) -shuffle on -timeout 0 $(TESTFLAGS) ./...

bench: ## measure what is promised against its floors, then compare with PocketBase; writes bench/results.md; some 15 minutes (BENCHFLAGS=-short is a quick look, -help lists more)
	$(GO) run ./internal/bench $(BENCHFLAGS)
	$(GO) -C bench run . -results results.md $(BENCHFLAGS)

cover: ## test coverage of all packages, as bin/cover.html
	@mkdir -p bin
	$(GO) test -vet=off -p $(P) -timeout 10m -coverpkg ./... -coverprofile bin/cover.out $(TESTFLAGS) ./...
	$(GO) tool cover -html bin/cover.out -o bin/cover.html
	$(GO) tool cover -func bin/cover.out | tail -n 1

clean: ## remove what was built
	rm -rf bin
