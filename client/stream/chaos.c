#include "client/stream/chaos.h"

#include "client/common/limits.h"
#include "shared/http/headers.h"
#include "shared/text/text_distance.h"
#include "shared/options/quantity.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#define MILLION UINT64_C(1000000)
#define SIGNATURE_LEAST 16 /* shorter runs of a field's value are labels and times */

/* ---- the spec ---- */

/* "5%", "0.25%" as parts of a million. */
static bool parse_percent(const char *text, size_t len, uint32_t *out)
{
	uint64_t value = 0, unit = MILLION / 100;
	size_t i = 0, dot = len;
	if (len < 2 || text[len - 1] != '%' || text[0] == '.')
		return false;
	for (; i + 1 < len; i++) {
		if (text[i] == '.' && dot == len && i + 2 < len) {
			dot = i;
			continue;
		}
		if (text[i] < '0' || text[i] > '9' || value > 100 * MILLION)
			return false;
		value = value * 10 + (uint64_t)(text[i] - '0');
		if (dot < len)
			unit /= 10;
	}
	if (unit == 0 || value * unit > MILLION)
		return false;
	*out = (uint32_t)(value * unit);
	return true;
}

static bool parse_whole(const char *text, uint64_t *out)
{
	char *end;
	if (*text < '0' || *text > '9' || strlen(text) > 18)
		return false;
	*out = strtoull(text, &end, 10);
	return *end == 0;
}

static bool take_duplicate(struct chaos_spec *c, char *value)
{
	return parse_percent(value, strlen(value), &c->duplicate);
}

static bool take_badsig(struct chaos_spec *c, char *value)
{
	return parse_percent(value, strlen(value), &c->badsig);
}

static bool take_fail(struct chaos_spec *c, char *value)
{
	char *colon = strchr(value, ':');
	uint64_t status = 500;
	if (colon && (!parse_whole(colon + 1, &status) || status < 400 || status > 599))
		return false;
	c->fail_status = (int)status;
	return parse_percent(value, colon ? (size_t)(colon - value) : strlen(value), &c->fail);
}

static bool take_delay(struct chaos_spec *c, char *value)
{
	char *dots = strstr(value, "..");
	if (dots)
		*dots = 0;
	bool fine = quantity_parse_duration(value, &c->delay_from_ms);
	c->delay_to_ms = c->delay_from_ms;
	if (dots) {
		fine = fine && quantity_parse_duration(dots + 2, &c->delay_to_ms);
		*dots = '.';
	}
	return fine && c->delay_to_ms >= c->delay_from_ms && c->delay_to_ms <= INT64_C(1000) * LIMIT_CHAOS_DELAY;
}

static bool take_reorder(struct chaos_spec *c, char *value)
{
	uint64_t n = 0;
	bool fine = parse_whole(value, &n) && n >= 1 && n <= LIMIT_CHAOS_REORDER;
	c->reorder = (uint32_t)n;
	return fine;
}

static bool take_seed(struct chaos_spec *c, char *value)
{
	c->seeded = true;
	return parse_whole(value, &c->seed);
}

static const struct part {
	const char *name, *form;
	bool (*take)(struct chaos_spec *c, char *value);
} parts[] = {
	{ "duplicate", "a share such as 5%", take_duplicate },
	{ "delay", "a time such as 200ms or 200ms..2s, up to 10m", take_delay },
	{ "reorder", "how many may overtake one, 1 to 1000", take_reorder },
	{ "fail", "a share such as 10%, or 10%:503 with a status of 400 to 599", take_fail },
	{ "badsig", "a share such as 2%", take_badsig },
	{ "seed", "a whole number", take_seed },
};
#define PART_COUNT (sizeof parts / sizeof *parts)

static bool unknown(const char *name, struct error *e)
{
	const char *nearest = NULL;
	size_t least = 3;
	for (size_t i = 0; i < PART_COUNT; i++) {
		size_t distance = text_distance(parts[i].name, name);
		if (distance < least) {
			least = distance;
			nearest = parts[i].name;
		}
	}
	return error_set(
	    e, EXIT_USAGE,
	    "--chaos knows no '%.60s'%s%s: it takes duplicate, delay, reorder, fail, badsig and seed, as in "
	    "'duplicate=5%%,fail=10%%:503'",
	    name, nearest ? ", did you mean " : "", nearest ? nearest : "");
}

static bool take_part(struct chaos_spec *c, char *text, unsigned *seen, struct error *e)
{
	char *equals = strchr(text, '=');
	if (equals)
		*equals = 0;
	for (size_t i = 0; i < PART_COUNT; i++) {
		if (strcmp(parts[i].name, text) != 0)
			continue;
		if (*seen & 1u << i)
			return error_set(e, EXIT_USAGE, "--chaos has '%s' twice", text);
		*seen |= 1u << i;
		return (equals && parts[i].take(c, equals + 1)) ||
		       error_set(e, EXIT_USAGE, "--chaos: '%s=%.60s' is wrong, %s is %s", text,
				 equals ? equals + 1 : "", text, parts[i].form);
	}
	return unknown(text, e);
}

