# SPDX-License-Identifier: Apache-2.0
# `make help` lists the targets. O=DIR builds in DIR instead of build/.

VERSION := 0.1.0

# --- what a packager sets ------------------------------------------------------------------------
CC       ?= cc
CFLAGS   ?= -O2 -g
PREFIX   ?= /usr
SYSCONFDIR ?= /etc
DESTDIR  ?=
# udev and systemd read only /usr/lib, /usr/local/lib and /etc.
SYSTEM_LIB := $(if $(filter /usr /usr/local,$(PREFIX)),$(PREFIX)/lib,/etc)
UDEVRULESDIR ?= $(SYSTEM_LIB)/udev/rules.d
UNITDIR  ?= $(SYSTEM_LIB)/systemd/system
TMPFILESDIR ?= $(SYSTEM_LIB)/tmpfiles.d
# Debian's directory below /usr; site-functions elsewhere.
ZSHDIR   ?= $(PREFIX)/share/zsh/$(if $(filter /usr,$(PREFIX)),vendor-completions,site-functions)
O        ?= build

$(if $(filter /%,$(PREFIX)),,$(error PREFIX must be an absolute path: udev and engines call the program by it))

INSTALL  ?= install
PKG_CONFIG ?= pkg-config

# --- flags -----------------------------------------------------------------------------------------
LIBS     := devmapper yajl mount libudev

WARNINGS := -Wall -Wextra -Wpedantic -Wformat=2 -Wformat-security -Wshadow -Wconversion \
	-Wsign-conversion -Wcast-qual -Wcast-align -Wpointer-arith -Wstrict-prototypes \
	-Wmissing-prototypes -Wold-style-definition -Wredundant-decls -Wnested-externs -Wundef \
	-Wvla -Wwrite-strings -Wdouble-promotion -Wimplicit-fallthrough -Wnull-dereference \
	-Wdate-time -Wfloat-equal
# Statement expressions (TAKE_PTR) are the only extension that -Wpedantic would report.
WARNINGS += $(if $(findstring clang,$(CC)),-Wno-gnu-statement-expression,) -Wno-pedantic
HARDEN   := -fstack-protector-strong -fstack-clash-protection -fPIE -fno-common \
	$(if $(findstring -O0,$(CFLAGS))$(findstring sanitize,$(CFLAGS)),,-D_FORTIFY_SOURCE=2)
PLACES   := -DPREFIX='"$(PREFIX)"' -DSYSCONFDIR='"$(SYSCONFDIR)"' -DUDEV_RULES_DIR='"$(UDEVRULESDIR)"'
ALL_CPPFLAGS = -Ihook -D_GNU_SOURCE -DVERSION='"$(VERSION)"' $(PLACES) $(CPPFLAGS)
ALL_CFLAGS   = -std=gnu17 $(WARNINGS) $(HARDEN) $(LIB_CFLAGS) $(CFLAGS)
ALL_LDFLAGS  = -pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed $(LDFLAGS)
LIB_CFLAGS   = $(shell $(PKG_CONFIG) --cflags $(LIBS))
LIB_LIBS     = $(shell $(PKG_CONFIG) --libs $(LIBS))

# --- the programs ------------------------------------------------------------------------------------
SOURCES := $(wildcard hook/*.c hook/*/*.c)
OBJECTS := $(SOURCES:%.c=$(O)/%.o)
PROGRAM := $(O)/oci-thin-grow
DAEMON  := $(O)/oci-thin-growd

.PHONY: all
all: $(PROGRAM) $(O)/oci-thin-grow-runtime $(DAEMON) ## build the programs

# libc first: it has most of the symbols that the program loader looks for, library by library, at each start.
$(PROGRAM): $(filter-out $(O)/hook/daemon/%,$(OBJECTS))
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ -lc $(LIB_LIBS)

$(DAEMON): $(filter-out $(O)/hook/main.o $(O)/hook/arguments.o $(O)/hook/role/%,$(OBJECTS))
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIB_LIBS)

