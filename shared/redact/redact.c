#include "shared/redact/redact_private.h"

/* What a value holds may be of any format again, so formats would call each other in a circle: the lower ones call the
 * upper ones by this table alone. */
static void begin(struct redaction *r)
{
	static const struct redact_within within = { redact_value, redact_content };
	r->within = &within;
}

bool redact_headers(struct redaction *r, struct bytes block, struct buffer *out)
{
	begin(r);
	return redact_fields(r, block, out);
}

bool redact_url(struct redaction *r, struct bytes url, struct buffer *out)
{
	begin(r);
	return redact_link(r, url, out);
}

bool redact_text(struct redaction *r, struct bytes text, struct buffer *out)
{
	begin(r);
	return redact_scan(r, text, 0, out);
}

bool redact_body(struct redaction *r, struct bytes headers, struct bytes body, struct buffer *out, bool *decoded,
		 bool *replaced)
{
	begin(r);
	return redact_coded(r, headers, body, out, decoded, replaced);
}
