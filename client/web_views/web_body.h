/* Bodies and whole messages as bytes, whole or by range (RFC 9110 §14). On a worker thread, with its store. */
#pragma once

#include "client/web_views/web_read.h"

struct web_image {
	const char *name, *type; /* "WebP", "image/webp" */
};
/* By what a picture begins with, never by what the sender calls it; NULL: none that the page shows. Pure. */
const struct web_image *web_body_image(struct bytes b);

/* GET /api/deliveries/ID/request/body and …/response/body */
void web_body_request(struct web_read *r);
void web_body_response(struct web_read *r);
/* The same with view=text: {"about", "lines": [[[role, text] …] …], "more"}, as the inspector lays the body out. Of an
 * answer `attempt` says which, 0 is the request. */
void web_readable(struct web_read *r, int64_t id, int attempt);
/* GET /api/deliveries/ID/raw/request and …/raw/response */
void web_body_raw_request(struct web_read *r);
void web_body_raw_response(struct web_read *r);
/* GET /api/deliveries/ID/find */
void web_body_find(struct web_read *r);
