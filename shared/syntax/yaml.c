#include "shared/syntax/yaml.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define DEEP 64
#define DIGITS_MOST 15 /* of a number that is exact as a double as well */

struct reader {
	yaml_parser_t parser;
	struct error *e;
};

static json_t *fail(struct reader *r, size_t line, const char *what)
{
	error_set(r->e, EXIT_USAGE, "line %zu: %s", line + 1, what);
	return NULL;
}

/* False and *e at the end or where it is not YAML; the caller deletes the event. */
static bool next(struct reader *r, yaml_event_t *event)
{
	if (yaml_parser_parse(&r->parser, event))
		return true;
	fail(r, r->parser.problem_mark.line, "it is not YAML that creel can read");
	return false;
}

static json_t *plain(const char *text, size_t len)
{
	size_t start = len && text[0] == '-' ? 1 : 0, digits = strspn(text + start, "0123456789");
	if (!len || strcmp(text, "~") == 0 || strcmp(text, "null") == 0)
		return json_null();
	if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
		return json_boolean(text[0] == 't');
	bool whole = digits && digits + start == len && digits <= DIGITS_MOST;
	if (whole && (text[start] != '0' || len == 1))
		return json_integer(strtoll(text, NULL, 10));
	return json_stringn(text, len);
}

static json_t *scalar(struct reader *r, const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;
	size_t len = event->data.scalar.length, line = event->start_mark.line;
	if (event->data.scalar.tag && !event->data.scalar.quoted_implicit && !event->data.scalar.plain_implicit)
		return fail(r, line, "a value with a tag");
	json_t *value = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && strlen(text) == len
			    ? plain(text, len)
			    : json_stringn(text, len);
	return value ? value : fail(r, line, "a value that is not text");
}

static json_t *value_of(struct reader *r, yaml_event_t *event, int deep);

/* NOLINTNEXTLINE(misc-no-recursion): bounded by DEEP */
static json_t *sequence(struct reader *r, int deep)
{
	json_t *list = json_array();
	for (yaml_event_t event; list;) {
		if (!next(r, &event))
			break;
		if (event.type == YAML_SEQUENCE_END_EVENT) {
			yaml_event_delete(&event);
			return list;
		}
		json_t *value = value_of(r, &event, deep);
		yaml_event_delete(&event);
		if (!value || json_array_append_new(list, value) != 0)
			break;
	}
	json_decref(list);
	return NULL;
}

/* The value that belongs to the key in *event, which is a scalar. */
/* NOLINTNEXTLINE(misc-no-recursion): bounded by DEEP */
static bool member(struct reader *r, json_t *object, const yaml_event_t *key, int deep)
{
	yaml_event_t event;
	const char *name = (const char *)key->data.scalar.value;
	size_t line = key->start_mark.line;
	if (strlen(name) != key->data.scalar.length || json_object_get(object, name))
		return fail(r, line, "a key that is there twice, or is not text");
	if (!next(r, &event))
		return false;
	json_t *value = value_of(r, &event, deep);
	yaml_event_delete(&event);
	return value && json_object_set_new(object, name, value) == 0;
}

/* NOLINTNEXTLINE(misc-no-recursion): bounded by DEEP */
static json_t *mapping(struct reader *r, int deep)
{
	json_t *object = json_object();
	for (yaml_event_t event; object;) {
		if (!next(r, &event))
			break;
		bool ended = event.type == YAML_MAPPING_END_EVENT, fine = ended;
		if (event.type == YAML_SCALAR_EVENT)
			fine = member(r, object, &event, deep);
		else if (!ended)
			fail(r, event.start_mark.line, "a key that is not a text");
		yaml_event_delete(&event);
		if (ended)
			return object;
		if (!fine)
			break;
	}
	json_decref(object);
	return NULL;
}

/* NOLINTNEXTLINE(misc-no-recursion): bounded by DEEP */
static json_t *value_of(struct reader *r, yaml_event_t *event, int deep)
{
	if (deep > DEEP)
		return fail(r, event->start_mark.line, "too many levels");
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return scalar(r, event);
	case YAML_SEQUENCE_START_EVENT:
		return sequence(r, deep + 1);
	case YAML_MAPPING_START_EVENT:
		return mapping(r, deep + 1);
	case YAML_ALIAS_EVENT:
		return fail(r, event->start_mark.line, "an alias, which is not followed");
	default:
		return fail(r, event->start_mark.line, "it is not YAML that creel can read");
	}
}

json_t *yaml_read(struct bytes text, struct error *e)
{
	struct reader r = { .e = e };
	yaml_event_t event;
	json_t *value = NULL;
	bool begun = false;
	if (!yaml_parser_initialize(&r.parser)) {
		error_set(e, EXIT_STORE, "out of memory");
		return NULL;
	}
	yaml_parser_set_input_string(&r.parser, text.at, text.len);
	*e = (struct error){ 0 };
	while (!begun && next(&r, &event)) {
		begun = event.type != YAML_STREAM_START_EVENT && event.type != YAML_DOCUMENT_START_EVENT;
		if (begun)
			value = value_of(&r, &event, 0);
		yaml_event_delete(&event);
	}
	if (!value && !*e->text)
		error_set(e, EXIT_STORE, "out of memory");
	yaml_parser_delete(&r.parser);
	return value;
}
