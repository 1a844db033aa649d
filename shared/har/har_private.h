/* Shared by har_read.c (an entry), har_fields.c (header fields), har_cookies.c and har_body.c (bodies) of HAR files
 * that other tools wrote. Sentences begin with the JSON path: "request.headers[2]". Pure. */
#pragma once

#include "shared/har/har.h"

/* A message's fields as a block. HTTP/2's pseudo fields and those that concern only one connection are left out; a
 * value of several lines is several fields, as Chrome joins those of one name. */
MUST_CHECK bool har_read_fields(const json_t *message, const char *path, struct buffer *block, struct error *e);
/* Cookies that stand in a list of their own alone, as fields after the others: Insomnia and Postman keep them apart. */
MUST_CHECK bool har_read_cookies(const json_t *message, const char *path, bool is_request, struct buffer *block,
				 struct error *e);
/* A list of names and values (`params`, `queryString`) that stands for a text, as form-encoded. Some tools keep the
 * pairs encoded, some decode them: `sizes` are the lengths that the text may have had, by which the two are told
 * apart, or -1. */
MUST_CHECK bool har_read_pairs(const json_t *list, const char *path, const int64_t sizes[2], struct buffer *out,
			       struct error *e);
/* "text" by its "encoding" or "_encoding"; *present says whether there is one. *coded: it was in base64. */
MUST_CHECK bool har_read_text(const json_t *holder, const char *path, struct buffer *out, bool *present, bool *coded,
			      struct error *e);
/* request.postData into the message's body; its headers are there already, and are made true for that body. */
MUST_CHECK bool har_read_post(const json_t *request, struct message *m, struct error *e);
/* The same for response.content. */
MUST_CHECK bool har_read_content(const json_t *response, bool may_have_body, struct message *m, struct error *e);
/* Makes the head true for the body that a file has: Content-Length is its length, and Content-Encoding goes where the
 * body cannot be in that coding. `coded`: its bytes were in base64, so they may be. */
MUST_CHECK bool har_mend_head(struct message *m, bool coded, struct error *e);
