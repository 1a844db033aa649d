# creel: see README.md. `make run`, `make test`, `make help`.
BUILD ?= build/release
# `make V=1` shows whole commands.
V ?=
Q := $(if $(V),,@)
say = @$(if $(V),:,printf '%-4s %s\n' '$(1)' '$(2)')
# As many compilers at once as there are cores, unless -j says otherwise.
JOBS ?= $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
# Nothing of it where make was given a -j of its own, whose jobs are then shared.
PARALLEL = $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(JOBS))
PREFIX ?= /usr/local
DESTDIR ?=
CC ?= cc
PKGS_CORE := libuv openssl sqlite3 libutf8proc inih jansson libwebsockets zlib libbrotlidec libpcre2-8
PKGS_CLIENT := libcurl yaml-0.1 libmicrohttpd
PKGS_RELAY := libmicrohttpd
PKGS_TUI := ncursesw
PKG_CONFIG ?= pkg-config
VERSION := 0.1.0
UNAME := $(shell uname -s)
BREW :=
ifeq ($(UNAME),Darwin)
# Homebrew's own folder, and those where it keeps apart what macOS has an older one of.
BREW := $(shell brew --prefix 2>/dev/null)
KEGS := $(shell printf ':$(BREW)/opt/%s/lib/pkgconfig' curl sqlite openssl@3 ncurses zlib)
PKG_CONFIG := PKG_CONFIG_PATH="$$PKG_CONFIG_PATH$(KEGS)" $(PKG_CONFIG)
endif
# Optional: without it a body in zstd is recorded and passed on as ever, and only its text is not known.
ZSTD := $(shell $(PKG_CONFIG) --exists libzstd 2>/dev/null && echo libzstd)
PKGS_CORE += $(ZSTD)
# Likewise: without them JPEG and WebP images are named in the inspector and not drawn.
JPEG := $(shell $(PKG_CONFIG) --exists libjpeg 2>/dev/null && echo libjpeg)
WEBP := $(shell $(PKG_CONFIG) --exists libwebp 2>/dev/null && echo libwebp)
IMAGES = $(strip $(JPEG) $(WEBP))
# Likewise: without it (WITH_NATS=0) a relay cannot join a cluster.
WITH_NATS ?= $(shell $(PKG_CONFIG) --exists libnats 2>/dev/null && echo 1 || echo 0)
NATS := $(if $(filter 1,$(WITH_NATS)),libnats)

WARN := -Wall -Wextra -Wshadow -Wconversion -Wvla -Wstrict-prototypes -Wmissing-prototypes -Wformat=2
ifneq ($(CI)$(WERROR),)
WARN += -Werror
endif
OPT ?= -O2 -g -D_FORTIFY_SOURCE=2
HARDEN := -fstack-protector-strong -fPIE
PKG_CFLAGS = $(shell $(PKG_CONFIG) --cflags $(PKGS_CORE) $(PKGS_CLIENT) $(PKGS_RELAY) $(PKGS_TUI) $(NATS) 2>/dev/null | sed 's/-I/-isystem /g') $(shell $(PKG_CONFIG) --silence-errors --cflags libwslay)
CFLAGS_ALL = -std=c11 -D_GNU_SOURCE -DCREEL_VERSION='"$(VERSION)"' -I. $(ZSTD:%=-DCREEL_ZSTD) $(PKG_CFLAGS) $(BREW:%=-isystem %/include) $(WARN) $(OPT) $(HARDEN) $(SAN) $(CFLAGS) -MMD -MP
ifeq ($(UNAME),Darwin)
LIBS_ICONV := -liconv
endif
ifeq ($(UNAME),Linux)
LIBS_PTY := -lutil
# A sanitizer's 200,000 places of checks are not moved at each of the tests' thousands of starts: a tenth of their CPU.
LINK_HARDEN := $(if $(findstring address,$(SAN)),-no-pie,-pie) -Wl,-z,relro,-z,now
endif
# Keeps blocks above 1 KiB at hand as well, where most of a delivery's lie: a tenth of the CPU. Optional; a sanitizer
# brings its own, and macOS would need more than linking.
ifeq ($(UNAME)$(strip $(SAN)),Linux)
LIBS_MALLOC := $(shell echo 'int main(void){return 0;}' | $(CC) -x c - -lmimalloc -o /dev/null 2>/dev/null && echo -Wl,--push-state,--no-as-needed -lmimalloc -Wl,--pop-state)
endif
LDFLAGS_ALL = $(LINK_HARDEN) $(SAN) $(BREW:%=-L%/lib) $(LDFLAGS) -pthread
LIBS_CORE = $(shell $(PKG_CONFIG) --libs $(PKGS_CORE)) $(LIBS_ICONV) -lm
# wslay comes without a file for pkg-config on Debian.
LIBS_WSLAY = $(shell $(PKG_CONFIG) --silence-errors --libs libwslay || echo -lwslay)
LIBS_CLIENT = $(shell $(PKG_CONFIG) --libs $(PKGS_CLIENT)) $(LIBS_WSLAY) $(LIBS_CORE)
LIBS_IMAGES = $(if $(IMAGES),$(shell $(PKG_CONFIG) --libs $(IMAGES)))
LIBS_TUI = $(shell $(PKG_CONFIG) --libs $(PKGS_TUI)) $(LIBS_IMAGES)
LIBS_RELAY = $(shell $(PKG_CONFIG) --libs $(PKGS_RELAY) $(NATS)) $(LIBS_CORE)

