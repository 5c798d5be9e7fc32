SHELL := /bin/bash
.DEFAULT_GOAL := help
# Node itself is one of the dependencies, so that any machine's npm is enough; npm runs on the machine's own, since it replaces ours, and need
# not warn that this is another one.
MACHINE_PATH := $(PATH)
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
INSTALLED := node_modules/.package-lock.json
SOURCES := $(shell find src -name '*.ts' 2>/dev/null) package.json

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  %-16s %s\n", $$1, $$2}'

install: $(INSTALLED) ## install the dependencies from the lock file

$(INSTALLED): package.json package-lock.json
	PATH='$(MACHINE_PATH)' npm ci --no-audit --no-fund --loglevel=error
	@touch $@

build: dist/main.js ## bundle the program into dist/

dist/main.js: $(INSTALLED) $(SOURCES) scripts/build.ts
	node scripts/build.ts

demo: build ## three servers, a balancer, a failover and a recovery, live
	bin/evenkeel demo

generate: $(INSTALLED) ## write the files that are generated from the CRDs and the kustomize base
	node scripts/generate.ts

check: $(INSTALLED) ## types, lint, and that generated files are current
	tsc --noEmit
	biome check --error-on-warnings
	node scripts/generate.ts --check

test: check test-unit test-packaging test-integration test-api test-controllers test-faults test-scale e2e ## every test

# For each of the five programs below: a minute in all.
test: export FUZZ_SECONDS ?= 12

FUZZING := test/unit/http1/fuzz.test.ts test/unit/http2/fuzz.test.ts test/unit/preamble/client-hello.test.ts test/integration/http1/node-parser.test.ts test/integration/proxy/desync.test.ts
fuzz: export FUZZ_SECONDS ?= 600
fuzz: $(INSTALLED) ## bytes from a grammar, changed at random, against the codecs and a whole balancer, for fifty minutes, or FUZZ_SECONDS five times
	node --test --test-concurrency=1 $(FUZZING)

slowhttp: $(INSTALLED) ## a thousand slow clients of three kinds (needs the Debian package slowhttptest), and one who is not to notice
	node scripts/slowhttp.ts

test-unit: $(INSTALLED) ## the pure rooms
	node --test --test-timeout=300000 'test/unit/**/*.test.ts'

test-packaging: $(INSTALLED) ## chart, kustomizations, alert rules (Go; the first time builds helm, kustomize and kstatus, about three minutes)
	node --test --test-timeout=120000 'test/packaging/*.test.ts'

test-integration: build ## real sockets and processes on this machine
	node --test --test-concurrency=1 --test-timeout=120000 'test/integration/**/*.test.ts'

test-api: $(INSTALLED) ## the CRDs, what deploy/ installs and our client, with a real API server (Linux, root and Go; the first time builds it, about 10 minutes)
	@test/tools/gitops-crds >/dev/null
	CLUSTER_PARTS=api test/cluster/with-cluster node --test --test-concurrency=1 --test-timeout=300000 'test/e2e/api-server/*.test.ts'

test-controllers: $(INSTALLED) ## the operator with a real API server and controllers, without nodes (Linux, root and Go)
	@test/tools/prepare >/dev/null
	CLUSTER_PARTS=controllers test/cluster/with-cluster node --test --test-timeout=600000 'test/e2e/controllers/*.test.ts'

# Most of a fault is waiting, so that several tests run at once.
# Nobody renews a lease of the Node that pods are said to be on.
FAULTS := CLUSTER_PARTS=controllers CONTROLLER_FLAGS=--controllers=*,-node-lifecycle-controller test/cluster/with-cluster node --test --test-concurrency=4 --test-timeout=900000 'test/e2e/faults/*.test.ts'
test-faults: $(INSTALLED) ## the operator behind an API server that fails in every way (Linux, root and Go)
	$(FAULTS)

faults: export EVENKEEL_FULL := 1
faults: $(INSTALLED) ## the same, with the operator's own patience of 150 s with a silent watch
	$(FAULTS)

# With the default of 50 s the controllers, whose own view is late after an API server's end, call every pod of the only node unready, balancers included.
chaos e2e: export CONTROLLER_FLAGS ?= --node-monitor-grace-period=300s
chaos: build ## ten minutes of chaos in a cluster, under load, with seeds printed: EVENKEEL_SEED, EVENKEEL_CHAOS_SECONDS
	EVENKEEL_CHAOS_SECONDS=$${EVENKEEL_CHAOS_SECONDS:-600} test/cluster/with-cluster node --test --test-timeout=1500000 test/e2e/chaos.test.ts

image: build ## the production image, with docker or buildah: evenkeel:dev, or IMAGE=
	scripts/image

test-scale: export RESOURCES ?= 10
test-scale: export ENDPOINTS ?= 60
test-scale: export REAL_BALANCERS ?= 2
test-scale: export POD_CHANGES ?= 20
test-scale: export REST_SECONDS ?= 8
test-scale: export PHASES ?= rollout rest podChanges
test-scale: build ## the measurement of docs/scale.md, small: at rest nothing is asked or written, and balancers know of pods in time
	test/scale/run

scale: build ## 1,000 resources and 10,000 endpoints in a real API server, then a balancer with 5,000 servers (12 minutes; docs/scale.md)
	test/scale/run
	node test/scale/balancer.ts

e2e: build ## in a cluster: one that is given, kind, or the project's own
	@test/tools/prepare >/dev/null
	test/cluster/with-cluster node --test --test-concurrency=1 --test-timeout=600000 'test/e2e/*.test.ts'

cluster: build ## a shell beside a cluster as the end-to-end tests have it, with kubectl and the image
	test/cluster/with-cluster $(SHELL)

kind-up: build ## a kind cluster with the operator and the shop sample (needs docker and kind)
	scripts/kind-up

judge-http2: $(INSTALLED) ## h2spec and the interoperability tests of gRPC through a balancer (Go; installs both)
	node test/judges/h2spec.ts
	node test/judges/grpc-interop.ts

sslyze: $(INSTALLED) ## what sslyze finds on a port of HTTPS (python3 with venv; installs it)
	node test/judges/sslyze.ts

judge-manifests: $(INSTALLED) ## kube-score and kubernetes-validate over what installs the operator and what it makes (Go and Python; installs both)
	node test/judges/manifests.ts

audit: $(INSTALLED) ## known vulnerabilities of the packages, as the registry tells them
	@report=$$(npm audit 2>&1); status=$$?; echo "$$report"; case $$report in *'endpoint returned an error'*) \
	  echo 'audit: this registry does not tell, so nothing is known of the packages. Ask one that does: npm_config_registry=URL make audit' >&2 ;; esac; exit $$status

sbom: $(INSTALLED) ## the bill of materials of the bundle and Node, CycloneDX: dist/sbom.cdx.json
	node scripts/sbom.ts

bench: build ## cost, memory and failover beside HAProxy, nginx, Envoy and a Go proxy (30 minutes and more)
	bench/run

leak: build ## memory over ten million requests (10 minutes and more)
	bench/run leak

clean: ## remove what was built here
	rm -rf dist

.PHONY: judge-manifests audit sbom test-faults faults chaos scale test-scale test-packaging leak judge-http2 sslyze help install build demo generate check test test-unit test-integration test-api test-controllers e2e image cluster kind-up bench fuzz slowhttp clean
