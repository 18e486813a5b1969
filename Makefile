# The front door: what a person types. CMake builds, scripts/ and tests/ do the rest.
#   make                 the release binary, build/myrt
#   sudo make run        a real container from nothing: packages, build, bundle, run
#   sudo make test       every test from nothing; ends with `N passed, M failed`
#   make shim            build/containerd-shim-myrt-v2, containerd's shim with the runtime linked in
#   sudo make e2e        every engine of Debian on the runtime: Docker, containerd, CRI, Podman, Buildah; RUNTIME=runc for a peer;
#                        SHIM=1 for containerd and CRI on our own shim
#   sudo make conformance  the OCI runtime-tools validation suite as judge; PEERS="runc crun" beside it
#   make conformance-doc docs/conformance.md: every requirement of the runtime-spec, its tests, their last result
#   make errors-doc      docs/errors.md: every error code, phase and hint
#   sudo make faults     every system call of the runtime fails once, and is its last once; SCENARIOS="run exec"
#                        SHIM=1: the processes of containerd's shim are killed at each of theirs, and containerd and init too
#   sudo make conformance-runc  runc's own integration suite as judge, beside Debian sid's runc
#   sudo make bench      speed, beside the physical floor and every peer found (see bench/run.sh)
#   sudo make bench PUBLISH=docs/performance.md   and puts the tables and charts into the documentation
#   sudo make vm-test    the tests on pure cgroup v2 with systemd and AppArmor, in a virtual machine
#   sudo make attacks    the attack suite, one test per published attack on a runtime, each with a control; RUNTIME=crun for a peer,
#                        PUBLISH=docs/security.md for its table, ROUNDS= of the free races (10000)
#   make check           format, layers, cppcheck, tidy
#   make asan            the unit tests under the address and undefined behaviour sanitizers
#   make fuzz            every fuzz target for MINUTES=1 each, under the same sanitizers; a table at the end
#   sudo make check-dynamic  the integration tests with a runtime under the sanitizers, and what valgrind can run
#   sudo make soak       random operations by WORKERS=8 for MINUTES=60, the runtime killed meanwhile: nothing may be left
#                        SHIM=1: pods through containerd's CRI plugin, with shims, containerd and containers killed; MINUTES=30
#   make install         DESTDIR= PREFIX=/usr/local
#   make deb             .deb, .rpm and .tar.gz in build/packages; the same commit gives the same bytes
#   sudo make package-test  the packages, used as a new user would in a clean Debian 12
#   make clean
BUILD ?= build
PREFIX ?= /usr/local
DESTDIR ?=
JOBS ?= $(shell nproc)
RUNTIME ?= $(abspath $(BUILD))/myrt

CMAKE = cmake -G Ninja
# What root built in a user's tree stays the user's, but for a root file system that runs as such.
give_back = [ -z "$$SUDO_UID" ] || find $(BUILD) -path '*/conformance-runc/root' -prune -o \
	-exec chown -h "$$SUDO_UID:$$SUDO_GID" {} +

.PHONY: all shim run test e2e conformance conformance-runc conformance-doc errors-doc faults vm-test attacks check asan install deb package-test clean packages soak check-dynamic fuzz
all: packages
	$(CMAKE) -S . -B $(BUILD) -DCMAKE_BUILD_TYPE=Release -DMYRT_TESTS=OFF
	cmake --build $(BUILD) --parallel $(JOBS) --target myrt
	@$(give_back)

shim: all
	cmake --build $(BUILD) --parallel $(JOBS) --target containerd-shim-myrt-v2
	@$(give_back)

packages:
	@scripts/install-packages build

run:
	@scripts/install-packages build run
	@$(MAKE) --no-print-directory all
	@RUNTIME=$(RUNTIME) BUILD=$(BUILD) scripts/run-demo; status=$$?; $(give_back); exit $$status

test:
	@scripts/install-packages build run test e2e vm bench-smoke
	@BUILD=$(BUILD) JOBS=$(JOBS) tests/run-all; status=$$?; $(give_back); exit $$status

e2e: $(if $(filter command line environment,$(origin RUNTIME)),,all) $(if $(SHIM),shim)
	@scripts/install-packages run test e2e
	@RUNTIME=$(RUNTIME) SHIM=$(patsubst 1,$(abspath $(BUILD))/containerd-shim-myrt-v2,$(SHIM)) tests/e2e/run; status=$$?; $(give_back); exit $$status