SHARED_OBJ := $(patsubst %.c,$(BUILD)/%.o,$(wildcard shared/*/*.c)) $(BUILD)/shared/store_schema.o
CLIENT_OBJ := $(patsubst %.c,$(BUILD)/%.o,$(filter-out client/main.c,$(wildcard client/*.c client/*/*.c))) $(BUILD)/client/samples_built_in.o $(BUILD)/client/web_files.o
TUI_OBJ := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tui/*/*.c))
NATS_SRC := relay/bus/bus.c relay/bus/bus_queue.c relay/bus/bus_thread.c
FAKE_SOURCE_OBJ := $(patsubst %,$(BUILD)/tests/tools/%.o,fake_source fake_deeds fake_hostile)
RELAY_OBJ := $(patsubst %.c,$(BUILD)/%.o,$(filter-out relay/main.c $(if $(NATS),relay/bus/bus_none.c,$(NATS_SRC)),$(wildcard relay/*.c relay/*/*.c)))
SOURCES := $(wildcard client/*.[ch] client/*/*.[ch] relay/*.[ch] relay/*/*.[ch] shared/*/*.[ch] tui/*/*.[ch] tests/unit/*.h tests/unit/*/*.[ch] tests/fuzz/*.[ch] tests/tools/*.[ch] tests/powerloss/*.[ch])
UNIT_BIN := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/*/test_*.c))

FUZZ_NAMES := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
ASAN := BUILD=build/asan OPT="-O1 -g1" SAN="-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer" WERROR=1
TSAN := BUILD=build/tsan OPT="-O1 -g1" SAN="-fsanitize=thread" WERROR=1
FUZZ_SECONDS ?= 60
TORTURE ?= --kills 500
CLUSTER_UNITS := bus bus_servers kv nodes record copy_message tokens_shared trunk crossing

.PHONY: deb dist packagers all help deps run demo test test-cluster one hooks coverage unit corpus lint format fuzz torture attack model bench peers macos install uninstall clean
.DELETE_ON_ERROR:
.SECONDARY:
COMPLETIONS := $(addprefix $(BUILD)/completions/,creel.bash _creel creel.fish)
all: $(BUILD)/creel $(BUILD)/creel-relay $(COMPLETIONS)

help:
	@echo "make run        install what is missing, build, and open a tunnel on this machine (Ctrl-C ends it)"
	@echo "make demo       send one signed webhook through and print its record"
	@echo "make test       all tests under ASan and UBSan"
	@echo "make test-cluster  several relays as one, with faults; FAULTS=12 is short"
	@echo "make one T=...  one of them: T=filter (unit), T=spool.test.mjs (end to end)"
	@echo "make            build build/release/creel and creel-relay"
	@echo "make lint | format | hooks | coverage | compile_commands.json | fuzz | torture | attack | model | bench | peers | neighbours | install | uninstall | clean"
	@echo "make macos      compile and link for macOS by a cross-compiler (80 MB to download, so not in make test)"

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CFLAGS_ALL) -c $< -o $@

$(BUILD)/shared/readers/pixels_jpeg.o: CFLAGS_ALL += $(if $(JPEG),-DCREEL_JPEG $(shell $(PKG_CONFIG) --cflags $(JPEG) | sed 's/-I/-isystem /g'))
$(BUILD)/shared/readers/pixels_webp.o: CFLAGS_ALL += $(if $(WEBP),-DCREEL_WEBP $(shell $(PKG_CONFIG) --cflags $(WEBP) | sed 's/-I/-isystem /g'))

