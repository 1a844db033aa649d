# creel: see README.md. `make run`, `make test`, `make help`.
BUILD ?= build/release
PREFIX ?= /usr/local
DESTDIR ?=
CC ?= cc
PKGS_CORE := libuv openssl sqlite3 libutf8proc inih jansson libwebsockets
PKGS_CLIENT := libcurl
PKGS_RELAY := libmicrohttpd gnutls
PKG_CONFIG ?= pkg-config
VERSION := 0.1.0

WARN := -Wall -Wextra -Wshadow -Wconversion -Wvla -Wstrict-prototypes -Wmissing-prototypes -Wformat=2
ifneq ($(CI)$(WERROR),)
WARN += -Werror
endif
OPT ?= -O2 -g -D_FORTIFY_SOURCE=2
HARDEN := -fstack-protector-strong -fPIE
PKG_CFLAGS = $(shell $(PKG_CONFIG) --cflags $(PKGS_CORE) $(PKGS_CLIENT) $(PKGS_RELAY) 2>/dev/null | sed 's/-I/-isystem /g')
CFLAGS_ALL = -std=c11 -D_GNU_SOURCE -DCREEL_VERSION='"$(VERSION)"' -I. $(PKG_CFLAGS) $(WARN) $(OPT) $(HARDEN) $(SAN) $(CFLAGS) -MMD -MP
UNAME := $(shell uname -s)
ifeq ($(UNAME),Linux)
LINK_HARDEN := -pie -Wl,-z,relro,-z,now
endif
LDFLAGS_ALL = $(LINK_HARDEN) $(SAN) $(LDFLAGS) -pthread
LIBS_CORE = $(shell $(PKG_CONFIG) --libs $(PKGS_CORE))
LIBS_CLIENT = $(shell $(PKG_CONFIG) --libs $(PKGS_CLIENT)) $(LIBS_CORE)
LIBS_RELAY = $(shell $(PKG_CONFIG) --libs $(PKGS_RELAY)) $(LIBS_CORE)

SHARED_OBJ := $(patsubst %.c,$(BUILD)/%.o,$(wildcard shared/*.c)) $(BUILD)/shared/store_schema.o
CLIENT_OBJ := $(patsubst %.c,$(BUILD)/%.o,$(filter-out client/main.c,$(wildcard client/*.c)))
RELAY_OBJ := $(patsubst %.c,$(BUILD)/%.o,$(filter-out relay/main.c,$(wildcard relay/*.c)))
UNIT_BIN := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/test_*.c))

.PHONY: all clean unit
.DELETE_ON_ERROR:
all: $(BUILD)/creel $(BUILD)/creel-relay

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -c $< -o $@

# shared/store.sql is documentation and schema at once; it is compiled in as a string.
$(BUILD)/shared/store_schema.c: shared/store.sql
	@mkdir -p $(@D)
	{ printf 'extern const char store_schema_sql[];\nconst char store_schema_sql[] =\n'; \
	  sed 's/\\/\\\\/g; s/"/\\"/g; s/^/"/; s/$$/\\n"/' $<; printf ';\n'; } > $@
$(BUILD)/shared/store_schema.o: $(BUILD)/shared/store_schema.c
	$(CC) $(CFLAGS_ALL) -c $< -o $@

$(BUILD)/shared.a: $(SHARED_OBJ)
	rm -f $@ && ar rcs $@ $^
$(BUILD)/client.a: $(CLIENT_OBJ)
	rm -f $@ && ar rcs $@ $^
$(BUILD)/relay.a: $(RELAY_OBJ)
	rm -f $@ && ar rcs $@ $^

$(BUILD)/creel: $(BUILD)/client/main.o $(BUILD)/client.a $(BUILD)/shared.a
	$(CC) -o $@ $^ $(LDFLAGS_ALL) $(LIBS_CLIENT)
$(BUILD)/creel-relay: $(BUILD)/relay/main.o $(BUILD)/relay.a $(BUILD)/shared.a
	$(CC) -o $@ $^ $(LDFLAGS_ALL) $(LIBS_RELAY)

# Unit tests: test_client_* sees the client's modules, test_relay_* the relay's, all see shared.
$(BUILD)/unit/test_client_%: $(BUILD)/tests/unit/test_client_%.o $(BUILD)/client.a $(BUILD)/shared.a
	@mkdir -p $(@D)
	$(CC) -o $@ $^ $(LDFLAGS_ALL) $(LIBS_CLIENT) -lcmocka
$(BUILD)/unit/test_relay_%: $(BUILD)/tests/unit/test_relay_%.o $(BUILD)/relay.a $(BUILD)/shared.a
	@mkdir -p $(@D)
	$(CC) -o $@ $^ $(LDFLAGS_ALL) $(LIBS_RELAY) -lcmocka
$(BUILD)/unit/test_%: $(BUILD)/tests/unit/test_%.o $(BUILD)/shared.a
	@mkdir -p $(@D)
	$(CC) -o $@ $^ $(LDFLAGS_ALL) $(LIBS_CORE) -lcmocka
unit: $(UNIT_BIN)

clean:
	rm -rf build

-include $(wildcard $(BUILD)/*/*.d $(BUILD)/tests/*/*.d)
