/* How providers sign webhooks: one table of schemes (signature_table.c), and what is done with it.
 *
 *    signature_check       does the signature hold: cheap, for every delivery that arrives
 *
 * and in shared/providers, above this:
 *
 *    signature_verify      the same, and when not, why, found by really trying what could have happened
 *    signature_sign        the fields that a provider would send
 *    signature_recognise   who sent it, and which event, from fields and body alone
 *    signature_event_id    the id the provider gave it
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
#define SIGNATURE_SCHEME_SIZE 100
/* How it signs, and where: "HMAC-SHA256 in hex, Stripe-Signature". A provider may have other forms besides. */
void signature_scheme(const struct signature_provider *p, char out[SIGNATURE_SCHEME_SIZE]);
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
	/* signature_verify says here what it tries, a sentence's end of ours ("encoded in hex"), and whether the
	 * signature holds so; `why` not, as far as that is known. NULL: nobody asks. */
	void (*tried)(void *user, const char *what, bool holds, const char *why);
	void *tried_user;
	/* signature_verify asks before each further thing that it would try, and gives up when this says true; NULL:
	 * never. */
	bool (*stopped)(void *user);
	void *stopped_user;
};

enum signature_verdict { SIGNATURE_UNKNOWN, SIGNATURE_NONE, SIGNATURE_VALID, SIGNATURE_INVALID };
/* "unknown", "none", "valid", "invalid" */
const char *signature_verdict_name(enum signature_verdict v);

enum signature_reason {
	SIGNATURE_HOLDS,
	SIGNATURE_MISSING,   /* a field is not there */
	SIGNATURE_MALFORMED, /* a field is not of the form */
	SIGNATURE_OLD,       /* it holds, but its time is outside the tolerance */
	SIGNATURE_KEY,       /* it cannot be a secret of this provider */
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

/* Whether the secret is one for this provider, such as base64 after whsec_. EXIT_USAGE. */
MUST_CHECK bool signature_secret_fits(const struct signature_provider *p, struct bytes secret, struct error *e);