# shared/store.sql is documentation and schema at once; it is compiled in as a string.
$(BUILD)/shared/store_schema.c: shared/store.sql
	@mkdir -p $(@D)
	$(Q){ printf 'extern const char store_schema_sql[];\nconst char store_schema_sql[] =\n'; \
	  sed 's/\\/\\\\/g; s/"/\\"/g; s/^/"/; s/$$/\\n"/' $<; printf ';\n'; } > $@
$(BUILD)/shared/store_schema.o: $(BUILD)/shared/store_schema.c
	$(call say,CC,$<)
	$(Q)$(CC) $(CFLAGS_ALL) -c $< -o $@

# The samples of `creel trigger` as well.
$(BUILD)/client/samples_built_in.c: $(sort $(wildcard client/samples/*.http) $(wildcard client/samples/events/*)) | client/trigger/samples.h client/trigger/event_names.h
	@mkdir -p $(@D)
	$(Q){ printf '#include "client/trigger/event_names.h"\n#include "client/trigger/samples.h"\nconst struct event_names event_names_built_in[] = {\n'; \
	  for f in $(sort $(wildcard client/samples/events/*)); do printf '{ "%s",\n' "$${f##*/}"; sed 's/^/"/; s/$$/\\n"/' $$f; printf '},\n'; done; \
	  printf '{ 0, 0 } };\nconst struct sample samples_built_in[] = {\n'; \
	  for f in $(sort $(wildcard client/samples/*.http)); do name=$${f##*/}; printf '{ "%s",\n' "$${name%.http}"; \
	  sed 's/\\/\\\\/g; s/"/\\"/g; s/^/"/; s/$$/\\n"/' $$f; printf '},\n'; done; printf '{ 0, 0 } };\n'; } > $@
$(BUILD)/client/samples_built_in.o: $(BUILD)/client/samples_built_in.c
	$(call say,CC,$<)
	$(Q)$(CC) $(CFLAGS_ALL) -c $< -o $@

# And the files of the page.
$(BUILD)/client/web_files.c: $(sort $(wildcard client/web/page/*)) client/web/openapi.json client/web_server/web_assets.h
	@mkdir -p $(@D)
	$(Q){ printf '#include "client/web_server/web_assets.h"\n'; n=0; \
	  for f in $(filter-out %.h,$^); do n=$$((n + 1)); printf 'static const uint8_t packed_%d[] = {\n' $$n; \
	  gzip -9nc $$f | od -An -v -tx1 | sed 's/ *\([0-9a-f][0-9a-f]\)/0x\1,/g'; printf '};\n'; done; \
	  printf 'const struct web_file web_files[] = {\n'; n=0; \
	  for f in $(filter-out %.h,$^); do n=$$((n + 1)); printf '{ "%s", { packed_%d, sizeof packed_%d },\n' "$${f##*/}" $$n $$n; \
	  sed 's/[\\"?]/\\&/g; s/^/"/; s/$$/\\n"/' $$f; printf '},\n'; done; printf '{ 0, { 0, 0 }, 0 } };\n'; } > $@
$(BUILD)/client/web_files.o: $(BUILD)/client/web_files.c
	$(call say,CC,$<)
	$(Q)$(CC) $(CFLAGS_ALL) -c $< -o $@

