/* What a certificate authority must find here as proof that the names are ours, while it checks: http-01 (RFC 8555
 * §8.3) as a text at a path, tls-alpn-01 (RFC 8737) as a certificate for a name. Loop thread. */
#pragma once

#include <openssl/ssl.h>

#include "shared/base/bytes.h"

#define CHALLENGE_PATH "/.well-known/acme-challenge/"
#define CHALLENGE_ALPN "acme-tls/1"

enum challenge_kind { CHALLENGE_HTTP, CHALLENGE_ALPN_CERT };

struct challenges;

/* NULL: out of memory. */
struct challenges *challenges_new(void);
void challenges_free(struct challenges *all);
/* `key`: the token, or the name in lower case; `value`: what is to be answered there, for a certificate the SHA-256 in
 * base64url. Replaces one of the same key. False when there are too many, out of memory, or for a key or value that
 * cannot be one. */
MUST_CHECK bool challenges_put(struct challenges *all, enum challenge_kind kind, const char *key, const char *value);
void challenges_remove(struct challenges *all, enum challenge_kind kind, const char *key);
/* What to answer to a request for `target`; empty: nothing of ours. `all` may be NULL. Valid until the next call. */
struct bytes challenges_answer(const struct challenges *all, struct bytes target);
/* For connections that offer CHALLENGE_ALPN; NULL while no certificate is to be shown. The caller does not free it. */
SSL_CTX *challenges_tls(const struct challenges *all);
