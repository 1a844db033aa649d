/* The folder acme in the relay's data folder: uacme's account key, keys and certificates, and a certificate of the
 * relay's own until the first one is there. */
#pragma once

#include <time.h>

#include "shared/base/bytes.h"
#include "shared/base/error.h"
#include "shared/options/options.h"

struct acme_files {
	char *folder;             /* absolute */
	char *account;            /* the account's key */
	char *cert, *key;         /* uacme's, of the first name */
	char *own_cert, *own_key; /* self-signed */
};

/* Makes the folder (0700). False and *e. Call acme_files_free in either case. */
MUST_CHECK bool acme_files_open(struct acme_files *f, const char *data, const char *name, struct error *e);
void acme_files_free(struct acme_files *f);
/* When the certificate is due for renewal: when a third of its lifetime is left. 0: at once, because there is none, it
 * cannot be used, or it lacks one of the names. */
time_t acme_files_due(const struct acme_files *f, const struct option_values *names);
bool acme_files_has_account(const struct acme_files *f);
/* The end of the certificate's time as "2026-11-29T17:00:00Z"; "" without one. */
void acme_files_end(const struct acme_files *f, char out[32]);
