#include "shared/http/form.h"

#include "shared/base/hex.h"
#include "shared/http/headers.h"

#include <string.h>

bool form_is(struct bytes headers)
{
	static const char form[] = "application/x-www-form-urlencoded";
	struct bytes type;
	return headers_find(headers, "Content-Type", &type) && type.len >= sizeof form - 1 &&
	       bytes_equal_nocase(bytes_make(type.at, sizeof form - 1), form);
}

bool form_decode(struct bytes in, struct buffer *out)
{
	if (!buffer_reserve(out, in.len + 1))
		return false;
	for (size_t i = 0; i < in.len; i++) {
		uint8_t c = in.at[i];
		if (c == '%' && i + 2 < in.len && hex_digit(in.at[i + 1]) >= 0 && hex_digit(in.at[i + 2]) >= 0) {
			c = (uint8_t)(hex_digit(in.at[i + 1]) << 4 | hex_digit(in.at[i + 2]));
			i += 2;
		} else if (c == '+') {
			c = ' ';
		}
		out->at[out->len++] = c;
	}
	return true;
}

bool form_next_pair(struct bytes *rest, struct bytes *name, struct bytes *value)
{
	while (rest->len && rest->at[0] == '&')
		*rest = bytes_make(rest->at + 1, rest->len - 1);
	if (rest->len == 0)
		return false;
	const uint8_t *end = memchr(rest->at, '&', rest->len);
	size_t len = end ? (size_t)(end - rest->at) : rest->len;
	const uint8_t *equals = memchr(rest->at, '=', len);
	size_t name_len = equals ? (size_t)(equals - rest->at) : len;
	*name = bytes_make(rest->at, name_len);
	*value = equals ? bytes_make(equals + 1, len - name_len - 1) : bytes_make(rest->at + len, 0);
	*rest = bytes_make(rest->at + len, rest->len - len);
	return true;
}

bool form_value(struct bytes form, const char *wanted, struct buffer *out)
{
	struct bytes name, value;
	while (form_next_pair(&form, &name, &value))
		if (bytes_equal(name, bytes_of(wanted)))
			return form_decode(value, out);
	return false;
}

bool form_query_value(struct bytes url, const char *wanted, struct bytes *out)
{
	const uint8_t *mark = url.len ? memchr(url.at, '?', url.len) : NULL;
	struct bytes name, value, rest = bytes_of(NULL);
	if (mark)
		rest = bytes_make(mark + 1, url.len - (size_t)(mark - url.at) - 1);
	const uint8_t *fragment = rest.len ? memchr(rest.at, '#', rest.len) : NULL;
	if (fragment)
		rest.len = (size_t)(fragment - rest.at);
	while (form_next_pair(&rest, &name, &value))
		if (bytes_equal(name, bytes_of(wanted))) {
			*out = value;
			return true;
		}
	return false;
}

bool form_encode(struct bytes in, enum form_style style, struct buffer *out)
{
	const char *plain = style == FORM_UNRESERVED ? "-._~" : "*-._";
	for (size_t i = 0; i < in.len; i++) {
		uint8_t c = in.at[i];
		bool as_it_is = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
				(c && strchr(plain, c));
		bool fine = as_it_is                                ? buffer_put_u8(out, c)
			    : c == ' ' && style == FORM_OF_BROWSERS ? buffer_put_u8(out, '+')
								    : buffer_printf(out, "%%%02X", c);
		if (!fine)
			return false;
	}
	return true;
}
