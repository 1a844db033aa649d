#include "client/json/json_fields.h"

#include "shared/text/text.h"
#include "shared/json/json_bytes.h"

struct json_fields json_fields_begin(const char *type)
{
	struct json_fields f = { .object = json_object() };
	if (type)
		json_fields_put(&f, "type", json_string(type));
	return f;
}

void json_fields_put(struct json_fields *f, const char *name, json_t *value)
{
	f->failed |= json_object_set_new(f->object, name, value) != 0;
}

void json_fields_text(struct json_fields *f, const char *name, struct bytes text)
{
	json_fields_put(f, name, json_from_bytes(text));
}

void json_fields_text_or_null(struct json_fields *f, const char *name, struct bytes text)
{
	json_fields_put(f, name, text.len ? json_from_bytes(text) : json_null());
}

void json_fields_number(struct json_fields *f, const char *name, int64_t number)
{
	json_fields_put(f, name, json_integer(number));
}

void json_fields_number_or_null(struct json_fields *f, const char *name, int64_t number)
{
	json_fields_put(f, name, number ? json_integer(number) : json_null());
}

void json_fields_time(struct json_fields *f, const char *name, uint64_t at_us)
{
	char text[TEXT_TIME_LEN];
	text_format_time(text, at_us);
	json_fields_put(f, name, json_string(text));
}

void json_fields_labels(struct json_fields *f, const struct store_labels *labels)
{
	if (labels->note.len)
		json_fields_text(f, "note", buffer_view(&labels->note));
	if (labels->tags.len)
		json_fields_put(f, "tags", json_from_words(buffer_view(&labels->tags), ' '));
}

json_t *json_fields_end(struct json_fields *f)
{
	json_t *object = f->object;
	f->object = NULL;
	if (object && !f->failed)
		return object;
	json_decref(object);
	return NULL;
}