$(BUILD)/shared.a: $(SHARED_OBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^
$(BUILD)/client.a: $(CLIENT_OBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^
$(BUILD)/tui.a: $(TUI_OBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^
$(BUILD)/relay.a: $(RELAY_OBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/creel: $(BUILD)/client/main.o $(BUILD)/client.a $(BUILD)/tui.a $(BUILD)/shared.a
	$(call say,LINK,$@)
	$(Q)$(CC) -o $@ $^ $(LDFLAGS_ALL) $(LIBS_MALLOC) $(LIBS_CLIENT) $(LIBS_TUI)
$(BUILD)/creel-relay: $(BUILD)/relay/main.o $(BUILD)/relay.a $(BUILD)/shared.a
	$(call say,LINK,$@)
	$(Q)$(CC) -o $@ $^ $(LDFLAGS_ALL) $(LIBS_MALLOC) $(LIBS_RELAY)

# Completions say what --help says.
$(COMPLETIONS): $(BUILD)/creel $(wildcard client/completions/*)
	@mkdir -p $(@D)
	$(Q)client/completions/generate.sh $(BUILD)/creel $(if $(findstring _creel,$@),zsh,$(subst .,,$(suffix $@))) > $@

# Unit tests: those of client/ see the client's modules, of relay/ the relay's, of tui/ the inspector's, all see shared.
$(BUILD)/unit/client/test_%: $(BUILD)/tests/unit/client/test_%.o $(BUILD)/client.a $(BUILD)/tui.a $(BUILD)/shared.a
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) -o $@ $^ $(LDFLAGS_ALL) $(LIBS_CLIENT) $(LIBS_TUI) -lcmocka
# Those that need it are skipped without NATS.
$(patsubst %,$(BUILD)/tests/unit/relay/test_%.o,bus kv nodes adoption lookups cluster_tokens): CFLAGS_ALL += $(NATS:%=-DCREEL_NATS)
$(BUILD)/unit/relay/test_%: $(BUILD)/tests/unit/relay/test_%.o $(BUILD)/relay.a $(BUILD)/shared.a
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) -o $@ $^ $(LDFLAGS_ALL) $(LIBS_RELAY) -lcmocka
$(BUILD)/unit/relay/test_powerloss: $(patsubst %.c,$(BUILD)/%.o,$(filter-out %/calls.c,$(wildcard tests/powerloss/*.c)))
$(BUILD)/unit/client/test_journal_powerloss: $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/powerloss/*.c))
ifneq ($(UNAME),Darwin)
$(BUILD)/unit/client/test_journal_powerloss: LDFLAGS_ALL += $(patsubst %,-Xlinker --wrap=%,open close unlink write pwrite pwritev fsync fdatasync)
endif
$(BUILD)/unit/tui/test_%: $(BUILD)/tests/unit/tui/test_%.o $(FAKE_SOURCE_OBJ) $(BUILD)/tui.a $(BUILD)/shared.a
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) -o $@ $^ $(LDFLAGS_ALL) $(LIBS_CORE) $(LIBS_TUI) -lcmocka
$(BUILD)/unit/shared/test_%: $(BUILD)/tests/unit/shared/test_%.o $(BUILD)/shared.a
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) -o $@ $^ $(LDFLAGS_ALL) $(LIBS_CORE) $(LIBS_IMAGES) -lcmocka
unit: $(UNIT_BIN)

# The inspector over deliveries in memory, for the tests in a real terminal.
$(BUILD)/tui-fake: $(BUILD)/tests/tools/tui_fake.o $(FAKE_SOURCE_OBJ) $(BUILD)/tui.a $(BUILD)/shared.a
	$(call say,LINK,$@)
	$(Q)$(CC) -o $@ $^ $(LDFLAGS_ALL) $(LIBS_CORE) $(LIBS_TUI)
# For the benches: a store of any size, and a terminal that measures what is drawn on it.
$(BUILD)/store-load: $(BUILD)/tests/tools/store_load.o $(BUILD)/shared.a
	$(call say,LINK,$@)
	$(Q)$(CC) -o $@ $^ $(LDFLAGS_ALL) $(LIBS_CORE)
$(BUILD)/tui-bench: $(BUILD)/tests/tools/tui_bench.o $(BUILD)/tests/tools/bench_screen.o
	$(call say,LINK,$@)
	$(Q)$(CC) -o $@ $^ $(LDFLAGS_ALL) -lutil
# A program in a terminal whose every byte is looked at.
$(BUILD)/pty-run: $(BUILD)/tests/tools/pty_run.o
	$(call say,LINK,$@)
	$(Q)$(CC) -o $@ $^ $(LDFLAGS_ALL) $(LIBS_PTY)
# Both programs without the exception that core_dumps.c makes for AddressSanitizer, for the tests of it.
$(BUILD)/undumpable/core_dumps.o: shared/program/core_dumps.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(CFLAGS_ALL) -fno-sanitize=all -c $< -o $@
$(BUILD)/undumpable/creel: $(BUILD)/undumpable/core_dumps.o $(BUILD)/client/main.o $(BUILD)/client.a $(BUILD)/tui.a $(BUILD)/shared.a
	$(call say,LINK,$@)
	$(Q)$(CC) -o $@ $^ $(LDFLAGS_ALL) $(LIBS_MALLOC) $(LIBS_CLIENT) $(LIBS_TUI)
$(BUILD)/undumpable/creel-relay: $(BUILD)/undumpable/core_dumps.o $(BUILD)/relay/main.o $(BUILD)/relay.a $(BUILD)/shared.a
	$(call say,LINK,$@)
	$(Q)$(CC) -o $@ $^ $(LDFLAGS_ALL) $(LIBS_MALLOC) $(LIBS_RELAY)
$(BUILD)/sample-receiver: $(BUILD)/tests/tools/sample_receiver.o $(BUILD)/shared.a
	$(call say,LINK,$@)
	$(Q)$(CC) -o $@ $^ $(LDFLAGS_ALL) $(LIBS_RELAY)

# Each fuzz target's corpus as a plain regression test (no libFuzzer needed); `make fuzz` searches for more.
$(BUILD)/corpus/%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/tests/fuzz/corpus_main.o $(BUILD)/relay.a $(BUILD)/tui.a $(BUILD)/shared.a
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LDFLAGS_ALL) $(LIBS_RELAY) $(LIBS_IMAGES) $(LIBS_WSLAY)
corpus: $(FUZZ_NAMES:%=$(BUILD)/corpus/%)
$(BUILD)/fuzz/%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/relay.a $(BUILD)/tui.a $(BUILD)/shared.a
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LDFLAGS_ALL) -fsanitize=fuzzer $(LIBS_RELAY) $(LIBS_IMAGES) $(LIBS_WSLAY)
$(BUILD)/corpus/app $(BUILD)/fuzz/app: LIBS_RELAY += $(LIBS_CLIENT)
$(BUILD)/corpus/app $(BUILD)/fuzz/app: $(patsubst %.c,$(BUILD)/%.o,$(filter-out %/post.c %/curl_loop.c %/curl_reason.c,$(wildcard client/app/*.c client/reason/*.c client/common/*.c)))
$(BUILD)/corpus/insomnia $(BUILD)/fuzz/insomnia: LIBS_RELAY += $(shell $(PKG_CONFIG) --libs yaml-0.1)
$(BUILD)/corpus/ws_frames $(BUILD)/fuzz/ws_frames: $(BUILD)/client/tunnel/tunnel_read.o
$(BUILD)/corpus/web $(BUILD)/fuzz/web: $(patsubst %,$(BUILD)/client/%.o,web_views/web_range web_server/web_guard web_server/web_door web_server/web_exchange)
$(BUILD)/corpus/mcp $(BUILD)/fuzz/mcp: $(patsubst %,$(BUILD)/client/mcp/%.o,mcp_message mcp_tools mcp_redact)
$(BUILD)/corpus/config $(BUILD)/fuzz/config: $(BUILD)/client/options/config.o
$(BUILD)/corpus/json_edit $(BUILD)/fuzz/json_edit: $(BUILD)/client/trigger/json_edit.o
$(BUILD)/corpus/answer $(BUILD)/fuzz/answer: $(patsubst %,$(BUILD)/client/%.o,origin/challenge origin/challenge_post origin/challenge_get signing/secrets)
# Node's HTTP parser, as another reader beside creel's own. Debian has its sources (node-llhttp), Homebrew the library.
LLHTTP ?= /usr/share/llhttp
$(BUILD)/llhttp/%.o: $(LLHTTP)/%.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) -O1 -g -w $(SAN) -DLLHTTP_STRICT_MODE=1 -I$(LLHTTP)/../include/llhttp -c $< -o $@
$(BUILD)/corpus/http1 $(BUILD)/fuzz/http1: $(if $(wildcard $(LLHTTP)/llhttp.c),$(patsubst %,$(BUILD)/llhttp/%.o,api http llhttp))
$(BUILD)/tests/fuzz/fuzz_http1.o: CFLAGS_ALL += -isystem $(LLHTTP)/../include
$(BUILD)/corpus/http1 $(BUILD)/fuzz/http1: LIBS_RELAY += $(if $(wildcard $(LLHTTP)/llhttp.c),,-lllhttp)
fuzz-targets: $(FUZZ_NAMES:%=$(BUILD)/fuzz/%)

deps:
	@.ci/deps build
run:
	@.ci/deps build demo
	@$(MAKE) $(PARALLEL) --no-print-directory all $(BUILD)/sample-receiver
	@tests/demo/run.sh $(BUILD)
demo:
	@.ci/deps build demo
	@$(MAKE) $(PARALLEL) --no-print-directory all $(BUILD)/sample-receiver
	@tests/demo/demo.sh $(BUILD)

test:
	@.ci/deps build test
	@tests/e2e/packages.sh
	@echo "Building with AddressSanitizer and UndefinedBehaviorSanitizer, then parts of it with ThreadSanitizer."
	@$(MAKE) $(PARALLEL) --no-print-directory $(ASAN) all unit corpus build/asan/sample-receiver build/asan/tui-fake build/asan/tui-bench build/asan/pty-run build/asan/undumpable/creel build/asan/undumpable/creel-relay
	@$(MAKE) $(PARALLEL) --no-print-directory $(TSAN) $(patsubst %,build/tsan/unit/%,shared/test_bell shared/test_batch_writer client/test_inspect client/test_inspect_bounds client/test_recorder client/test_recorder_journal client/test_replayer relay/test_bus)
	@echo "Building as it is installed, to count what a delivery costs."
	@$(MAKE) $(PARALLEL) --no-print-directory BUILD=build/release all build/release/store-load
	@tests/run.sh build/asan build/tsan build/release

# One test: `make one T=filter` is tests/unit/*/test_filter.c (T=client/redact where two folders have one), `make one T=spool.test.mjs` that end-to-end file.
one: ONE = $(if $(findstring /,$(T)),$(wildcard tests/unit/$(dir $(T))test_$(notdir $(T)).c),$(wildcard tests/unit/*/test_$(T).c))
one:
	@[ -n "$(T)" ] || { echo "make one T=filter, or make one T=spool.test.mjs"; exit 2; }
	@.ci/deps build test
ifneq ($(findstring .test.mjs,$(T)),)
	@$(MAKE) $(PARALLEL) --no-print-directory $(ASAN) all build/asan/sample-receiver build/asan/tui-fake build/asan/tui-bench build/asan/pty-run
	@tests/e2e/run.sh $(T)
else
	@[ -n "$(ONE)" ] || { echo "make one: there is no tests/unit/*/test_$(T).c"; exit 2; }
	@$(MAKE) $(PARALLEL) --no-print-directory $(ASAN) $(patsubst tests/unit/%.c,build/asan/unit/%,$(ONE))
	@for t in $(patsubst tests/unit/%.c,build/asan/unit/%,$(ONE)); do $$t || exit 1; done
endif

# What the unit tests and corpora reach: a line a folder here, each line in build/coverage/index.html.
coverage:
	@.ci/deps build test coverage
	@$(MAKE) $(PARALLEL) --no-print-directory BUILD=build/coverage OPT="-O0 -g" SAN="--coverage -fprofile-update=atomic" all unit corpus
	@tests/coverage.sh build/coverage

# For editors and clang-tidy: how each file is compiled.
compile_commands.json:
	@$(MAKE) -Bn V=1 all unit | awk -v dir="$(CURDIR)" ' \
	  BEGIN { print "[" } \
	  / -c [^ ]+\.c -o / { file = $$0; sub(/.* -c /, "", file); sub(/ .*/, "", file); gsub(/["\\]/, "\\\\&"); \
	    printf "%s{\"directory\": \"%s\", \"file\": \"%s\", \"command\": \"%s\"}", n++ ? ",\n" : "", dir, file, $$0 } \
	  END { print "\n]" }' > $@
.PHONY: compile_commands.json

hooks:
	git config core.hooksPath .githooks

# Off in cppcheck 2.10: NULL is a pointer on POSIX; uthash's macros and out-parameters pass for uninitialised (clang-tidy looks).
lint:
	@.ci/deps build lint
	@tests/lint/includes.sh
	@tests/lint/circles.sh
	@tests/lint/names.sh
	clang-format --dry-run -Werror $(SOURCES)
	@tests/lint/tidy.sh $(JOBS) '-std=c11 -D_GNU_SOURCE -DCREEL_VERSION="\"lint\"" -I. $(PKG_CFLAGS)' $(filter-out tests/%,$(filter %.c,$(SOURCES)))
	cppcheck --quiet -j$(JOBS) --error-exitcode=1 --std=c11 --enable=warning,portability,performance --inline-suppr \
	  --suppress=missingIncludeSystem --suppress=unknownMacro --suppress=varFuncNullUB --suppress=uninitvar --suppress=ctuuninitvar -I. client relay shared tui
format:
	clang-format -i $(SOURCES)

fuzz:
	@.ci/deps build fuzz
	@$(MAKE) $(PARALLEL) --no-print-directory BUILD=build/fuzz CC=clang OPT="-O1 -g" HARDEN= LINK_HARDEN= \
	  SAN="-fsanitize=address,undefined -fsanitize=fuzzer-no-link -fno-sanitize-recover=undefined" fuzz-targets
	@for t in $(FUZZ_NAMES); do echo "fuzz $$t for $(FUZZ_SECONDS) s"; mkdir -p build/fuzz/new/$$t; \
	  build/fuzz/fuzz/$$t -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1 build/fuzz/new/$$t tests/fuzz/corpus/$$t \
	  $$(test -d tests/fuzz/regress/$$t && echo tests/fuzz/regress/$$t) 2>&1 | tail -n 8 || exit 1; done

# Several relays as one, the long form, about 50 minutes: as root each program is on a machine of its own that can be cut off
# (tests/cluster/README.md). FAULTS=12 makes the torture short, SEED=7 makes its choice again, CLUSTER="exact.test.mjs" names
# files, BUILD=build/tsan or build/release other programs than those with ASan.
CLUSTER_FLAGS = $(if $(filter command,$(origin BUILD)),$(if $(filter build/tsan,$(BUILD)),$(TSAN),$(if $(filter-out build/asan,$(BUILD)),BUILD=$(BUILD),$(ASAN))),$(ASAN))
CLUSTER_BUILD = $(patsubst BUILD=%,%,$(filter BUILD=%,$(CLUSTER_FLAGS)))
FAULTS ?= 200
test-cluster:
	@.ci/deps build test cluster
	@tests/e2e/packages.sh
	@$(MAKE) $(PARALLEL) --no-print-directory $(CLUSTER_FLAGS) all $(patsubst %,$(CLUSTER_BUILD)/unit/relay/test_%,$(CLUSTER_UNITS))
	@for t in $(CLUSTER_UNITS); do CREEL_TEST_CLUSTER=1 $(CLUSTER_BUILD)/unit/relay/test_$$t || exit 1; done
	@CREEL_BIN_DIR=$(CLUSTER_BUILD) FAULTS=$(FAULTS) SEED=$(SEED) tests/cluster/run.sh $(CLUSTER)

# The long form, about 20 minutes; TORTURE="--kills 50 --seed 7" for another (tests/torture/torture.mjs).
torture:
	@.ci/deps build test
	@$(MAKE) --no-print-directory all
	@node tests/torture/torture.mjs --bin $(BUILD) $(TORTURE)

bench:
	@.ci/deps build test bench
	@$(MAKE) $(PARALLEL) --no-print-directory all $(BUILD)/store-load $(BUILD)/tui-bench $(BUILD)/tui-fake
	@tests/bench/bench.sh $(BUILD)
	@tests/bench/instructions.sh $(BUILD)
	@tests/bench/calls.sh $(BUILD)
	@tests/bench/spool.sh $(BUILD)
	@tests/e2e/packages.sh
	@node tests/bench/tunnels.mjs $(BUILD)
	@ulimit -n 20000 && node tests/bench/memory.mjs $(BUILD)
	@node tests/bench/web.mjs $(BUILD)
	@node tests/bench/pages.mjs $(BUILD)
	@node tests/bench/beside.mjs $(BUILD)
	@node tests/bench/seen.mjs $(BUILD)
	@tests/bench/inspector.sh $(BUILD)
	@ulimit -n $$(ulimit -Hn) && node tests/bench/cluster.mjs $(BUILD)

# Beside whatever of chisel, frp and OpenSSH is installed, on the same work.
peers:
	@.ci/deps build bench
	@$(MAKE) $(PARALLEL) --no-print-directory all
	@tests/bench/peers.sh $(BUILD)

# What is done to the relay's port, at full size against the release build, alone on the machine: about ten minutes.
attack:
	@.ci/deps build test attack
	@tests/e2e/packages.sh
	@$(MAKE) $(PARALLEL) --no-print-directory all $(BUILD)/sample-receiver
	@ulimit -n 20000 && CREEL_ATTACK=1 CREEL_BIN_DIR="$(CURDIR)/$(BUILD)" sh -c 'for t in floods slow_http reconnect_storm testssl; do tests/e2e/run.sh $$t.test.mjs || exit 1; done'

# Every state of a model of PROTOCOL.md §3 and §4: about two minutes and 1.4 GB.
model:
	@.ci/deps model
	@CC="$(CC)" tests/model/run.sh build/model

# Client and relay of the newest tag, or of OLD=REVISION, with those of today.
OLD ?=
neighbours:
	@.ci/deps build test
	@$(MAKE) $(PARALLEL) --no-print-directory all
	@tests/neighbours.sh $(BUILD) $(OLD)
.PHONY: neighbours

# A cross-compiler of 80 MB to download and 400 to unpack, so apart from `make test`. Nothing is run.
macos:
	@.ci/deps build
	@tests/macos/build.sh build/macos

# dist/creel_VERSION_ARCH.deb and dist/creel-relay_VERSION_ARCH.deb, on Debian, of what git tracks.
deb:
	@.ci/deps build deb
	@.packaging/deb.sh $(VERSION)

# dist/creel-VERSION-linux-x86_64.tar.gz and -linux-arm64.tar.gz: static programs for any Linux, on Debian on x86-64. The
# libraries take some ten minutes and are kept; ARCHES=x86_64 makes the one alone. Each archive is tried (arm64 under qemu).
ARCHES ?= x86_64 arm64
dist:
	@.ci/deps dist
	@.packaging/dist/dist.sh $(VERSION) $(ARCHES)
	@for arch in $(ARCHES); do .packaging/dist/try.sh dist/creel-$(VERSION)-linux-$$arch.tar.gz || exit 1; done

# dist/creel-VERSION.tar.gz and, naming it, a Homebrew formula, a PKGBUILD and a Nix derivation:
# make packagers URL=https://where.it/will/be
packagers:
	@[ -n "$(URL)" ] || { echo "make packagers URL=https://..., the folder where creel-$(VERSION).tar.gz will be found"; exit 2; }
	@.packaging/fill.sh $(VERSION) "$(URL)"

# All that a release stands on, and then its tag. Before it: VERSION above, the man pages' heads, openapi.json and CHANGELOG.md, committed.
RELEASE_STEPS ?= lint test neighbours deb dist
release:
	@[ -z "$$(git status --porcelain)" ] || { echo "make release: commit everything first"; exit 2; }
	@! git rev-parse -q --verify refs/tags/v$(VERSION) >/dev/null || { echo "make release: v$(VERSION) is tagged already; set VERSION"; exit 2; }
	@for page in client/creel.1 shared/creel-protocol.7 relay/creel-relay.8; do grep -q '"creel $(VERSION)"' $$page || { echo "make release: $$page is of another version"; exit 2; }; done
	@grep -q '"title": "creel web", "version": "$(VERSION)"' client/web/openapi.json || { echo "make release: client/web/openapi.json is of another version"; exit 2; }
	@grep -qx '## $(VERSION)' .github/CHANGELOG.md || { echo "make release: .github/CHANGELOG.md has no line '## $(VERSION)'"; exit 2; }
	@for step in $(RELEASE_STEPS); do E2E_LEAKS=all $(MAKE) --no-print-directory $$step || exit 1; done
	@[ -z "$$(git status --porcelain)" ] || { echo "make release: a step changed what git tracks; nothing was tagged"; exit 1; }
	git tag -a -m "creel $(VERSION)" v$(VERSION)
.PHONY: release

SHARE = $(DESTDIR)$(PREFIX)/share
UNITS = $(DESTDIR)$(PREFIX)/lib/systemd/system
# The program as a word of the unit, quoted where it has to be; then as sed takes it in a word's place.
RELAY_IN_UNIT = printf '%s/bin/creel-relay\n' '$(PREFIX)' | sed 's/%/%%/g; \,[^A-Za-z0-9/._+%-], { s/[\\"]/\\&/g; s/.*/"&"/; }; s/[\\&|]/\\&/g'
install: all
	install -d "$(DESTDIR)$(PREFIX)/bin" "$(SHARE)/man/man1" "$(SHARE)/man/man7" "$(SHARE)/man/man8" "$(UNITS)" \
	  "$(SHARE)/bash-completion/completions" "$(SHARE)/zsh/site-functions" "$(SHARE)/fish/vendor_completions.d"
	install -m 755 $(BUILD)/creel $(BUILD)/creel-relay "$(DESTDIR)$(PREFIX)/bin"
	install -m 644 client/creel.1 "$(SHARE)/man/man1"
	install -m 644 shared/creel-protocol.7 "$(SHARE)/man/man7"
	install -m 644 relay/creel-relay.8 "$(SHARE)/man/man8"
	install -m 644 $(BUILD)/completions/creel.bash "$(SHARE)/bash-completion/completions/creel"
	install -m 644 $(BUILD)/completions/_creel "$(SHARE)/zsh/site-functions"
	install -m 644 $(BUILD)/completions/creel.fish "$(SHARE)/fish/vendor_completions.d"
	sed "s|@PREFIX@/bin/creel-relay|$$($(RELAY_IN_UNIT))|g" relay/creel-relay.service >"$(UNITS)/creel-relay.service"
uninstall:
	rm -f "$(DESTDIR)$(PREFIX)/bin/creel" "$(DESTDIR)$(PREFIX)/bin/creel-relay" "$(SHARE)/man/man1/creel.1" \
	  "$(SHARE)/man/man7/creel-protocol.7" "$(SHARE)/man/man8/creel-relay.8" "$(SHARE)/bash-completion/completions/creel" \
	  "$(SHARE)/zsh/site-functions/_creel" "$(SHARE)/fish/vendor_completions.d/creel.fish" "$(UNITS)/creel-relay.service"

clean:
	rm -rf build

-include $(wildcard $(BUILD)/*/*.d $(BUILD)/*/*/*.d $(BUILD)/*/*/*/*.d)
.PHONY: fuzz-targets
