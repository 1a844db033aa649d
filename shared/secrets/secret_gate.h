/* The gate that every sentence passes before a person, a log or the record gets it: it knows the secrets of this run
 * (tokens, secrets of providers, user and password of a proxy or a URL) and puts SECRET_HIDDEN in their place, however
 * they are spelled: as they are, percent-encoded or -decoded, in base64, alone or as the "user:password" of HTTP's
 * Basic, and also where a sentence holds a piece of one, cut off.
 *
 * It is a net under everything else, not an excuse: what is known to be secret is not put into a sentence at all. What
 * a delivery holds is the user's data and is not passed through it.
 *
 * Secrets of 8 bytes and more are hidden wherever they stand; those of 4 to 7 bytes as a whole word alone, since "pass"
 * must not make nonsense of "passed"; shorter ones only beside their user. Main owns the gate and fills it before
 * threads begin; from then on any thread may ask it. Out of memory it shows nothing at all. */
#pragma once

#include "shared/base/buffer.h"

#define SECRET_HIDDEN "[secret]"

struct secret_gate;

/* NULL when out of memory. Secrets are wiped when it is freed. */
struct secret_gate *secret_gate_new(void);
void secret_gate_free(struct secret_gate *g);

/* A token, a password, a secret; NULL, "" and what every token begins with ("whsec_") are ignored. */
void secret_gate_add(struct secret_gate *g, const char *secret);
/* Either may be NULL. A user that is a plain short word ("admin") is hidden beside the password only. */
void secret_gate_add_login(struct secret_gate *g, const char *user, const char *password);
/* The user and password of every URL in the text ("https://user:password@host/…"). Up to the last '@' before a blank,
 * for a password may hold one. */
void secret_gate_add_urls(struct secret_gate *g, const char *text);

/* What looks like a token of creel-relay, wherever it stands in the text: "creel_" and hexadecimal digits. */
void secret_gate_add_tokens(struct secret_gate *g, const char *text);

/* In place; what does not fit any more is cut off. A NULL gate changes nothing. */
void secret_gate_scrub(const struct secret_gate *g, char *text, size_t size);
/* The same, appended to `out`. */
MUST_CHECK bool secret_gate_put(const struct secret_gate *g, struct buffer *out, struct bytes text);
