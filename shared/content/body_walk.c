/* The values a path leads to, through JSON, forms, and JSON within a text (shared/content/body.h). */
#include "shared/content/body.h"
#include "shared/text/base64.h"

#include <string.h>

#define TEXTS_DEEP 4 /* JSON in a text of JSON in a text … */

struct walk {
	bool (*each)(void *user, const struct body_value *v);
	void *user;
	size_t left; /* bytes of texts within that may still be read as JSON */
	int depth;
};

struct steps {
	const struct json_step *at;
	size_t count;
};

static struct steps after(struct steps s, size_t taken)
{
	return (struct steps){ s.at + taken, s.count - taken };
}

static bool give(struct walk *w, struct bytes in, const struct json_tokens *t, size_t at)
{
	struct body_value v = { in, t, at };
	return w->each(w->user, &v);
}

static bool walk_values(struct walk *w, struct bytes in, const struct json_tokens *t, struct steps steps);

/* On into a text that is an object or an array itself. */
static bool walk_text(struct walk *w, struct bytes text, struct steps steps)
{
	struct json_tokens t;
	size_t i = 0;
	while (i < text.len && text.at[i] && strchr(" \t\r\n", text.at[i]))
		i++;
	if (i == text.len || (text.at[i] != '{' && text.at[i] != '[') || w->depth == TEXTS_DEEP || text.len > w->left ||
	    !json_tokenize(text, false, &t, NULL))
		return false;
	w->left -= text.len;
	w->depth++;
	bool found = walk_values(w, text, &t, steps);
	w->depth--;
	json_tokens_free(&t);
	return found;
}

/* An object or an array in base64 begins so, if with a quote, a bracket, a blank or a line end after its first. */
static bool begins_base64(struct bytes text)
{
	return text.len > 7 && (text.at[0] == 'e' || text.at[0] == 'W');
}

/* Google Pub/Sub and Amazon Kinesis send what was published as "data" in base64, CloudEvents as "data_base64". */
static bool may_be_base64(struct bytes in, const struct json_tokens *t, size_t at)
{
	struct bytes key = at > 0 && t->at[at - 1].kind == TOKEN_KEY ? json_lexeme(in, &t->at[at - 1]) : bytes_of("");
	struct bytes text = json_lexeme(in, &t->at[at]);
	return (bytes_equal(key, bytes_of("\"data\"")) || bytes_equal(key, bytes_of("\"data_base64\""))) &&
	       begins_base64(bytes_make(text.at + 1, text.len - 2));
}

static bool walk_base64(struct walk *w, struct bytes text, struct steps steps)
{
	struct buffer plain = { 0 };
	bool found =
	    text.len <= w->left && base64_decode_loose(&plain, text) && walk_text(w, buffer_view(&plain), steps);
	buffer_free(&plain);
	return found;
}

static bool walk_string(struct walk *w, struct bytes in, const struct json_tokens *t, size_t at, struct steps steps)
{
	struct buffer text = { 0 };
	bool found = json_put_value(in, t, at, &text);
	if (found)
		found = may_be_base64(in, t, at) ? walk_base64(w, buffer_view(&text), steps)
						 : walk_text(w, buffer_view(&text), steps);
	buffer_free(&text);
	return found;
}

/* One step; "data" of an event in base64 is what stands in "data_base64" (CloudEvents' JSON format §3.1.1). */
static size_t step_into(struct bytes in, const struct json_tokens *t, size_t at, const struct json_step *step)
{
	static const struct json_step coded = { .key = { (const uint8_t *)"data_base64", 11 } },
				      version = { .key = { (const uint8_t *)"specversion", 11 } };
	size_t found = json_step_into(in, t, at, step);
	if (found != SIZE_MAX || !step->key.at || !bytes_equal(step->key, bytes_of("data")) ||
	    json_step_into(in, t, at, &version) == SIZE_MAX)
		return found;
	return json_step_into(in, t, at, &coded);
}

