# The commands of the project. Each installs what it needs first (asks before
# nothing, says what), and works a second time without the network.
# Meson and ninja do the work underneath; see CONTRIBUTING.md.

PREFIX ?= /usr/local
DESTDIR ?=
BUILD ?= build

.PHONY: all demo test lint fuzz sim bench cover install uninstall setup format clean

# The program, built for use.
all: setup
	tools/build.sh $(BUILD)/release

# A letter's whole journey by stick, on real files, with three homes.
demo: all
	demo/run.sh $(BUILD)/release/src/cli/dlb

# Everything that is tested, with gcc, and with clang under ASan and UBSan.
test:
	tools/setup.sh test
	tests/run.sh

lint:
	tools/setup.sh lint
	tools/lint.sh

# FUZZ_SECONDS=60 a target; FUZZ_TARGETS="card_fuzz ..." for some of them.
fuzz:
	tools/setup.sh test
	tools/fuzz.sh

# SIM_SEEDS=2000 networks; SIM_SPREAD=1 for the table of policies as well.
sim:
	tools/setup.sh test
	tools/sim.sh

# Beside the peers that are installed; BENCH_WRITE=1 writes docs/bench.md.
bench: all
	bench/run.sh

cover:
	tools/setup.sh cover
	tools/cover.sh

install: all
	DESTDIR="$(DESTDIR)" tools/install.sh install "$(PREFIX)" \
		"$(BUILD)/release/src/cli/dlb"

uninstall:
	DESTDIR="$(DESTDIR)" tools/install.sh uninstall "$(PREFIX)"

setup:
	tools/setup.sh build

format:
	tools/lint.sh reformat

clean:
	rm -rf $(BUILD)
