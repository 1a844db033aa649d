/* The file of --cluster-credentials: one line user:password, or a file as `nsc` makes it (a JWT and a seed, which the
 * library reads itself). Any thread. */
#pragma once

#include "shared/base/bytes.h"
#include "shared/base/error.h"

#define BUS_CREDENTIALS_LEN 512

enum bus_credentials_kind { BUS_CREDENTIALS_NONE, BUS_CREDENTIALS_PASSWORD, BUS_CREDENTIALS_JWT };

struct bus_credentials {
	enum bus_credentials_kind kind;
	char user[BUS_CREDENTIALS_LEN], password[BUS_CREDENTIALS_LEN]; /* of PASSWORD */
};

/* False and *e (EXIT_USAGE): it cannot be read, others than its owner may, or it holds neither. */
MUST_CHECK bool bus_credentials_read(const char *path, struct bus_credentials *out, struct error *e);
/* Wipes them. */
void bus_credentials_forget(struct bus_credentials *c);