bool chaos_parse(const char *text, struct chaos_spec *out, struct error *e)
{
	char *copy = strdup(text);
	unsigned seen = 0;
	uint32_t random;
	bool fine = copy != NULL || error_set(e, EXIT_USAGE, "out of memory");
	memset(out, 0, sizeof *out);
	for (char *at = copy; fine && at;) {
		char *comma = strchr(at, ',');
		if (comma)
			*comma = 0;
		fine = take_part(out, at, &seen, e);
		at = comma ? comma + 1 : NULL;
	}
	free(copy);
	if (fine && !out->seeded) {
		fine = RAND_bytes((unsigned char *)&random, sizeof random) == 1 ||
		       error_set(e, EXIT_USAGE, "there are no random numbers for --chaos; give it a seed=");
		out->seed = fine ? random : 0;
	}
	return fine;
}

/* ---- fates ---- */

/* The finisher of splitmix64: each number has a draw of its own, whatever was drawn before. */
static uint64_t mix(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

static uint64_t draw(const struct chaos_spec *spec, uint64_t number, enum chaos_kind kind)
{
	return mix(mix(mix(spec->seed) ^ number) + (uint64_t)kind);
}

static bool hits(const struct chaos_spec *spec, uint64_t number, enum chaos_kind kind, uint32_t share)
{
	return draw(spec, number, kind) % MILLION < share;
}

struct chaos_fate chaos_decide(const struct chaos_spec *spec, uint64_t number)
{
	uint64_t span = (uint64_t)(spec->delay_to_ms - spec->delay_from_ms) + 1;
	struct chaos_fate f = {
		.delay_ms = spec->delay_from_ms + (int64_t)(draw(spec, number, CHAOS_DELAY) % span),
		.overtaken_by = (uint32_t)(draw(spec, number, CHAOS_REORDER) % (spec->reorder + UINT64_C(1))),
		.fail = hits(spec, number, CHAOS_FAIL, spec->fail),
	};
	f.badsig = !f.fail && hits(spec, number, CHAOS_BADSIG, spec->badsig);
	f.duplicate = !f.fail && hits(spec, number, CHAOS_DUPLICATE, spec->duplicate);
	return f;
}

/* ---- what became of a delivery ---- */

const char *chaos_kind_name(enum chaos_kind kind)
{
	switch (kind) {
	case CHAOS_DELAY:
		return "delay";
	case CHAOS_REORDER:
		return "reorder";
	case CHAOS_FAIL:
		return "fail";
	case CHAOS_BADSIG:
		return "badsig";
	case CHAOS_DUPLICATE:
		return "duplicate";
	}
	return "";
}

void chaos_text(char text[CHAOS_TEXT_LEN], unsigned kinds)
{
	size_t len = 0;
	text[0] = 0;
	for (unsigned kind = CHAOS_DELAY; kind <= CHAOS_DUPLICATE; kind <<= 1)
		if (kinds & kind)
			len += (size_t)snprintf(text + len, CHAOS_TEXT_LEN - len, "%s%s", len ? "," : "",
						chaos_kind_name((enum chaos_kind)kind));
}

/* ---- signatures ---- */

/* Another letter of the same kind: hex stays hex, base64 stays base64. */
static uint8_t other(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c == '9' ? '0' : (uint8_t)(c + 1);
	if ((c >= 'a' && c <= 'e') || (c >= 'A' && c <= 'E') || (c >= 'g' && c <= 'y') || (c >= 'G' && c <= 'Y'))
		return (uint8_t)(c + 1);
	return c == 'f' || c == 'F' ? (uint8_t)(c - 5) : c == 'z' || c == 'Z' ? (uint8_t)(c - 19) : 'A';
}

static size_t run_at(struct bytes value, size_t at)
{
	static const char others[] = "+/_-";
	size_t end = at;
	while (end < value.len && ((value.at[end] >= '0' && value.at[end] <= '9') ||
				   ((value.at[end] | 0x20) >= 'a' && (value.at[end] | 0x20) <= 'z') ||
				   (value.at[end] && strchr(others, value.at[end]))))
		end++;
	return end - at;
}

/* Changes every long run, since a field may hold several signatures of which one would do; else the longest run. */
static bool spoil_value(uint8_t *at, size_t len)
{
	size_t longest = 0, longest_at = 0;
	for (size_t i = 0; i < len;) {
		size_t run = run_at(bytes_make(at, len), i);
		if (run >= SIGNATURE_LEAST)
			at[i + run / 2] = other(at[i + run / 2]);
		if (run > longest) {
			longest = run;
			longest_at = i;
		}
		i += run ? run : 1;
	}
	if (longest > 0 && longest < SIGNATURE_LEAST)
		at[longest_at + longest / 2] = other(at[longest_at + longest / 2]);
	return longest > 0;
}

bool chaos_spoil_signature(struct bytes headers, struct buffer *out, bool *spoilt)
{
	struct bytes name, value;
	*spoilt = false;
	out->len = 0;
	if (!buffer_append_bytes(out, headers))
		return false;
	for (size_t pos = 0, start = 0; headers_next(headers, &pos, &name, &value); start = pos)
		if (headers_has_signature(bytes_make(headers.at + start, pos - start)) &&
		    spoil_value(out->at + (value.at - headers.at), value.len))
			*spoilt = true;
	return true;
}
