# The front door: what a person types. CMake builds, scripts/ and tests/ do the rest.
#   make                 the release binary, build/myrt
#   sudo make run        a real container from nothing: packages, build, bundle, run
#   sudo make test       every test from nothing; ends with `N passed, M failed`
#   sudo make e2e        every engine of Debian on the runtime: Docker, containerd, CRI, Podman, Buildah; RUNTIME=runc for a peer
#   sudo make conformance  the OCI runtime-tools validation suite as judge; PEERS="runc crun" beside it
#   make conformance-doc docs/conformance.md: every requirement of the runtime-spec, its tests, their last result
#   sudo make bench      speed, beside the physical floor and every peer found (see bench/run.sh)
#   sudo make vm-test    the tests on pure cgroup v2 with systemd and AppArmor, in a virtual machine
#   make check           format, tidy, layers
#   make asan            the unit tests under the address and undefined behaviour sanitizers
#   make install         DESTDIR= PREFIX=/usr/local
#   make clean
BUILD ?= build
PREFIX ?= /usr/local
DESTDIR ?=
JOBS ?= $(shell nproc)
RUNTIME ?= $(abspath $(BUILD))/myrt

CMAKE = cmake -G Ninja
# What root built in a user's tree stays the user's.
give_back = [ -z "$$SUDO_UID" ] || chown -R "$$SUDO_UID:$$SUDO_GID" $(BUILD)

.PHONY: all run test e2e conformance conformance-doc vm-test check asan install clean packages
all: packages
	$(CMAKE) -S . -B $(BUILD) -DCMAKE_BUILD_TYPE=Release -DMYRT_TESTS=OFF
	cmake --build $(BUILD) --parallel $(JOBS) --target myrt
	@$(give_back)

packages:
	@scripts/install-packages build

run:
	@scripts/install-packages build run
	@$(MAKE) --no-print-directory all
	@RUNTIME=$(RUNTIME) BUILD=$(BUILD) scripts/run-demo; status=$$?; $(give_back); exit $$status

test:
	@scripts/install-packages build run test e2e
	@BUILD=$(BUILD) JOBS=$(JOBS) tests/run-all; status=$$?; $(give_back); exit $$status

e2e: $(if $(filter command line environment,$(origin RUNTIME)),,all)
	@scripts/install-packages run test e2e
	@RUNTIME=$(RUNTIME) tests/e2e/run; status=$$?; $(give_back); exit $$status

conformance: $(if $(filter command line environment,$(origin RUNTIME)),,all)
	@RUNTIME=$(RUNTIME) BUILD=$(BUILD) JOBS=$(JOBS) conformance/run.sh; status=$$?; $(give_back); exit $$status

conformance-doc:
	@python3 -B conformance/rows/document.py --write $(BUILD)

bench: all
	@RUNTIME=$(RUNTIME) BUILD=$(BUILD) bench/run.sh; status=$$?; $(give_back); exit $$status

vm-test: $(if $(filter command line environment,$(origin RUNTIME)),,all)
	@RUNTIME=$(RUNTIME) BUILD=$(BUILD) tests/vm/test; status=$$?; $(give_back); exit $$status

check:
	@scripts/install-packages build test
	@BUILD=$(BUILD) JOBS=$(JOBS) scripts/check

asan:
	@scripts/install-packages build test
	@BUILD=$(BUILD) JOBS=$(JOBS) tests/run-all unit_clang

install: all
	install -D -m 755 -s $(BUILD)/myrt $(DESTDIR)$(PREFIX)/bin/myrt

clean:
	rm -rf $(BUILD)
