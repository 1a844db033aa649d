/* What a request says of its signature: the signatures, the time and the id that were signed with it. Inside of
 * shared/signature. Pure. */
#pragma once

#include "shared/signature/key.h"

#define CLAIM_MOST 100 /* DocuSign sends as many as there are keys */
#define CLAIM_TEXTS 5

/* Views are of the request, or of `texts` and `payload`. */
struct claim {
	const struct signature_provider *scheme; /* the row of the form that it is in */
	size_t item;                             /* which member of the list in the body, where each is signed */
	struct bytes signatures[CLAIM_MOST];     /* as text; one that holds is enough */
	bool is_public[CLAIM_MOST];              /* v1a */
	size_t count;
	struct bytes time, id, names;
	int64_t time_s, expires_s, begins_s;
	bool has_time, has_expiry, has_begin;
	struct bytes token;    /* what of a token is signed */
	struct buffer payload; /* its claims, JSON */
	struct buffer issuer;  /* of the token that is signed again */
	struct buffer kid;     /* the id of the key that a token names */
	struct buffer texts[CLAIM_TEXTS];
	size_t text_count;
	enum signature_reason reason; /* when it could not be read */
	char text[200];
};

/* False: claim->reason and text. claim_free in any case. */
MUST_CHECK bool claim_read(const struct signature_provider *p, const struct signature_input *in, size_t item,
			   struct claim *c);
/* One more signature; beyond CLAIM_MOST they do not count. */
void claim_add(struct claim *c, struct bytes signature, bool is_public);
void claim_free(struct claim *c);
/* Fills reason and text, and returns false. */
bool claim_fail(struct claim *c, enum signature_reason reason, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A time in that unit, in seconds since 1970. */
bool claim_read_time(enum time_unit unit, struct bytes text, int64_t *seconds);
/* Whether one of its signatures is right for that content. */
bool claim_holds(const struct claim *c, const struct secret_key *k, struct bytes content);
