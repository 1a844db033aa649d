/* Secrets of webhook providers as commands are given them: "github=@FILE" (listen, replay --resign), or "@FILE" alone
 * where the provider is known otherwise (verify, trigger). They are wiped when freed and never printed. Once read they
 * do not change, so any thread may use them. */
#pragma once

#include "shared/options/options.h"
#include "shared/secrets/secret_gate.h"
#include "shared/signature/signature.h"

struct secret {
	const struct signature_provider *provider; /* NULL: for any */
	char *text;
};

struct secrets {
	struct secret *at;
	size_t count;
};

/* Reads them all. With `need_provider` each must name its provider. EXIT_USAGE: an unknown provider, a file that cannot
 * be read, a value that cannot be a secret of that provider. secrets_free in any case. */
MUST_CHECK bool secrets_read(const struct option_values *specs, bool need_provider, struct secrets *out,
			     struct error *e);
void secrets_free(struct secrets *s);
/* Drops the secret from CREEL_SECRET, which names no provider. */
void secrets_drop_environment(struct secrets *s);
/* Tells the gate of them, so that no sentence contains one. */
void secrets_hide(const struct secrets *s, struct secret_gate *gate);
/* The next secret for that provider from *at (0 at first) on: its own first, then those for any; NULL at the end. */
const struct secret *secrets_next(const struct secrets *s, const struct signature_provider *p, size_t *at);

/* Appends the names of their providers, with blanks between them. False when out of memory. */
MUST_CHECK bool secrets_names(const struct secrets *s, struct buffer *out);
