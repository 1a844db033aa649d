/* What a request says of its signature: the signatures, the time and the id that were signed with it. Inside of
 * shared/signature. Pure. */
#pragma once

#include "shared/signature/key.h"

#define CLAIM_MOST 16

/* Views are of the request, or of `own`. */
struct claim {
	const struct signature_provider *scheme; /* the row itself or its `also` */
	struct bytes signatures[CLAIM_MOST];     /* as text; one that holds is enough */
	bool is_public[CLAIM_MOST];              /* v1a */
	size_t count;
	struct bytes time, id;
	int64_t time_s;
	bool has_time;
	struct buffer own;
	enum signature_reason reason; /* when it could not be read */
	char text[200];
};

/* False: claim->reason and text. claim_free in any case. */
MUST_CHECK bool claim_read(const struct signature_provider *p, const struct signature_input *in, struct claim *c);
void claim_free(struct claim *c);
/* Fills reason and text, and returns false. */
bool claim_fail(struct claim *c, enum signature_reason reason, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A time in that unit, in seconds since 1970. */
bool claim_read_time(enum time_unit unit, struct bytes text, int64_t *seconds);
/* Whether one of its signatures is right for that content. */
bool claim_holds(const struct claim *c, const struct secret_key *k, struct bytes content);
