#include "shared/readers/web_token.h"

#include <string.h>

#include "shared/json/json_find.h"
#include "shared/text/base64.h"

/* The part up to the next point; false when there is none, or nothing before it. */
static bool take_part(struct bytes *rest, struct bytes *part)
{
	*part = bytes_until(*rest, '.');
	if (part->len == 0 || part->len == rest->len)
		return false;
	*rest = bytes_make(rest->at + part->len + 1, rest->len - part->len - 1);
	return true;
}

static bool read_object(struct bytes part, struct buffer *out, struct json_tokens *tokens)
{
	struct json_error e;
	return base64_decode_loose(out, part) && json_tokenize(buffer_view(out), false, tokens, &e) &&
	       tokens->at[0].kind == TOKEN_OPEN_OBJECT;
}

static bool has_alg(const struct web_token *j)
{
	struct json_step alg = { .key = bytes_of("alg") };
	return json_step_into(buffer_view(&j->header), &j->header_tokens, 0, &alg) != SIZE_MAX;
}

/* Most texts are none: the first two characters of one ("{\"" in base64url) say so at once. */
bool web_token_read(struct bytes text, struct web_token *out)
{
	struct bytes header, payload;
	struct buffer signature = { 0 };
	*out = (struct web_token){ 0 };
	if (text.len > WEB_TOKEN_MOST || text.len < 5 || memcmp(text.at, "ey", 2) != 0 || !take_part(&text, &header) ||
	    !take_part(&text, &payload))
		return false;
	bool fine = (text.len == 0 || base64_decode_loose(&signature, text)) &&
		    read_object(header, &out->header, &out->header_tokens) &&
		    read_object(payload, &out->payload, &out->payload_tokens) && has_alg(out);
	out->signature_len = signature.len;
	buffer_free(&signature);
	if (!fine)
		web_token_free(out);
	return fine;
}

void web_token_free(struct web_token *j)
{
	json_tokens_free(&j->header_tokens);
	json_tokens_free(&j->payload_tokens);
	buffer_free(&j->header);
	buffer_free(&j->payload);
	*j = (struct web_token){ 0 };
}
