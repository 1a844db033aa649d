/* The header list of a call of the app, out of the fields as received (shared/DESIGN.md §5). */
#pragma once

#include <curl/curl.h>

#include "client/app/forwarder.h"

/* Bytes of the request's body. */
uint64_t forward_body_len(const struct forward_request *request);

/* For curl: every field in its place, order, case and number; hop-by-hop fields left out, Host as asked, own fields of
 * the user replacing those of their name, X-Forwarded-… and Creel-… behind (client/app/forwarded.h). NULL and *e when
 * out of memory or a field holds bytes that would break the head. `authority` is the target's host and port. */
struct curl_slist *forward_headers_make(const struct forward_request *request, const struct forward_options *options,
					const char *authority, struct error *e);