static bool walk_value(struct walk *w, struct bytes in, const struct json_tokens *t, size_t at, struct steps steps)
{
	for (size_t i = 0; i < steps.count; i++) {
		if (t->at[at].kind == TOKEN_STRING)
			return walk_string(w, in, t, at, after(steps, i));
		at = step_into(in, t, at, &steps.at[i]);
		if (at == SIZE_MAX)
			return false;
	}
	return give(w, in, t, at);
}

static size_t text_at(struct bytes in, const struct json_tokens *t, size_t at, const char *path)
{
	struct json_steps steps;
	if (!json_steps_read(path, &steps))
		return SIZE_MAX;
	for (size_t i = 0; at != SIZE_MAX && i < steps.count; i++)
		at = json_step_into(in, t, at, &steps.at[i]);
	return at != SIZE_MAX && t->at[at].kind == TOKEN_STRING ? at : SIZE_MAX;
}

/* Envelopes around what was published, which is a text in them. */
static bool walk_envelope(struct walk *w, struct bytes in, const struct json_tokens *t, size_t at, struct steps steps)
{
	static const struct {
		const char *text, *beside[2];
	} envelopes[] = {
		{ "Message", { "Type", "TopicArn" } },                  /* Amazon SNS */
		{ "message.data", { "subscription", "subscription" } }, /* Google Pub/Sub */
	};
	for (size_t i = 0; steps.count > 0 && i < sizeof envelopes / sizeof *envelopes; i++) {
		size_t text = text_at(in, t, at, envelopes[i].text);
		if (text != SIZE_MAX && text_at(in, t, at, envelopes[i].beside[0]) != SIZE_MAX &&
		    text_at(in, t, at, envelopes[i].beside[1]) != SIZE_MAX)
			return walk_string(w, in, t, text, steps);
	}
	return false;
}

static bool walk_elements(struct walk *w, struct bytes in, const struct json_tokens *t, size_t open, struct steps steps)
{
	for (size_t i = open + 1; i < t->at[open].partner; i = json_after(t, i))
		if (walk_value(w, in, t, i, steps))
			return true;
	return false;
}

static bool walk_values(struct walk *w, struct bytes in, const struct json_tokens *t, struct steps steps)
{
	for (size_t i = 0; i < t->count; i = json_after(t, i)) {
		bool by_name = steps.count > 0 && !steps.at[0].has_index;
		if (t->at[i].kind == TOKEN_OPEN_ARRAY && by_name
			? walk_elements(w, in, t, i, steps)
			: walk_value(w, in, t, i, steps) || walk_envelope(w, in, t, i, steps))
			return true;
	}
	return false;
}

/* The next step in a field's name: "data", then "object" and "id" of data[object][id]. The empty one of tags[] is
 * passed over. */
static bool next_name(struct bytes *rest, bool first, struct bytes *out)
{
	do {
		if (rest->len == 0 || (!first && *rest->at != '['))
			return false;
		size_t from = first ? 0 : 1;
		const uint8_t *end = memchr(rest->at + from, first ? '[' : ']', rest->len - from);
		if (!first && !end)
			return false;
		size_t to = end ? (size_t)(end - rest->at) : rest->len;
		*out = bytes_make(rest->at + from, to - from);
		to += !first;
		*rest = bytes_make(rest->at + to, rest->len - to);
	} while (out->len == 0 && rest->len > 0);
	return out->len > 0;
}

static bool step_is(const struct json_step *s, struct bytes name)
{
	uint32_t index = 0;
	if (s->key.at && bytes_equal(s->key, name))
		return true;
	for (size_t i = 0; i < name.len && index < UINT32_MAX / 10 - 1; i++) {
		if (name.at[i] < '0' || name.at[i] > '9')
			return false;
		index = index * 10 + (uint32_t)(name.at[i] - '0');
	}
	return s->has_index && name.len > 0 && index == s->index;
}

