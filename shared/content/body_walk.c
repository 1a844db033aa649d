/* The values a path leads to, through JSON, forms, and JSON within a text (shared/content/body.h). */
#include "shared/content/body.h"

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

static bool walk_string(struct walk *w, struct bytes in, const struct json_tokens *t, size_t at, struct steps steps)
{
	struct buffer text = { 0 };
	bool found = json_put_value(in, t, at, &text) && walk_text(w, buffer_view(&text), steps);
	buffer_free(&text);
	return found;
}

static bool walk_value(struct walk *w, struct bytes in, const struct json_tokens *t, size_t at, struct steps steps)
{
	for (size_t i = 0; i < steps.count; i++) {
		if (t->at[at].kind == TOKEN_STRING)
			return walk_string(w, in, t, at, after(steps, i));
		at = json_step_into(in, t, at, &steps.at[i]);
		if (at == SIZE_MAX)
			return false;
	}
	return give(w, in, t, at);
}

/* Amazon SNS's envelope: what was published is a text in it. */
static bool walk_envelope(struct walk *w, struct bytes in, const struct json_tokens *t, size_t at, struct steps steps)
{
	static const struct json_step type = { .key = { (const uint8_t *)"Type", 4 } },
				      topic = { .key = { (const uint8_t *)"TopicArn", 8 } },
				      message = { .key = { (const uint8_t *)"Message", 7 } };
	size_t text = json_step_into(in, t, at, &message);
	return text != SIZE_MAX && t->at[text].kind == TOKEN_STRING && steps.count > 0 &&
	       json_step_into(in, t, at, &type) != SIZE_MAX && json_step_into(in, t, at, &topic) != SIZE_MAX &&
	       walk_string(w, in, t, text, steps);
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

/* Whether JSON can have the path's names at all: cheap, for most bodies of a search have them not. What escapes may
 * hide is not ruled out. */
static bool may_have(struct bytes text, struct steps steps)
{
	if (text.len == 0 || memchr(text.at, '\\', text.len))
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
	if (body_begins_json(b) && !may_have(b->text, all))
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