$(O)/oci-thin-grow-runtime: $(PROGRAM)
	ln -sf oci-thin-grow $@

# Changes with the directories, so that everything that contains them is rebuilt.
$(O)/places: FORCE
	@mkdir -p $(@D)
	@echo $(PLACES) $(UNITDIR) $(TMPFILESDIR) >$@.new
	@cmp -s $@.new $@ || mv $@.new $@

.PHONY: FORCE
FORCE:

$(O)/%.o: %.c Makefile $(O)/places
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# --- unit tests ----------------------------------------------------------------------------------------
# Each tests/unit/test-x.c is one program, linked with everything that has no main(). The fakes in
# tests/unit/fake-*.c replace the calls that `grep -ho __wrap_` finds in them.
UNIT_TESTS   := $(patsubst tests/unit/%.c,$(O)/tests/unit/%,$(wildcard tests/unit/test-*.c))
UNIT_FAKES   := $(patsubst %.c,$(O)/%.o,$(wildcard tests/unit/fake-*.c))
UNIT_WRAPS    = $(addprefix -Wl$(comma)--wrap=,$(shell grep -ho '\b__wrap_[a-z0-9_]*' \
		tests/unit/fake-*.c | sed 's/__wrap_//' | sort -u))
comma := ,

$(O)/tests/unit/%.o: ALL_CPPFLAGS += -Itests/unit
$(O)/tests/unit/test-%: $(O)/tests/unit/test-%.o $(UNIT_FAKES) $(filter-out $(O)/hook/main.o $(O)/hook/daemon/growd.o,$(OBJECTS))
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -pthread $(UNIT_WRAPS) -o $@ $^ $(LIB_LIBS) \
		$(shell $(PKG_CONFIG) --libs cmocka)

# Keep objects of tests, which make would delete as intermediate files.
.SECONDARY:

.PHONY: unit layers shape places added words check test guest soak demo bench
unit: $(UNIT_TESTS)
	@tests/unit/run $(UNIT_TESTS)

layers: ## calls go down only; one library, one file
	@tests/layers.sh

shape: ## functions fit a screen, headers promise what their file keeps, tests have the name of a file
	@tests/shape.sh

places: ## a build for another PREFIX names that PREFIX everywhere
	@+tests/places.sh

added: ## every engine, filesystem and doctor check is documented and tested
	@tests/added.sh

words: ## what users read is plain English
	@tests/words.sh

check: all layers shape places added words unit ## unit tests and five checks of the tree: seconds, no root, no guest

# --- tests on a real kernel -----------------------------------------------------------------------------
CUTS     ?= 30

guest: deps ## guest tests only; TESTS="name ..." chooses
	tests/guest/run $(TESTS)

soak: deps ## power cuts, CUTS=30 in each guest, and the daemon for hours; results in tests/guest/SOAK.md
	tests/guest/run --soak $(CUTS) --jobs 2 $(TESTS)

test: deps ## all tests (root; the first time it creates guest trees with mmdebstrap)
	tests/all.sh

demo: deps ## show what the program does, on a real kernel with a real Docker
	tests/guest/run --console tests/guest/demo.sh

bench: deps ## measure the hook against the calls that it cannot avoid; results in tests/bench/RESULTS.md
	tests/bench/run

# --- set-up ----------------------------------------------------------------------------------------------
BUILD_DEPS := gcc make pkg-config libc6-dev libdevmapper-dev libyajl-dev libmount-dev libudev-dev \
	xfslibs-dev libcmocka-dev
TEST_DEPS  := mmdebstrap
LINT_DEPS  := clang clang-format clang-tidy cppcheck shellcheck

.PHONY: deps lint-deps
deps: ## install what building and testing need (Debian; root)
	@tests/deps.sh $(BUILD_DEPS) $(TEST_DEPS)

lint-deps:
	@tests/deps.sh $(BUILD_DEPS) $(LINT_DEPS)

