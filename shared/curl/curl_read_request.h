/* One request that a curl command makes: what its options say, put together as curl does it. Pure but for what the sink
 * does. */
#pragma once

#include "shared/curl/curl_options.h"
#include "shared/transcripts/draft.h"
#include "shared/syntax/shell_script.h"

#define CURL_URLS_MOST 100

struct curl_read {
	const struct import_sink *sink;
	const struct shell_command *command;
	struct draft draft;     /* its fields are those of -H */
	struct buffer removed;  /* "name\0name\0", of -H 'Name:' */
	struct buffer defaults; /* a block of fields that curl adds */
	struct buffer query, cookie, form, boundary;
	struct bytes user, bearer, agent, referer, target;
	struct bytes urls[CURL_URLS_MOST];
	size_t url_count;
	bool has_agent, has_data, has_form, json, head, get, upload, compressed, glob_off, path_as_is;
};

/* Brings it to its state before the first option. */
void curl_read_clear(struct curl_read *c);
/* Applies one option; a URL comes as CURL_URL. EXIT_USAGE. */
MUST_CHECK bool curl_read_apply(struct curl_read *c, enum curl_option option, struct bytes value, struct error *e);
/* Hands a delivery for each URL to the sink, counting *number up; with `fine` false what *e says is refused instead.
 * False when the sink ended it. */
MUST_CHECK bool curl_read_finish(struct curl_read *c, bool fine, const char *place, size_t *number, struct error *e);
