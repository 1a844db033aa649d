#include "shared/json/json_bytes.h"

#include <string.h>
#include <utf8proc.h>

#include "shared/text/base64.h"
#include "shared/text/text.h"

json_t *json_from_bytes(struct bytes b)
{
	struct buffer fixed = { 0 };
	if (b.len && text_is_utf8(b)) /* most are, and a body is not copied once more */
		return json_stringn((const char *)b.at, b.len);
	for (size_t i = 0; i < b.len;) {
		utf8proc_int32_t c;
		utf8proc_ssize_t len = utf8proc_iterate(b.at + i, (utf8proc_ssize_t)(b.len - i), &c);
		bool fine =
		    len > 0 ? buffer_append(&fixed, b.at + i, (size_t)len) : buffer_append_text(&fixed, "\xef\xbf\xbd");
		if (!fine) {
			buffer_free(&fixed);
			return NULL;
		}
		i += len > 0 ? (size_t)len : 1;
	}
	json_t *j = fixed.len ? json_stringn((const char *)fixed.at, fixed.len) : json_string("");
	buffer_free(&fixed);
	return j;
}

json_t *json_from_base64(struct bytes b)
{
	struct buffer text = { 0 };
	json_t *j = NULL;
	if (base64_encode(&text, b, 0))
		j = text.len ? json_stringn((const char *)text.at, text.len) : json_string("");
	buffer_free(&text);
	return j;
}

json_t *json_from_words(struct bytes words, char separator)
{
	json_t *list = json_array();
	while (list && words.len) {
		const uint8_t *end = memchr(words.at, separator, words.len);
		size_t len = end ? (size_t)(end - words.at) : words.len;
		if (json_array_append_new(list, json_from_bytes(bytes_make(words.at, len)))) {
			json_decref(list);
			return NULL;
		}
		len += end ? 1 : 0;
		words = bytes_make(words.at + len, words.len - len);
	}
	return list;
}

bool json_can_hold(struct bytes b)
{
	return text_is_utf8(b) && (b.len == 0 || !memchr(b.at, 0, b.len));
}

struct bytes json_to_bytes(const json_t *string)
{
	return json_is_string(string) ? bytes_make(json_string_value(string), json_string_length(string))
				      : bytes_of(NULL);
}
