/* How providers sign webhooks: one table of schemes (signature_table.c), and what is done with it.
 *
 *    signature_recognise   who sent it, and which event, from fields and body alone
 *    signature_event_id    the id the provider gave it
 *    signature_check       does the signature hold: cheap, for every delivery that arrives
 *    signature_verify      the same, and when not, why, found by really trying what could have happened
 *    signature_sign        the fields that a provider would send
 *
 * Bytes are signed exactly as received; signatures are compared in constant time; OpenSSL does all cryptography. Pure:
 * the moment is an argument, nothing is read or kept. Any thread. */
#pragma once

#include "shared/base/buffer.h"
#include "shared/base/error.h"

struct signature_provider;

/* By its name or one it is also known by ("facebook" is meta); NULL: unknown. */
const struct signature_provider *signature_find(const char *name);
/* The i-th of the table, NULL after the last. */
const struct signature_provider *signature_at(size_t i);
const char *signature_name(const struct signature_provider *p);
/* Whether the URL is among what is signed. */
bool signature_needs_url(const struct signature_provider *p);
/* Whether both sign in the same way under different field names, as svix and standard do. */
bool signature_kin(const struct signature_provider *a, const struct signature_provider *b);
/* Whether a header field of that name is where a provider of the table puts its signature. */
bool signature_is_field(struct bytes name);
/* Sets EXIT_USAGE, naming the nearest spelling, or the list. */
bool signature_unknown(const char *name, struct error *e);

#define SIGNATURE_OWN_TOLERANCE ((int64_t)-1)

struct signature_input {
	struct bytes headers; /* headers.h block */
	struct bytes body;
	struct bytes method;
	struct bytes url;    /* whole, as the sender called it; empty: not known */
	struct bytes secret; /* as the provider shows it: text, "whsec_…", hex, base64 or PEM */
	int64_t at;          /* seconds since 1970 UTC: when it was received, or shall be signed */
	int64_t tolerance;   /* seconds; SIGNATURE_OWN_TOLERANCE: as the provider's libraries do; 0: any age */
};

enum signature_verdict { SIGNATURE_UNKNOWN, SIGNATURE_NONE, SIGNATURE_VALID, SIGNATURE_INVALID };
/* "unknown", "none", "valid", "invalid" */
const char *signature_verdict_name(enum signature_verdict v);

enum signature_reason {
	SIGNATURE_HOLDS,
	SIGNATURE_MISSING,   /* a field is not there */
	SIGNATURE_MALFORMED, /* a field is not of the form */
	SIGNATURE_OLD,       /* it holds, but its time is outside the tolerance */
	SIGNATURE_KEY,       /* the secret is none for this provider */
	SIGNATURE_URL,       /* the URL is not known, or another URL would have matched */
	SIGNATURE_SECRET,    /* the secret in another form would have matched */
	SIGNATURE_BODY,      /* another spelling of the body would have matched */
	SIGNATURE_PROVIDER,  /* it is another provider's */
	SIGNATURE_FORM,      /* the right signature, written in another way */
	SIGNATURE_MISMATCH,  /* nothing of the kind: another secret, or another body */
	SIGNATURE_NO_MEMORY,
	SIGNATURE_REDACTED, /* what it was made of is no longer there */
};
/* "holds", "missing", … for programs. */
const char *signature_reason_name(enum signature_reason r);

struct signature_result {
	enum signature_verdict verdict; /* VALID or INVALID; NONE when out of memory or so, that is: no answer */
	enum signature_reason reason;
	int64_t age; /* seconds at `at`, when the time is known; negative: in the future */
	bool has_age;
	char text[360]; /* one sentence without a full stop; printable, with no secret in it */
};

/* Only whether it holds: the reason is not looked for. */
enum signature_verdict signature_check(const struct signature_provider *p, const struct signature_input *in);
void signature_verify(const struct signature_provider *p, const struct signature_input *in,
		      struct signature_result *out);

/* Whether the secret is one for this provider, such as base64 after whsec_. EXIT_USAGE. */
MUST_CHECK bool signature_secret_fits(const struct signature_provider *p, struct bytes secret, struct error *e);

struct signature_sign_out {
	struct buffer headers; /* fields to be set in the place of those of the same name */
	struct buffer body;    /* in the place of the other one, if has_body */
	bool has_body;
};
/* As the provider would at in->at. Ids of in->headers are kept; where there are none they are made. For public key
 * schemes the secret is the private key (PEM; for Ed25519 the seed in hex or whsk_…). EXIT_USAGE. Freed by
 * signature_sign_free in any case. */
MUST_CHECK bool signature_sign(const struct signature_provider *p, const struct signature_input *in,
			       struct signature_sign_out *out, struct error *e);
void signature_sign_free(struct signature_sign_out *out);

struct signature_origin {
	const char *provider;                       /* a name, of the table or not, or NULL */
	const struct signature_provider *signature; /* NULL: none of the table, or unsure which of several */
	struct buffer event;                        /* empty: unknown */
	bool is_signed;                             /* carries what looks like a signature */
};
/* False when out of memory. The caller frees event. */
MUST_CHECK bool signature_recognise(struct bytes headers, struct bytes body, struct signature_origin *out);
/* Whether the delivery could be of this provider, going by the fields it signs with. */
bool signature_may_be(const struct signature_provider *p, struct bytes headers, struct bytes body);
/* When it was signed, as the sender says: seconds since 1970; `provider` as recorded. False: it does not say. */
bool signature_signed_at(struct bytes provider, struct bytes headers, struct bytes body, int64_t *seconds);
/* A signature whose time is outside of what the provider's libraries allow. */
struct signature_stale {
	const char *provider;
	int64_t age, limit; /* seconds; age negative: in the future */
};
#define SIGNATURE_STALE_LEN 160
/* Whether those libraries would refuse it at that moment for its age; `provider` as recorded. */
bool signature_is_stale(struct bytes provider, struct bytes headers, struct bytes body, int64_t at,
			struct signature_stale *out);
/* "signed 22m ago: stripe's libraries refuse after 5m" */
void signature_say_stale(const struct signature_stale *s, char out[SIGNATURE_STALE_LEN]);
/* How long the provider, as recorded, waits for an answer, in milliseconds. 0: not known. */
uint32_t signature_waits_ms(struct bytes provider);
/* What it does when there is none in time, as "3, after 1 min, 1 h and 6 h"; NULL: not known. */
const char *signature_waits_retries(struct bytes provider);
#define SIGNATURE_WAITS_LEN 200
/* A sentence for an answer that came later than it waits; false for others. */
bool signature_waits_say(struct bytes provider, uint64_t took_us, char out[SIGNATURE_WAITS_LEN]);
/* The id the sender gave the event (Stripe's evt_…, X-GitHub-Delivery, webhook-id, …), at most 200 bytes, of any kind.
 * `provider` as recorded; empty: not known. False: there is none, or no memory. */
bool signature_event_id(struct bytes provider, struct bytes headers, struct bytes body, struct buffer *out);
