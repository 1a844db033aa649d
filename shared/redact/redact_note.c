/* What was found: counted by its kind, and reported. */
#include "shared/redact/redact_private.h"

static const struct {
	const char *name, *one, *many;
} kinds[REDACT_KINDS] = {
	[REDACT_HEADER] = { "header", "header", "headers" },
	[REDACT_COOKIE] = { "cookie", "cookie", "cookies" },
	[REDACT_SIGNATURE] = { "signature", "signature", "signatures" },
	[REDACT_QUERY] = { "query parameter", "query parameter", "query parameters" },
	[REDACT_PATH] = { "path segment", "path segment", "path segments" },
	[REDACT_USER] = { "user of a URL", "user of a URL", "users of URLs" },
	[REDACT_FORM] = { "form field", "form field", "form fields" },
	[REDACT_PART] = { "part", "part", "parts" },
	[REDACT_JSON] = { "JSON member", "JSON member", "JSON members" },
	[REDACT_TEXT] = { "value in text", "value in text", "values in text" },
	[REDACT_SHAPE] = { "token by shape", "token by shape", "tokens by shape" },
	[REDACT_BODY] = { "body", "body that cannot be looked into", "bodies that cannot be looked into" },
};

const char *redact_kind_name(enum redact_kind kind)
{
	return kinds[kind].name;
}

bool redact_append_counts(const size_t counts[REDACT_KINDS], struct buffer *out)
{
	bool fine = true, any = false;
	for (size_t k = 0; fine && k < REDACT_KINDS; k++) {
		if (counts[k] == 0)
			continue;
		fine = buffer_printf(out, "%s%zu %s", any ? ", " : "", counts[k],
				     counts[k] == 1 ? kinds[k].one : kinds[k].many);
		any = true;
	}
	return fine && (any || buffer_append_text(out, "nothing"));
}

void redact_note(struct redaction *r, enum redact_kind kind, struct bytes name, const char *why)
{
	const struct redact_found found = { kind, r->of, name, why };
	r->counts[kind]++;
	r->total++;
	if (r->on_found)
		r->on_found(r->user, &found);
}

void redact_note_named(struct redaction *r, enum redact_kind kind, struct bytes name, enum redact_why why)
{
	if (why == WHY_SIGNATURE)
		redact_note(r, REDACT_SIGNATURE, name, "signature by its name");
	else
		redact_note(r, kind, name, why == WHY_ASKED ? "asked for" : "secret by its name");
}
