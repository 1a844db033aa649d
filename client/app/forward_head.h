/* The head of a call of the app, out of the sender's as it was received (shared/DESIGN.md §5). Pure. */
#pragma once

#include "client/app/forwarder.h"

/* Bytes of the request's body. */
uint64_t forward_body_len(const struct forward_request *request);

/* Appends the request line and the fields, with the blank line after them: every field line as it came, in its place
 * and number; hop-by-hop fields left out, Host as asked, own fields of the user replacing those of their name, a length
 * that is the body's, X-Forwarded-… and Creel-… after those (client/app/forwarded.h). `prefix`: the target URL's own
 * path; `authority`: its host and port. False and *e when out of memory or a field holds bytes that would break the
 * head. */
MUST_CHECK bool forward_head_write(struct buffer *out, const struct forward_request *request,
				   const struct forward_options *options, const char *prefix, const char *authority,
				   struct error *e);