conformance: $(if $(filter command line environment,$(origin RUNTIME)),,all)
	@RUNTIME=$(RUNTIME) BUILD=$(BUILD) JOBS=$(JOBS) conformance/run.sh; status=$$?; $(give_back); exit $$status

conformance-doc:
	@python3 -B conformance/rows/document.py --write $(BUILD)

errors-doc:
	$(CMAKE) -S . -B $(BUILD) -DCMAKE_BUILD_TYPE=Release
	cmake --build $(BUILD) --parallel $(JOBS) --target myrt_manual
	$(BUILD)/myrt_manual $(BUILD)/manual-texts 0 2000-01-01 && cp $(BUILD)/manual-texts/errors.md docs/errors.md

faults: $(if $(filter command line environment,$(origin RUNTIME)),,all) $(if $(SHIM),shim)
	@scripts/install-packages build run test $(if $(SHIM),e2e)
	@RUNTIME=$(RUNTIME) BUILD=$(BUILD) JOBS=$(JOBS) $(if $(SHIM),SHIM=$(abspath $(BUILD))/containerd-shim-myrt-v2 tests/faults/all_shim,tests/faults/all $(SCENARIOS)); status=$$?; $(give_back); exit $$status

conformance-runc: $(if $(filter command line environment,$(origin RUNTIME)),,all)
	@RUNTIME=$(RUNTIME) BUILD=$(BUILD) JOBS=$(JOBS) conformance/runc/run.sh $(FILES); status=$$?; $(give_back); exit $$status

bench: all
	@RUNTIME=$(RUNTIME) BUILD=$(BUILD) PUBLISH=$(PUBLISH) bench/run.sh; status=$$?; $(give_back); exit $$status

vm-test: $(if $(filter command line environment,$(origin RUNTIME)),,all shim)
	@RUNTIME=$(RUNTIME) BUILD=$(BUILD) tests/vm/test; status=$$?; $(give_back); exit $$status

attacks: $(if $(filter command line environment,$(origin RUNTIME)),,all)
	@scripts/install-packages build run test attacks
	@RUNTIME=$(RUNTIME) BUILD=$(BUILD) JOBS=$(JOBS) PUBLISH=$(PUBLISH) tests/attacks/run; status=$$?; $(give_back); exit $$status

check:
	@scripts/install-packages build test check
	@BUILD=$(BUILD) JOBS=$(JOBS) scripts/check

asan:
	@scripts/install-packages build test
	@BUILD=$(BUILD) JOBS=$(JOBS) tests/run-all unit_clang

fuzz:
	@scripts/install-packages build test
	@BUILD=$(BUILD) JOBS=$(JOBS) SECONDS_EACH=$$(($(or $(MINUTES),1) * 60)) tests/run-all fuzz

check-dynamic:
	@scripts/install-packages build run test check
	@BUILD=$(BUILD) JOBS=$(JOBS) tests/run-all dynamic memcheck; status=$$?; $(give_back); exit $$status

run_soak = RUNTIME=$(RUNTIME) MINUTES=$(or $(MINUTES),60) WORKERS=$(or $(WORKERS),8) SEED=$(SEED) LOG=$(BUILD)/soak.log tests/soak/run
soak: $(if $(filter command line environment,$(origin RUNTIME)),,all) $(if $(SHIM),shim)
	@scripts/install-packages run test $(if $(SHIM),e2e)
	@$(if $(SHIM),RUNTIME=$(RUNTIME) SHIM=$(abspath $(BUILD))/containerd-shim-myrt-v2 MINUTES=$(or $(MINUTES),30) WORKERS=$(or $(WORKERS),4) \
	SEED=$(SEED) LOG=$(BUILD)/shim-soak.log tests/soak/shim,$(run_soak))

install: all
	$(CMAKE) -S . -B $(BUILD) -DCMAKE_INSTALL_PREFIX=$(PREFIX)
	cmake --build $(BUILD) --parallel $(JOBS) --target myrt containerd-shim-myrt-v2 manual
	DESTDIR=$(DESTDIR) cmake --install $(BUILD) --strip

deb:
	@scripts/install-packages build package
	@BUILD=$(BUILD) JOBS=$(JOBS) packaging/build; status=$$?; $(give_back); exit $$status

package-test: deb
	@scripts/install-packages package-test
	@BUILD=$(BUILD) JOBS=$(JOBS) tests/packaging/all; status=$$?; $(give_back); exit $$status

clean:
	rm -rf $(BUILD)