MAN8 := oci-thin-grow.8 oci-thin-grow-runtime.8 oci-thin-grow-shim.8 oci-thin-growd.8
MAN5 := oci-thin-grow.json.5
BASH_COMPLETION = $(PREFIX)/share/bash-completion/completions/oci-thin-grow
ZSH_COMPLETION  = $(ZSHDIR)/_oci-thin-grow
FISH_COMPLETION = $(PREFIX)/share/fish/vendor_completions.d/oci-thin-grow.fish
SHARE := $(PREFIX)/share/oci-thin-grow

# In installed texts the directories of PREFIX=/usr are replaced by the actual ones.
TEXTS := $(wildcard config/*.json config/*/* doc/*.[58]) doc/metrics.md
$(O)/installed/%: % Makefile $(O)/places
	@mkdir -p $(@D)
	sed -e 's|/usr/sbin/oci-thin-grow|$(PREFIX)/sbin/oci-thin-grow|g' \
		-e 's|/usr/libexec/oci|$(PREFIX)/libexec/oci|g' \
		-e 's|/usr/share/oci-thin-grow|$(SHARE)|g' \
		-e 's|/usr/lib/udev/rules.d|$(UDEVRULESDIR)|g' \
		-e 's|/usr/lib/systemd/system|$(UNITDIR)|g' \
		-e 's|/usr/lib/tmpfiles.d|$(TMPFILESDIR)|g' \
		-e 's|/etc/oci-thin-grow|$(SYSCONFDIR)/oci-thin-grow|g' $< >$@

.PHONY: texts install uninstall
texts: $(TEXTS:%=$(O)/installed/%)

install: all texts ## install below $(DESTDIR)$(PREFIX)
	$(INSTALL) -D -m 0755 $(PROGRAM) $(DESTDIR)$(PREFIX)/sbin/oci-thin-grow
	$(INSTALL) -m 0755 $(DAEMON) $(DESTDIR)$(PREFIX)/sbin/oci-thin-growd
	ln -sf oci-thin-grow $(DESTDIR)$(PREFIX)/sbin/oci-thin-grow-runtime
	$(INSTALL) -d $(DESTDIR)$(PREFIX)/libexec/oci/hooks.d
	ln -sf ../../../sbin/oci-thin-grow $(DESTDIR)$(PREFIX)/libexec/oci/hooks.d/oci-thin-grow
	$(INSTALL) -D -m 0644 $(O)/installed/config/hooks.d/50-oci-thin-grow.json \
		$(DESTDIR)$(PREFIX)/share/containers/oci/hooks.d/50-oci-thin-grow.json
	$(INSTALL) -D -m 0644 $(O)/installed/config/udev/94-oci-thin-grow.rules \
		$(DESTDIR)$(UDEVRULESDIR)/94-oci-thin-grow.rules
	$(INSTALL) -d $(DESTDIR)$(PREFIX)/share/man/man8 $(DESTDIR)$(PREFIX)/share/man/man5
	$(INSTALL) -m 0644 $(MAN8:%=$(O)/installed/doc/%) $(DESTDIR)$(PREFIX)/share/man/man8
	$(INSTALL) -m 0644 $(MAN5:%=$(O)/installed/doc/%) $(DESTDIR)$(PREFIX)/share/man/man5
	$(INSTALL) -D -m 0644 $(O)/installed/config/completion/oci-thin-grow.bash $(DESTDIR)$(BASH_COMPLETION)
	$(INSTALL) -D -m 0644 $(O)/installed/config/completion/_oci-thin-grow $(DESTDIR)$(ZSH_COMPLETION)
	$(INSTALL) -D -m 0644 $(O)/installed/config/completion/oci-thin-grow.fish $(DESTDIR)$(FISH_COMPLETION)
	$(INSTALL) -d -m 0755 $(DESTDIR)$(SYSCONFDIR)/oci-thin-grow/config.d
	[ -e $(DESTDIR)$(SYSCONFDIR)/oci-thin-grow/config.json ] || $(INSTALL) -m 0644 \
		$(O)/installed/config/config.json $(DESTDIR)$(SYSCONFDIR)/oci-thin-grow/config.json
	$(INSTALL) -D -m 0644 $(O)/installed/config/udev/94-oci-thin-grow.rules \
		$(DESTDIR)$(PREFIX)/share/oci-thin-grow/94-oci-thin-grow.rules
	$(INSTALL) -D -m 0644 $(O)/installed/config/tmpfiles.d/oci-thin-grow.conf \
		$(DESTDIR)$(TMPFILESDIR)/oci-thin-grow.conf
	$(INSTALL) -d $(DESTDIR)$(UNITDIR) $(DESTDIR)$(SHARE)/prometheus $(DESTDIR)$(SHARE)/grafana
	$(INSTALL) -m 0644 $(addprefix $(O)/installed/,$(wildcard config/systemd/*)) $(DESTDIR)$(UNITDIR)
	$(INSTALL) -m 0644 $(O)/installed/doc/metrics.md $(DESTDIR)$(SHARE)
	$(INSTALL) -m 0644 $(addprefix $(O)/installed/,$(wildcard config/prometheus/*)) $(DESTDIR)$(SHARE)/prometheus
	$(INSTALL) -m 0644 $(addprefix $(O)/installed/,$(wildcard config/grafana/*)) $(DESTDIR)$(SHARE)/grafana

uninstall: ## remove what install installed, except the configuration
	rm -f $(DESTDIR)$(PREFIX)/sbin/oci-thin-grow-runtime \
		$(DESTDIR)$(PREFIX)/libexec/oci/hooks.d/oci-thin-grow \
		$(DESTDIR)$(PREFIX)/share/containers/oci/hooks.d/50-oci-thin-grow.json \
		$(DESTDIR)$(UDEVRULESDIR)/94-oci-thin-grow.rules \
		$(MAN8:%=$(DESTDIR)$(PREFIX)/share/man/man8/%) \
		$(MAN5:%=$(DESTDIR)$(PREFIX)/share/man/man5/%) \
		$(DESTDIR)$(BASH_COMPLETION) $(DESTDIR)$(ZSH_COMPLETION) \
		$(DESTDIR)$(FISH_COMPLETION) \
		$(DESTDIR)$(PREFIX)/share/oci-thin-grow/94-oci-thin-grow.rules \
		$(DESTDIR)$(TMPFILESDIR)/oci-thin-grow.conf \
		$(DESTDIR)$(PREFIX)/sbin/oci-thin-grow \
		$(DESTDIR)$(PREFIX)/sbin/oci-thin-growd \
		$(addprefix $(DESTDIR)$(UNITDIR)/,$(notdir $(wildcard config/systemd/*)))
	rm -rf $(DESTDIR)$(SHARE)

# --- packages ----------------------------------------------------------------------------------------------
DEB_DEPS := debhelper libcmocka-dev

.PHONY: deb deb-deps
deb-deps:
	@tests/deps.sh $(BUILD_DEPS) $(DEB_DEPS)

deb: deb-deps ## a Debian package in $(O)/deb
	rm -rf $(O)/deb
	mkdir -p $(O)/deb/src
	cp -a CHANGELOG.md CONTRIBUTING.md LICENSE Makefile README.md SECURITY.md config doc hook packaging tests \
		$(O)/deb/src/
	cp -a packaging/debian $(O)/deb/src/debian
	cd $(O)/deb/src && dpkg-buildpackage --no-sign --build=binary

# --- style -------------------------------------------------------------------------------------------------
C_FILES = $(shell git ls-files -co --exclude-standard '*.c' '*.h')

.PHONY: format lint clean help
format: ## clang-format everything in place
	clang-format -i $(C_FILES)

lint: lint-deps ## formatting, gcc and clang warnings, clang-tidy, cppcheck, shellcheck, layers
	@tests/lint.sh '-Ihook -D_GNU_SOURCE -DVERSION="x" -std=gnu17 $(LIB_CFLAGS)' $(C_FILES)

clean: ## remove what was built
	rm -rf $(O)

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

-include $(OBJECTS:.o=.d) $(UNIT_TESTS:=.d) $(UNIT_FAKES:.o=.d)
