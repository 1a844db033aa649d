#include "shared/http/headers.h"

#include <string.h>

bool headers_append(struct buffer *block, struct bytes name, struct bytes value)
{
	size_t before = block->len;
	if (buffer_append_bytes(block, name) && buffer_append(block, ": ", 2) && buffer_append_bytes(block, value) &&
	    buffer_append(block, "\r\n", 2))
		return true;
	block->len = before;
	return false;
}

bool headers_next(struct bytes block, size_t *pos, struct bytes *name, struct bytes *value)
{
	if (*pos >= block.len)
		return false;
	const uint8_t *line = block.at + *pos;
	const uint8_t *end = memchr(line, '\r', block.len - *pos);
	if (!end || (size_t)(end - block.at) + 1 >= block.len || end[1] != '\n')
		return false;
	const uint8_t *colon = memchr(line, ':', (size_t)(end - line));
	if (!colon)
		return false;
	*name = bytes_make(line, (size_t)(colon - line));
	for (colon++; colon < end && (*colon == ' ' || *colon == '\t');)
		colon++;
	*value = bytes_make(colon, (size_t)(end - colon));
	*pos = (size_t)(end - block.at) + 2;
	return true;
}

bool headers_next_line(struct bytes block, size_t *pos, struct bytes *name, struct bytes *value, struct bytes *line)
{
	size_t from = *pos;
	if (!headers_next(block, pos, name, value))
		return false;
	*line = bytes_make(block.at + from, *pos - from);
	return true;
}

bool headers_find(struct bytes block, const char *wanted, struct bytes *value)
{
	struct bytes name;
	for (size_t pos = 0; headers_next(block, &pos, &name, value);)
		if (bytes_equal_nocase(name, wanted))
			return true;
	*value = bytes_make(NULL, 0);
	return false;
}

size_t headers_count(struct bytes block)
{
	struct bytes name, value;
	size_t count = 0;
	for (size_t pos = 0; headers_next(block, &pos, &name, &value);)
		count++;
	return count;
}

/* Of a token, RFC 9110 §5.6.2: a bit for each of the first 128 characters. */
static bool is_token_char(uint8_t c)
{
	/* Digits and ! # $ % & ' * + - . in the first, letters and ^ _ ` | ~ in the second. */
	static const uint64_t token[4] = { 0x03ff6cfa00000000, 0x57ffffffc7fffffe, 0, 0 };
	return token[c / 64] >> c % 64 & 1;
}

bool headers_name_valid(struct bytes name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!is_token_char(name.at[i]))
			return false;
	return name.len > 0;
}

/* Whether one of eight characters is a control character or DEL, the tab among them: each byte's highest bit is set
 * where it is below 0x20 or was 0x7f. A byte above another of them may be taken for one wrongly. */
static bool may_hold_control(const uint8_t *at)
{
	const uint64_t ones = 0x0101010101010101, highest = ones << 7;
	uint64_t eight, del;
	memcpy(&eight, at, sizeof eight);
	del = eight ^ ones * 0x7f;
	return (((eight - ones * 0x20) & ~eight) | ((del - ones) & ~del)) & highest;
}

bool headers_value_valid(struct bytes value)
{
	size_t i = 0;
	while (i + 8 <= value.len && !may_hold_control(value.at + i))
		i += 8;
	for (; i < value.len; i++)
		if ((value.at[i] < 0x20 && value.at[i] != '\t') || value.at[i] == 0x7f)
			return false;
	return true;
}

bool headers_valid(struct bytes block)
{
	struct bytes name, value;
	size_t pos = 0;
	while (pos < block.len)
		if (!headers_next(block, &pos, &name, &value) || !headers_name_valid(name) ||
		    !headers_value_valid(value))
			return false;
	return true;
}

bool headers_one_blank(struct bytes block)
{
	struct bytes name, value;
	for (size_t pos = 0; headers_next(block, &pos, &name, &value);)
		if (value.at != name.at + name.len + 2 || value.at[-1] != ' ')
			return false;
	return true;
}

bool headers_next_member(struct bytes value, size_t *pos, struct bytes *member)
{
	if (*pos > value.len)
		return false;
	size_t from = *pos, to = from;
	while (to < value.len && value.at[to] != ',')
		to++;
	*pos = to + 1;
	while (from < to && (value.at[from] == ' ' || value.at[from] == '\t'))
		from++;
	while (to > from && (value.at[to - 1] == ' ' || value.at[to - 1] == '\t'))
		to--;
	*member = bytes_make(value.at + from, to - from);
	return true;
}

bool headers_of_event_stream(struct bytes block)
{
	static const char type[] = "text/event-stream";
	struct bytes value;
	return headers_find(block, "Content-Type", &value) && value.len >= sizeof type - 1 &&
	       bytes_equal_nocase(bytes_make(value.at, sizeof type - 1), type);
}

bool headers_has_signature(struct bytes block)
{
	/* Signatures and tokens of senders whose names do not say so. */
	static const char *const others[] = {
		"X-Gitlab-Token",          "X-Trello-Webhook", "X-Airtable-Content-MAC",          "Plaid-Verification",
		"Paypal-Transmission-Sig", "cf-webhook-auth",  "X-Telegram-Bot-Api-Secret-Token", "X-Buildkite-Token",
		"X-Goog-Channel-Token"
	};
	struct bytes name, value;
	for (size_t pos = 0; headers_next(block, &pos, &name, &value);) {
		if (bytes_contains_nocase(name, "signature") || bytes_contains_nocase(name, "hmac"))
			return true;
		for (size_t i = 0; i < sizeof others / sizeof *others; i++)
			if (bytes_equal_nocase(name, others[i]))
				return true;
	}
	return false;
}

bool headers_read_length(struct bytes value, uint64_t *length)
{
	*length = 0;
	while (value.len > 0 && (value.at[value.len - 1] == ' ' || value.at[value.len - 1] == '\t'))
		value.len--;
	if (value.len == 0 || value.len > 18)
		return false;
	for (size_t i = 0; i < value.len; i++) {
		if (value.at[i] < '0' || value.at[i] > '9')
			return false;
		*length = *length * 10 + (uint64_t)(value.at[i] - '0');
	}
	return true;
}
