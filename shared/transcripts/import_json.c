#include "shared/transcripts/import_json.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "shared/text/base64.h"
#include "shared/http/headers.h"

static bool no_memory(struct error *e)
{
	return error_set(e, EXIT_STORE, "out of memory");
}

bool import_text(const json_t *object, const char *name, struct buffer *out, struct error *e)
{
	const json_t *value = json_object_get(object, name);
	out->len = 0;
	if (!value || json_is_null(value))
		return true;
	if (!json_is_string(value))
		return error_set(e, EXIT_USAGE, "\"%s\" is not a text", name);
	return buffer_append_bytes(out, json_to_bytes(value)) || no_memory(e);
}

bool import_bytes(const json_t *object, const char *name, struct buffer *out, struct error *e)
{
	char encoded[40];
	snprintf(encoded, sizeof encoded, "%s_base64", name);
	const json_t *value = json_object_get(object, encoded);
	if (!value)
		return import_text(object, name, out, e);
	out->len = 0;
	return (json_is_string(value) && base64_decode(out, json_to_bytes(value))) ||
	       error_set(e, EXIT_USAGE, "\"%s\" is not base64", encoded);
}

bool import_labels(const json_t *object, struct store_labels *out, struct error *e)
{
	size_t i;
	json_t *tags = json_object_get(object, "tags"), *tag;
	if (!import_text(object, "note", &out->note, e))
		return false;
	if (tags && !json_is_null(tags) && !json_is_array(tags))
		return error_set(e, EXIT_USAGE, "\"tags\" is not a list");
	json_array_foreach(tags, i, tag)
	{
		if (!json_is_string(tag))
			return error_set(e, EXIT_USAGE, "a tag is not a text");
		if ((i && !buffer_put_u8(&out->tags, ' ')) || !buffer_append_bytes(&out->tags, json_to_bytes(tag)))
			return no_memory(e);
	}
	return true;
}

bool import_number(const json_t *object, const char *name, double most, double *out, struct error *e)
{
	const json_t *value = json_object_get(object, name);
	*out = 0;
	if (!value || json_is_null(value))
		return true;
	double number = json_number_value(value);
	if (!json_is_number(value) || !(number >= 0 && number <= most))
		return error_set(e, EXIT_USAGE, "\"%s\" is not a number from 0 to %.0f", name, most);
	*out = number;
	return true;
}

bool import_flag(const json_t *object, const char *name, bool *out, struct error *e)
{
	const json_t *value = json_object_get(object, name);
	if (!value)
		return true;
	*out = json_is_true(value);
	return json_is_boolean(value) || error_set(e, EXIT_USAGE, "\"%s\" is neither true nor false", name);
}

bool import_field(struct buffer *block, struct bytes name, struct bytes value, struct error *e)
{
	if (!headers_name_valid(name))
		return error_set(e, EXIT_USAGE,
				 "a header field's name is empty or holds other than letters, digits and -");
	if (!headers_value_valid(value))
		return error_set(e, EXIT_USAGE, "the header field '%.*s' holds control characters",
				 name.len < 60 ? (int)name.len : 60, (const char *)name.at);
	return headers_append(block, name, value) || no_memory(e);
}

bool import_event_id(const json_t *text, const json_t *object, uint64_t at_us, uint8_t out[UUID_LEN], struct error *e)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	uint8_t time[8];
	if (text)
		return uuid_from_text(json_to_bytes(text), out) ||
		       error_set(e, EXIT_USAGE, "\"event_id\" is not a UUID");
	char *dump = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
	bool fine = dump && EVP_Digest(dump, strlen(dump), digest, NULL, EVP_sha256(), NULL) == 1;
	free(dump);
	if (!fine)
		return no_memory(e);
	bytes_set_u64(time, at_us / 1000);
	memcpy(out, time + 2, 6);
	memcpy(out + 6, digest, UUID_LEN - 6);
	out[6] = (uint8_t)(0x70 | (out[6] & 0x0f));
	out[8] = (uint8_t)(0x80 | (out[8] & 0x3f));
	return true;
}

/* The index of the object's text in what `name_of` gives for 0..last. */
static bool find_name(const json_t *object, const char *name, const char *(*name_of)(int i), int last, int *out,
		      struct error *e)
{
	const json_t *value = json_object_get(object, name);
	if (!value || json_is_null(value))
		return true;
	for (int i = 0; i <= last; i++)
		if (bytes_equal(json_to_bytes(value), bytes_of(name_of(i)))) {
			*out = i;
			return true;
		}
	return error_set(e, EXIT_USAGE, "\"%s\" is none that creel knows", name);
}

static const char *state_at(int i)
{
	return store_state_name((enum delivery_state)i);
}

static const char *result_at(int i)
{
	return store_result_name((enum attempt_result)i);
}

bool import_state(const json_t *object, enum delivery_state *out, struct error *e)
{
	int i = (int)*out;
	bool fine = find_name(object, "state", state_at, DELIVERY_REFUSED, &i, e);
	*out = (enum delivery_state)i;
	return fine;
}

bool import_result(const json_t *object, enum attempt_result *out, struct error *e)
{
	int i = (int)*out;
	bool fine = find_name(object, "result", result_at, ATTEMPT_CANCELLED, &i, e);
	*out = (enum attempt_result)i;
	return fine;
}
