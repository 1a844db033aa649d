/* `listen --chaos SPEC`: what providers do to receivers in bad weather. This file decides: the same spec with the same
 * seed gives the n-th delivery the same fate. weather.c acts on it. Pure; any thread. */
#pragma once

#include "shared/base/buffer.h"
#include "shared/base/error.h"

enum chaos_kind {
	CHAOS_DELAY = 1,
	CHAOS_REORDER = 2,
	CHAOS_FAIL = 4,
	CHAOS_BADSIG = 8,
	CHAOS_DUPLICATE = 16,
};

struct chaos_spec {
	uint32_t duplicate, fail, badsig; /* of a million */
	int64_t delay_from_ms, delay_to_ms;
	uint32_t reorder; /* deliveries that may overtake one */
	int fail_status;
	bool seeded;
	uint64_t seed;
};

/* 'duplicate=5%,delay=200ms..2s,reorder=10,fail=10%:503,badsig=2%,seed=7', any of these; a random seed when none is
 * given. EXIT_USAGE, and the sentence names the part that is wrong. */
MUST_CHECK bool chaos_parse(const char *text, struct chaos_spec *out, struct error *e);

struct chaos_fate {
	int64_t delay_ms;
	uint32_t overtaken_by; /* so many later deliveries are called before it */
	bool duplicate, fail, badsig;
};

/* The fate of the delivery with this number, counted from 1 in the order of recording. What fails is not called, so it
 * is neither spoilt nor called twice. */
struct chaos_fate chaos_decide(const struct chaos_spec *spec, uint64_t number);

/* Writes what --chaos did into `text`: "delay,badsig". */
#define CHAOS_TEXT_LEN 48
void chaos_text(char text[CHAOS_TEXT_LEN], unsigned kinds);
/* The name of one: "delay", … */
const char *chaos_kind_name(enum chaos_kind kind);

/* Appends the block of header fields with one byte of each signature changed, so that it still looks like one. *spoilt:
 * there was a signature. False when out of memory. */
MUST_CHECK bool chaos_spoil_signature(struct bytes headers, struct buffer *out, bool *spoilt);
