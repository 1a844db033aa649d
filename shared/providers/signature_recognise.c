/* Who sent a delivery: by the fields only they send, then by User-Agent, then by the form of a shared field's value. */
#include "shared/providers/signature_sender.h"
#include "shared/content/body.h"
#include "shared/json/json_body.h"
#include "shared/providers/signature_fields.h"
#include "shared/providers/signature_marks.h"
#include "shared/signature/place.h"
#include "shared/signature/signature_tools.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define EVENT_MOST 200
#define OWN_FIELDS (sizeof((struct signature_provider *)0)->own_fields / sizeof(char *))

static bool begins_nocase(struct bytes b, const char *with)
{
	size_t len = strlen(with);
	return b.len >= len && strncasecmp((const char *)b.at, with, len) == 0;
}

/* ---- forms ---- */

static bool has_two_dots(struct bytes value)
{
	const uint8_t *dot = value.len ? memchr(value.at, '.', value.len) : NULL;
	return dot && memchr(dot + 1, '.', value.len - (size_t)(dot + 1 - value.at));
}

/* Whether a field's value is of the form's kind, as far as strangers send the same field. */
static bool fits(const struct signature_provider *row, struct bytes headers, struct bytes value)
{
	struct bytes other;
	switch (row->layout) {
	case LAYOUT_WORDS:
		return headers_find(headers, row->id_field, &other) || headers_find(headers, row->time_field, &other) ||
		       begins_nocase(value, row->prefix) || begins_nocase(value, "v1a,");
	case LAYOUT_PAIRS:
		return !row->shared || !row->time_key || bytes_contains_nocase(value, row->time_key);
	case LAYOUT_JWT:
		return (!row->prefix || begins_nocase(value, row->prefix)) && has_two_dots(value);
	case LAYOUT_LIST:
		return true;
	case LAYOUT_VALUE:
		break;
	}
	return !row->prefix || row->prefix_optional || begins_nocase(value, row->prefix);
}

/* Its own, or those of one of its forms. */
static bool any_marks_hold(const struct signature_provider *p, const struct signature_input *in)
{
	for (const struct signature_provider *row = p; row; row = signature_next_form(p, row))
		if (signature_owner(row) == p && signature_marks_hold(row, in))
			return true;
	return false;
}

static bool agent_is(const struct signature_provider *p, struct bytes agent)
{
	return p->agent && bytes_contains_nocase(agent, p->agent);
}

static bool names_itself(const struct signature_provider *p, const struct signature_input *in)
{
	struct bytes value;
	for (size_t i = 0; i < OWN_FIELDS && p->own_fields[i]; i++)
		if (headers_find(in->headers, p->own_fields[i], &value))
			return true;
	return (headers_find(in->headers, "User-Agent", &value) && agent_is(p, value)) || any_marks_hold(p, in);
}

bool signature_may_be(const struct signature_provider *p, struct bytes headers, struct bytes body)
{
	const struct signature_input in = { .headers = headers, .body = body };
	struct bytes value;
	for (const struct signature_provider *row = p; row; row = signature_next_form(p, row)) {
		bool there = row->field ? signature_find_field(row, headers, &value) && fits(row, headers, value)
					: signature_marks_hold(row, &in);
		/* Others sign in the form that has keys, too: its providers say who they are. */
		if (there && row != p && p->keyed)
			there = names_itself(p, &in);
		if (there)
			return true;
	}
	return false;
}

/* ---- who ---- */

struct search {
	const struct signature_fields *fields;
	struct signature_input in;
	struct body *body; /* in.body as it was received */
	struct bytes agent;
};

/* Whether one of the forms is there, by its field. *alone: nobody else sends that field. */
static bool form_is_there(const struct search *s, const struct signature_provider *p, bool *alone)
{
	struct bytes value;
	bool there = false;
	*alone = false;
	for (const struct signature_provider *row = p; row && (row == p || row->hidden);
	     row = signature_next_form(p, row)) {
		bool several = row->second || row->numbered;
		if (!row->field ||
		    !(several ? signature_find_field(row, s->in.headers, &value)
			      : signature_fields_value(s->fields, row->field, &value)) ||
		    !fits(row, s->in.headers, value))
			continue;
		there = true;
		*alone = *alone || !row->shared;
	}
	return there;
}

