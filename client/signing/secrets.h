/* Secrets of webhook providers, as commands are given them: "github=@FILE" (listen, replay --resign), or "@FILE" alone
 * where the provider is known otherwise (verify, trigger). Wiped when freed; never printed. Loop thread. */
#pragma once

#include "shared/program/options.h"
#include "shared/program/secret_gate.h"
#include "shared/signature/signature.h"

struct secret {
	const struct signature_provider *provider; /* NULL: for whichever it is */
	char *text;
};

struct secrets {
	struct secret *at;
	size_t count;
};

/* Reads them all; `need_provider`: every one names its own. EXIT_USAGE: an unknown provider, a file that cannot be
 * read, a value that is no secret of that provider. What was read is freed by secrets_free in any case. */
MUST_CHECK bool secrets_read(const struct option_values *specs, bool need_provider, struct secrets *out,
			     struct error *e);
void secrets_free(struct secrets *s);
/* Without that of CREEL_SECRET, which names no provider. */
void secrets_drop_environment(struct secrets *s);
/* Tells the gate of them. */
void secrets_hide(const struct secrets *s, struct secret_gate *gate);
/* The next secret for that provider from *at on: its own before those for any, or NULL. */
const struct secret *secrets_next(const struct secrets *s, const struct signature_provider *p, size_t *at);

/* Whose they are, names with blanks between them, appended: never a secret. */
MUST_CHECK bool secrets_names(const struct secrets *s, struct buffer *out);
