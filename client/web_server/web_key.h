/* The secret by which the page's server knows its user: 256 bits in web.key beside the store, 0600. Any thread. */
#pragma once

#include "shared/base/bytes.h"
#include "shared/base/error.h"

#define WEB_KEY_LEN 64 /* hexadecimal digits */

struct web_key {
	char token[WEB_KEY_LEN + 1];
	char cookie[WEB_KEY_LEN + 1]; /* HMAC-SHA256 of "cookie" under it: the token itself is in no cookie */
};

/* Reads the key, or makes a new one when it is missing or `anew` asks for one. EXIT_STORE; a file that others may read
 * is refused. */
MUST_CHECK bool web_key_load(const char *db, bool anew, struct web_key *out, struct error *e);
void web_key_wipe(struct web_key *k);
/* In constant time. */
bool web_key_same(const char *secret, const char *given);