/* How many of the steps the name takes; 0: it is another field. */
static size_t take_name(struct bytes name, struct steps steps)
{
	struct bytes rest = name, part;
	size_t taken = 0;
	if (steps.count && step_is(&steps.at[0], name))
		return 1;
	while (taken < steps.count && next_name(&rest, taken == 0, &part))
		if (!step_is(&steps.at[taken++], part))
			return 0;
	return rest.len == 0 || bytes_equal(rest, bytes_of("[]")) ? taken : 0;
}

static bool walk_fields(struct walk *w, struct body *b, struct steps steps)
{
	struct body_fields f;
	struct body_field field;
	bool found = false;
	body_fields_open(&f, b);
	while (!found && body_fields_next(&f, &field)) {
		size_t taken = take_name(field.name, steps);
		if (taken > 0)
			found = taken == steps.count ? give(w, field.value, NULL, 0)
						     : walk_text(w, field.value, after(steps, taken));
	}
	body_fields_free(&f);
	if (found)
		return true;
	body_fields_open(&f, b);
	while (!found && body_fields_next(&f, &field))
		found = walk_text(w, field.value, steps);
	body_fields_free(&f);
	return found;
}

/* "data": "ey… */
static bool has_base64(struct bytes text)
{
	static const char key[] = "\"data";
	const uint8_t *end = text.at + text.len, *at = text.at;
	while ((at = memmem(at, (size_t)(end - at), key, sizeof key - 1))) {
		at += sizeof key - 1;
		const uint8_t *value = memchr(at, '"', (size_t)(end - at));
		for (value = value ? value + 1 : end; value < end && *value && strchr(" \t\r\n:", *value);)
			value++;
		if (value < end && *value == '"' && begins_base64(bytes_make(value + 1, (size_t)(end - value) - 1)))
			return true;
	}
	return false;
}

bool body_may_hide(struct body *b)
{
	struct bytes text = body_text(b);
	return text.len && (memchr(text.at, '\\', text.len) || has_base64(text));
}

/* Whether JSON can have the path's names at all: cheap, for most bodies of a search have them not. What escapes and
 * base64 may hide is not ruled out. */
static bool may_have(struct body *b, struct steps steps)
{
	struct bytes text = b->text;
	if (text.len == 0 || body_may_hide(b))
		return true;
	for (size_t i = 0; i < steps.count; i++)
		if (!steps.at[i].has_index && steps.at[i].key.len &&
		    !memmem(text.at, text.len, steps.at[i].key.at, steps.at[i].key.len))
			return false;
	return true;
}

bool body_walk(struct body *b, const struct json_step *steps, size_t count,
	       bool (*each)(void *user, const struct body_value *v), void *user)
{
	struct walk w = { .each = each, .user = user, .left = b->most };
	struct steps all = { steps, count };
	if (body_begins_json(b) && !may_have(b, all))
		return false;
	const struct json_tokens *t = body_json(b);
	if (t)
		return walk_values(&w, b->text, t, all);
	enum body_kind kind = body_kind(b);
	return (kind == BODY_FORM || kind == BODY_MULTIPART) && walk_fields(&w, b, all);
}

enum json_kind body_value_kind(const struct body_value *v)
{
	return v->tokens ? (enum json_kind)v->tokens->at[v->at].kind : TOKEN_STRING;
}

bool body_value_put(const struct body_value *v, struct buffer *out)
{
	return v->tokens ? json_put_value(v->in, v->tokens, v->at, out) : buffer_append_bytes(out, v->in);
}

struct finding {
	struct buffer *out;
	bool fine;
};

static bool take_scalar(void *user, const struct body_value *v)
{
	struct finding *f = user;
	enum json_kind kind = body_value_kind(v);
	if (kind == TOKEN_OPEN_OBJECT || kind == TOKEN_OPEN_ARRAY)
		return false;
	f->fine = body_value_put(v, f->out);
	return true;
}

bool body_find(struct body *b, const char *path, struct buffer *out)
{
	struct json_steps steps;
	struct finding f = { out, false };
	return json_steps_read(path, &steps) && body_walk(b, steps.at, steps.count, take_scalar, &f) && f.fine;
}
