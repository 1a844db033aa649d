/* application/x-www-form-urlencoded as decoded pairs. A value that is JSON (GitHub's and Slack's "payload") is shown as
 * such below its name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/bodies/doc_body.h"
#include "tui/documents/doc_make.h"

#define JSON_VALUES_MOST ((size_t)16)

/* All fields, of which each text begins in *memory where the one before it ends. NULL when out of memory. */
static struct doc_field *read_fields(struct body *b, struct buffer *memory, size_t *count)
{
	struct doc_field *fields = NULL;
	struct body_fields f;
	struct body_field field;
	size_t cap = 0;
	bool fine = true;
	*count = 0;
	body_fields_open(&f, b);
	while (fine && body_fields_next(&f, &field)) {
		if (*count == cap) {
			cap = cap ? cap * 2 : 64;
			struct doc_field *grown = realloc(fields, cap * sizeof *grown);
			fine = grown != NULL;
			fields = grown ? grown : fields;
		}
		fine = fine && buffer_append_bytes(memory, field.name) && buffer_append_bytes(memory, field.value);
		if (fine)
			fields[(*count)++] =
			    (struct doc_field){ { NULL, field.name.len }, { NULL, field.value.len }, field.has_value };
	}
	body_fields_free(&f);
	if (!fields)
		fields = calloc(1, sizeof *fields);
	if (fine && fields && !b->no_memory)
		return fields;
	free(fields);
	return NULL;
}

/* Into their memory, which moves no more. */
static void place_fields(struct doc_field *fields, size_t count, const uint8_t *at)
{
	for (size_t i = 0; i < count; i++) {
		fields[i].name.at = at;
		fields[i].value.at = at += fields[i].name.len;
		at += fields[i].value.len;
	}
}

static struct doc *fields_between(const struct doc_field *fields, size_t from, size_t to)
{
	struct doc_field *copy = calloc(to - from + 1, sizeof *copy);
	if (!copy)
		return NULL;
	memcpy(copy, fields + from, (to - from) * sizeof *copy);
	return doc_fields(copy, to - from, " = ", (struct buffer){ 0 });
}

/* Pairs up to a JSON value, the value, the pairs after it, and so on. NULL when there is no JSON value, or when out of
 * memory. */
static struct doc *with_json(struct doc_field *fields, size_t count)
{
	struct doc *parts[JSON_VALUES_MOST * 2 + 1];
	size_t n = 0, from = 0;
	for (size_t i = 0; i < count && n < JSON_VALUES_MOST * 2; i++) {
		struct bytes value = fields[i].value;
		if (value.len < 2 || (value.at[0] != '{' && value.at[0] != '['))
			continue;
		struct doc *json = doc_json(value, value.len);
		if (!json)
			continue;
		fields[i].has_value = false;
		parts[n++] = fields_between(fields, from, i + 1);
		parts[n++] = json;
		from = i + 1;
	}
	if (n == 0)
		return NULL;
	parts[n++] = fields_between(fields, from, count);
	return doc_join(parts, n);
}

struct doc *doc_form(struct body *b, uint64_t total)
{
	struct buffer memory = { 0 };
	struct doc *d = NULL, *parts[2];
	char cut[80];
	size_t count = 0;
	struct doc_field *fields = read_fields(b, &memory, &count);
	if (!fields || !buffer_reserve(&memory, 1)) {
		free(fields);
		buffer_free(&memory);
		return NULL;
	}
	place_fields(fields, count, memory.at);
	d = with_json(fields, count);
	if (d) {
		free(fields);
		d = doc_owning(d, memory);
	} else {
		d = doc_fields(fields, count, " = ", memory);
	}
	if (d && doc_cut_note(cut, b->text.len, total)) {
		parts[0] = d;
		parts[1] = doc_note(cut);
		d = doc_join(parts, 2);
	}
	if (d)
		snprintf(d->about, sizeof d->about, "form, %zu pair%s", count, count == 1 ? "" : "s");
	return d;
}
