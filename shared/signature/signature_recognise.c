/* Who sent a delivery: by the fields only they send, then by User-Agent, then by the form of a shared field's value. */
#include "shared/signature/signature_private.h"
#include "shared/http/form.h"
#include "shared/signature/signature_tools.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The fields, found once: every delivery is asked for some fifty names. */
#define FIELDS_MOST 64
struct fields {
	struct bytes names[FIELDS_MOST], values[FIELDS_MOST];
	size_t count;
	uint64_t lengths; /* a bit for each length of a name; those beyond are with the last */
};

static uint64_t length_bit(size_t len)
{
	return UINT64_C(1) << (len < 63 ? len : 63);
}

static void find_fields(struct bytes headers, struct fields *f)
{
	f->count = 0;
	f->lengths = 0;
	for (size_t pos = 0;
	     f->count < FIELDS_MOST && headers_next(headers, &pos, &f->names[f->count], &f->values[f->count]);)
		f->lengths |= length_bit(f->names[f->count++].len);
}

static bool has(const struct fields *f, const char *name, struct bytes *value)
{
	size_t len = strlen(name);
	if (!(f->lengths & length_bit(len)))
		return false;
	for (size_t i = 0; i < f->count; i++)
		if (f->names[i].len == len && (f->names[i].at[0] | 0x20) == (name[0] | 0x20) &&
		    strncasecmp((const char *)f->names[i].at, name, len) == 0) {
			*value = f->values[i];
			return true;
		}
	return false;
}

static bool begins_nocase(struct bytes b, const char *with)
{
	size_t len = strlen(with);
	return b.len >= len && strncasecmp((const char *)b.at, with, len) == 0;
}

static bool has_prefix(const struct signature_provider *p, struct bytes value)
{
	return !p->prefix || p->layout != LAYOUT_VALUE || begins_nocase(value, p->prefix);
}

/* Mailgun's only sign is the body. */
static bool has_mailgun_signature(struct bytes headers, struct bytes body)
{
	struct buffer text = { 0 };
	/* Cheap, for it is asked of every delivery that nothing else is known of. */
	if (body.len < 40 || !memmem(body.at, body.len, "signature", 9))
		return false;
	bool there = form_is(headers) ? form_value(body, "token", &text) && form_value(body, "signature", &text) &&
					    form_value(body, "timestamp", &text)
				      : signature_json_value(body, "signature.token", &text, NULL) &&
					    signature_json_value(body, "signature.signature", &text, NULL);
	buffer_free(&text);
	return there;
}

bool signature_may_be(const struct signature_provider *p, struct bytes headers, struct bytes body)
{
	struct bytes value;
	if (p->layout == LAYOUT_BODY)
		return has_mailgun_signature(headers, body);
	if (headers_find(headers, p->field, &value))
		return has_prefix(p, value);
	const struct signature_provider *also = signature_also(p);
	if (also)
		return headers_find(headers, also->field, &value) && has_prefix(also, value);
	/* Others sign in that form, too: these say who they are. */
	return p->keyed && headers_find(headers, p->event_field, &value) &&
	       headers_find(headers, signature_find_row(p->keyed)->field, &value);
}

static bool agent_is(const struct signature_provider *p, struct bytes agent)
{
	return p->agent && bytes_contains_nocase(agent, p->agent);
}

/* Several rows may have the field (X-Hub-Signature-256: GitHub, Meta): then the agent decides, or nothing does. */
static const struct signature_provider *by_field(const struct fields *f, struct bytes body, struct bytes agent,
						 bool *unsure)
{
	const struct signature_provider *found = NULL;
	size_t count = 0;
	struct bytes value;
	for (size_t i = 0; i < signature_table_len; i++) {
		const struct signature_provider *p = &signature_table[i];
		if (p->hidden || p->unchecked || !p->field || !has(f, p->field, &value) || !has_prefix(p, value))
			continue;
		if (agent_is(p, agent))
			return p;
		found = p;
		count++;
	}
	struct buffer object = { 0 };
	if (count > 1 && has(f, "X-Hub-Signature-256", &value) && signature_json_value(body, "object", &object, NULL) &&
	    signature_json_value(body, "entry[0].id", &object, NULL))
		found = signature_find("meta");
	else if (count > 1)
		found = NULL;
	*unsure = count > 1 && !found;
	buffer_free(&object);
	return found;
}

static const struct signature_provider *by_agent(struct bytes agent)
{
	for (size_t i = 0; agent.len && i < signature_table_len; i++)
		if (!signature_table[i].hidden && agent_is(&signature_table[i], agent))
			return &signature_table[i];
	return NULL;
}

static bool append_event(struct bytes value, struct buffer *out)
{
	return buffer_append(out, value.at, value.len < 200 ? value.len : 200);
}

static bool event_of_row(const struct signature_provider *p, struct bytes headers, struct bytes body,
			 struct buffer *out)
{
	struct bytes value;
	if (p->event_field && headers_find(headers, p->event_field, &value))
		return append_event(value, out);
	if (strcmp(p->name, "slack") == 0 && form_is(headers))
		return form_value(body, "command", out) || true;
	for (size_t i = 0; i < sizeof p->event_path / sizeof *p->event_path && p->event_path[i]; i++)
		if (signature_json_value(body, p->event_path[i], out, NULL))
			break;
	if (strcmp(p->name, "twilio") == 0 && form_is(headers) && !form_value(body, "SmsStatus", out) &&
	    !form_value(body, "MessageStatus", out))
		(void)form_value(body, "CallStatus", out);
	return true;
}

static bool recognise_own_field(const struct fields *f, struct bytes headers, struct bytes body,
				struct signature_origin *out)
{
	struct bytes value;
	for (size_t i = 0; i < signature_table_len; i++) {
		const struct signature_provider *p = &signature_table[i];
		if (!p->own_field || !has(f, p->own_field, &value))
			continue;
		out->signature = p->unchecked ? NULL : p;
		out->provider = p->name;
		out->is_signed = out->is_signed || p->signs_in_body;
		return event_of_row(p, headers, body, &out->event);
	}
	return true;
}

bool signature_recognise(struct bytes headers, struct bytes body, struct signature_origin *out)
{
	struct bytes agent = { 0 };
	struct fields fields;
	bool unsure = false;
	memset(out, 0, sizeof *out);
	out->is_signed = headers_has_signature(headers);
	find_fields(headers, &fields);
	(void)has(&fields, "User-Agent", &agent);
	if (!recognise_own_field(&fields, headers, body, out))
		return false;
	if (out->provider)
		return true;
	out->signature = by_field(&fields, body, agent, &unsure);
	if (!out->signature && !unsure && has_mailgun_signature(headers, body))
		out->signature = signature_find("mailgun");
	if (!out->signature && !unsure)
		out->signature = by_agent(agent);
	if (!out->signature)
		return true;
	out->provider = out->signature->name;
	out->is_signed = out->is_signed || signature_may_be(out->signature, headers, body);
	if (!event_of_row(out->signature, headers, body, &out->event))
		return false;
	if (out->event.len > 200)
		out->event.len = 200;
	return true;
}
