/* One request, sent as it is and waited for: `creel trigger`. */
#pragma once

#include "shared/base/buffer.h"
#include "shared/base/error.h"

struct post {
	const char *url, *method;
	const char *socket;         /* a unix socket's path, in the place of the URL's host and port; or NULL */
	struct bytes headers, body; /* Content-Length and Host are added */
	int64_t timeout_ms;
	const char *ca; /* or NULL */
	bool insecure;  /* any certificate */
};

struct post_answer {
	int status;
	uint64_t took_us;
	struct buffer headers;
	struct buffer body; /* its first 64 KiB */
	uint64_t body_size;
};

/* Redirects are not followed. EXIT_TARGET when no answer came. post_answer_free in any case. */
MUST_CHECK bool post_send(const struct post *p, struct post_answer *out, struct error *e);
void post_answer_free(struct post_answer *a);
