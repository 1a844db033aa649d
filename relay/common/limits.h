/* The relay's limits, as limits.def lists them.
 *
 * A fixed limit is the constant LIMIT_ID; one that an option sets is a member of struct settings (relay.h). Code that
 * turns somebody away at a limit that is COUNTED must count it: relay->metrics.reached[REACHED_ID]++. `creel-relay
 * serve --limits`, /metrics and the tests read this table. Pure; any thread. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "relay/common/refusal.h"
#include "shared/base/bytes.h"
#include "shared/options/quantity.h"

/* Without --spool-max-total, the limit is what this many tunnels may have together. */
#define LIMITS_SPOOL_TUNNELS 16

/* The values of the fixed ones. */
enum {
#define FIXED(id, name, unit, value, refusal, counting, file, about, then) LIMIT_##id = (value),
#include "relay/common/limits.def"
};

/* The rows. */
enum limit {
#define SETTING(id, member, name, unit, preset, least, most, zero, refusal, counting, file, about, then) REACHED_##id,
#define FIXED(id, name, unit, value, refusal, counting, file, about, then) REACHED_##id,
#include "relay/common/limits.def"
	LIMITS_COUNT,
};

enum limit_unit { LIMIT_UNIT_COUNT, LIMIT_UNIT_BYTES, LIMIT_UNIT_MS, LIMIT_UNIT_SECONDS };

/* Where it is counted how often the limit was reached. */
enum limit_counting {
	LIMIT_UNCOUNTED,
	LIMIT_COUNTED,    /* metrics.reached */
	LIMIT_BY_REFUSAL, /* metrics.refused of its refusal */
};

struct limit_row {
	const char *name; /* of a setting, its option's */
	enum limit_unit unit;
	bool is_setting;
	size_t offset;        /* of a setting in struct settings */
	int64_t value;        /* of a fixed one */
	const char *preset;   /* a setting's default, as written on the command line; NULL: 0 */
	int64_t least, most;  /* of a setting; most 0: none */
	const char *zero;     /* what a setting of 0 means, or NULL */
	enum refusal refusal; /* the sender's answer, or REFUSE_NOTHING */
	enum limit_counting counting;
	const char *file;  /* where it bites */
	const char *about; /* what it bounds */
	const char *then;  /* what happens at it, beside the refusal; or "" */
};

struct relay;
struct settings;

/* Its row, for tests to compare. Lives as long as the program. */
const struct limit_row *limits_row(enum limit l);
/* In the row's unit. */
int64_t limits_value(enum limit l, const struct settings *s);
/* As options are written: "64MiB", "15s", "200". */
void limits_format(enum limit_unit unit, int64_t value, char out[QUANTITY_LEN]);
/* "413 body_too_large; the connection is closed" */
void limits_format_end(const struct limit_row *row, char *out, size_t size);
/* All as a table, with the values that these settings give them. */
void limits_print(FILE *out, const struct settings *s);
/* creel_relay_limit and creel_relay_limit_reached_total of each, as Prometheus reads them: bytes, seconds or a number.
 * False when out of memory. */
MUST_CHECK bool limits_append_metrics(struct buffer *out, const struct relay *relay);