/* Several may have the field (X-Hub-Signature: many): who names itself is it, or nobody is. */
static const struct signature_provider *by_field(const struct search *s, bool *unsure)
{
	const struct signature_provider *found = NULL, *marked = NULL;
	const struct signature_provider *p;
	size_t candidates = 0, owners = 0;
	for (size_t next = 0; (p = signature_rows_next(&s->fields->forms, &next));) {
		bool alone;
		if (p->unchecked || !form_is_there(s, p, &alone))
			continue;
		if (agent_is(p, s->agent))
			return p;
		if (!marked && !alone && any_marks_hold(p, &s->in))
			marked = p;
		/* Anybody may send an Authorization: it makes nobody unsure. */
		candidates += !p->field || strcmp(p->field, "Authorization") != 0;
		if (alone) {
			found = p;
			owners++;
		}
	}
	if (marked || owners == 1)
		return marked ? marked : found;
	*unsure = candidates > 0;
	return NULL;
}

/* The letters in it, one bit each, whatever their case: a text without one of them does not contain it. */
static uint32_t letters_of(struct bytes text)
{
	uint32_t letters = 0;
	for (size_t i = 0; i < text.len; i++)
		if (((text.at[i] | 0x20u) - 'a') < 26)
			letters |= UINT32_C(1) << ((text.at[i] | 0x20u) - 'a');
	return letters;
}

static uint32_t agent_letters[SIGNATURE_ROWS_MOST];
static pthread_once_t agents_once = PTHREAD_ONCE_INIT;

static void fill_agent_letters(void)
{
	for (size_t i = 0; i < signature_table_len; i++)
		agent_letters[i] = letters_of(bytes_of(signature_table[i].agent));
}

/* Every delivery that no provider's field tells of comes here. */
static const struct signature_provider *by_agent(struct bytes agent)
{
	uint32_t letters = letters_of(agent);
	pthread_once(&agents_once, fill_agent_letters);
	for (size_t i = 0; agent.len && i < signature_table_len; i++) {
		const struct signature_provider *p = &signature_table[i];
		if (p->agent && !p->hidden && !(agent_letters[i] & ~letters) && agent_is(p, agent))
			return p;
	}
	return NULL;
}

/* ---- what ---- */

static void read_event(const struct signature_provider *row, const struct signature_input *in, struct buffer *out)
{
	for (size_t i = 0; i < sizeof row->events / sizeof *row->events && row->events[i]; i++) {
		out->len = 0;
		if (!place_read(row->events[i], in, 0, out) || !out->len)
			continue;
		size_t len = out->len;
		if (i == 0 && row->event_join && row->events[1] &&
		    (!buffer_put_u8(out, (uint8_t)row->event_join) || !place_read(row->events[1], in, 0, out)))
			out->len = len;
		break;
	}
	if (out->len > EVENT_MOST)
		out->len = EVENT_MOST;
}

static void recognise(struct search *s, struct signature_origin *out)
{
	bool unsure = false;
	(void)signature_fields_value(s->fields, "User-Agent", &s->agent);
	const struct signature_provider *row = signature_rows_next(&s->fields->own, &(size_t){ 0 });
	if (!row)
		row = by_field(s, &unsure);
	/* Those whose signature is in the body, and those that have none. */
	if (!row && !unsure && (row = signature_marks_find(&s->in, s->body)))
		row = signature_owner(row);
	if (!row && !unsure)
		row = by_agent(s->agent);
	if (!row)
		return;
	const struct signature_provider *p = signature_owner(row);
	out->provider = p->name;
	if (!p->unchecked) {
		out->signature = p;
		out->is_signed = out->is_signed || signature_may_be(p, s->in.headers, s->in.body);
	}
	read_event(row->events[0] ? row : p, &s->in, &out->event);
}

bool signature_recognise(struct bytes headers, struct bytes body, struct signature_origin *out)
{
	struct signature_fields fields;
	struct body said;
	memset(out, 0, sizeof *out);
	out->is_signed = headers_has_signature(headers);
	signature_fields_find(headers, &fields);
	/* What it says, not how it was coded for the way. */
	body_open(&said, headers, body, JSON_BODY_MOST);
	struct search s = { .fields = &fields, .in = { .headers = headers, .body = body_text(&said) }, .body = &said };
	if (!said.no_memory)
		recognise(&s, out);
	bool fine = !said.no_memory;
	body_free(&said);
	return fine;
}
