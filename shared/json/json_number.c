#include "shared/json/json_number.h"

#include <string.h>

#define EXPONENT_MOST INT64_C(1000000000000000)

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* e-12 at the end of a number: takes all that is left. */
static bool read_exponent(struct bytes text, int64_t *out)
{
	size_t i = 1;
	bool negative = text.len > 1 && text.at[1] == '-';
	if (text.len > 1 && (text.at[1] == '-' || text.at[1] == '+'))
		i++;
	if (i == text.len)
		return false;
	for (*out = 0; i < text.len; i++) {
		if (!is_digit(text.at[i]))
			return false;
		*out = *out * 10 + (text.at[i] - '0');
		if (*out > EXPONENT_MOST)
			*out = EXPONENT_MOST;
	}
	*out = negative ? -*out : *out;
	return true;
}

/* The digits without the zeros and the point at their ends; how many stood before the point. */
static void take_digits(struct bytes all, size_t before, struct json_number *out)
{
	size_t from = 0, to = all.len;
	while (from < to && (all.at[from] == '0' || all.at[from] == '.'))
		from++;
	while (to > from && (all.at[to - 1] == '0' || all.at[to - 1] == '.'))
		to--;
	out->digits = bytes_make(all.at + from, to - from);
	/* The point itself is passed where zeros after it are. */
	out->magnitude = from < before ? (int64_t)(before - from) : -(int64_t)(from - before - (from > before));
}

bool json_number_read(struct bytes text, struct json_number *out)
{
	int64_t exponent = 0;
	size_t i = 0, count = 0, before = SIZE_MAX;
	*out = (struct json_number){ .negative = text.len && text.at[0] == '-' };
	if (text.len && (text.at[0] == '-' || text.at[0] == '+'))
		text = bytes_make(text.at + 1, text.len - 1);
	for (; i < text.len && (is_digit(text.at[i]) || (text.at[i] == '.' && before == SIZE_MAX)); i++) {
		count += text.at[i] != '.';
		if (text.at[i] == '.')
			before = i;
	}
	if (count == 0)
		return false;
	if (i < text.len &&
	    ((text.at[i] | 0x20) != 'e' || !read_exponent(bytes_make(text.at + i, text.len - i), &exponent)))
		return false;
	take_digits(bytes_make(text.at, i), before == SIZE_MAX ? i : before, out);
	out->magnitude += exponent;
	return true;
}

static int sign(const struct json_number *n)
{
	return n->digits.len == 0 ? 0 : n->negative ? -1 : 1;
}

/* -1 at the end. */
static int next_digit(struct bytes digits, size_t *at)
{
	if (*at < digits.len && digits.at[*at] == '.')
		++*at;
	return *at < digits.len ? digits.at[(*at)++] : -1;
}

static int compare_digits(struct bytes a, struct bytes b)
{
	size_t i = 0, k = 0;
	int x, y;
	do {
		x = next_digit(a, &i);
		y = next_digit(b, &k);
	} while (x == y && x >= 0);
	return x - y;
}

int json_number_compare(const struct json_number *a, const struct json_number *b)
{
	int side = sign(a);
	if (side != sign(b))
		return side - sign(b);
	if (side == 0)
		return 0;
	if (a->magnitude != b->magnitude)
		return a->magnitude > b->magnitude ? side : -side;
	return side * compare_digits(a->digits, b->digits);
}
