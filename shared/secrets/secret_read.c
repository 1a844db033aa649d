#include "shared/secrets/secret_read.h"

#include "shared/secrets/secret_shape.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SECRET 4096

static char *read_all(FILE *f, const char *spec, struct error *e)
{
	char *secret = calloc(1, MAX_SECRET + 1);
	size_t len = secret ? fread(secret, 1, MAX_SECRET, f) : 0;
	bool fine = false;
	if (!secret)
		error_set(e, EXIT_USAGE, "out of memory");
	else if (ferror(f))
		error_set(e, EXIT_USAGE, "%s cannot be read: %s", spec, strerror(errno));
	else if (len == MAX_SECRET && fgetc(f) != EOF)
		error_set(e, EXIT_USAGE, "%s is longer than %d bytes, and no secret is", spec, MAX_SECRET);
	else if ((len = secret_shape_clean(secret, len)) == 0)
		error_set(e, EXIT_USAGE, "%s is empty: a secret or token should stand there", spec);
	else if (strlen(secret) != len)
		error_set(e, EXIT_USAGE, "%s holds a NUL byte, and no secret does", spec);
	else
		fine = true;
	if (!fine) {
		free(secret);
		secret = NULL;
	}
	return secret;
}

char *secret_read(const char *spec, struct error *e)
{
	if (strcmp(spec, "@-") == 0)
		return read_all(stdin, "standard input", e);
	if (strncmp(spec, "env:", 4) == 0) {
		const char *value = getenv(spec + 4);
		if (!value || !*value) {
			error_set(e, EXIT_USAGE, "the environment variable %s is not set", spec + 4);
			return NULL;
		}
		char *secret = strdup(value);
		if (secret)
			secret_shape_clean(secret, strlen(secret));
		return secret;
	}
	if (spec[0] != '@') {
		error_set(e, EXIT_USAGE,
			  "a secret is never given as an argument, where others can see it: use @FILE, @- or env:NAME");
		return NULL;
	}
	FILE *f = fopen(spec + 1, "rb");
	if (!f) {
		error_set(e, EXIT_USAGE, "%s cannot be read: %s", spec + 1, strerror(errno));
		return NULL;
	}
	char *secret = read_all(f, spec + 1, e);
	fclose(f);
	return secret;
}
