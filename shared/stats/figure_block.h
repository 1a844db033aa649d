/* What statistics need of up to 4096 deliveries, as columns: when, how it went, how long, how large, and whose. As
 * bytes it is what the store keeps of deliveries that are over (table figures in shared/store.sql), so that a million
 * of them are added up without reading their rows. Pure; a struct figure_block belongs to one thread. */
#pragma once

#include "shared/base/buffer.h"

#define FIGURE_BLOCK_ROWS 4096
#define FIGURE_NAME_MOST 200 /* bytes of a name; the rest is cut off */
#define FIGURE_NO_TIME UINT32_MAX

enum figure_outcome {
	FIGURE_WAITING, /* or held: not over */
	FIGURE_2XX,     /* 1xx, too */
	FIGURE_3XX,
	FIGURE_4XX,
	FIGURE_5XX,
	FIGURE_NO_ANSWER,
	FIGURE_TIMED_OUT,
	FIGURE_OUTCOMES
};
enum figure_name { FIGURE_PROVIDER, FIGURE_EVENT, FIGURE_PATH, FIGURE_NAMES };

/* Each name once, in order of their first appearance. */
struct figure_names {
	struct buffer text;
	uint32_t ends[FIGURE_BLOCK_ROWS]; /* in text */
	size_t count;
	uint16_t slots[2 * FIGURE_BLOCK_ROWS]; /* by hash, a name's number + 1; used while rows are added */
};

struct figure_block {
	size_t count;
	int64_t ids[FIGURE_BLOCK_ROWS];
	uint32_t at_s[FIGURE_BLOCK_ROWS];    /* received; seconds since 1970 */
	uint32_t took_us[FIGURE_BLOCK_ROWS]; /* FIGURE_NO_TIME: it was not called */
	uint32_t bytes[FIGURE_BLOCK_ROWS];   /* of the request's body; UINT32_MAX: that or more */
	uint16_t status[FIGURE_BLOCK_ROWS];
	uint8_t outcome[FIGURE_BLOCK_ROWS]; /* enum figure_outcome */
	uint8_t bad[FIGURE_BLOCK_ROWS];     /* 1: its signature does not hold */
	uint16_t name[FIGURE_NAMES][FIGURE_BLOCK_ROWS];
	struct figure_names names[FIGURE_NAMES];
};

/* One delivery. */
struct figure {
	int64_t id;
	uint64_t received_at_us;
	enum figure_outcome outcome;
	int status;
	int64_t took_us; /* -1: it was not called */
	uint64_t bytes;
	bool bad;
	struct bytes names[FIGURE_NAMES];
};

/* Empty; NULL when out of memory. */
struct figure_block *figure_block_new(void);
void figure_block_free(struct figure_block *b);
void figure_block_clear(struct figure_block *b);
/* False when it is full, or out of memory. */
MUST_CHECK bool figure_block_add(struct figure_block *b, const struct figure *f);
/* Leaves out the rows for whose names `fits` says no. It is asked once for names that stand side by side often; `used`
 * has a bit for each name that it looks at. False, and nothing is left out: a name is cut off, which cannot be judged.
 */
MUST_CHECK bool figure_block_narrow(struct figure_block *b, unsigned used,
				    bool (*fits)(void *user, const struct bytes names[FIGURE_NAMES]), void *user);
struct bytes figure_block_name(const struct figure_block *b, enum figure_name which, size_t number);

/* Appends the block's bytes; every id is one of the FIGURE_BLOCK_ROWS from `first` on, ascending. */
MUST_CHECK bool figure_block_encode(const struct figure_block *b, int64_t first, struct buffer *out);
/* False when they are not such bytes, of a newer creel for example. */
MUST_CHECK bool figure_block_decode(struct figure_block *b, int64_t first, struct bytes from);
/* When the earliest and the latest of them were received. */
void figure_block_span(const struct figure_block *b, uint32_t *earliest_s, uint32_t *latest_s);
