#include "client/trigger/sample_hints.h"

#include "client/trigger/event_names.h"
#include "client/trigger/samples.h"
#include "shared/text/text_distance.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define FAR SIZE_MAX
#define SPREAD 1 /* a hint further behind the best than this says nothing */

/* What is near in equal measure stands in this order, others after these. */
static const char *const often_used[] = { "stripe", "github", "gitlab", "shopify", "slack", "twilio", "paypal" };

struct search {
	char wrong[SAMPLE_HINT_LEN];    /* in lower case, '.' between its parts */
	char provider[SAMPLE_HINT_LEN]; /* its first part */
	const char *event;              /* the rest, or NULL */
	bool bound;                     /* there is such a provider, so only its events are meant */
	struct sample_hints *out;
	size_t scores[SAMPLE_HINTS_MOST];
};

static size_t rank_of(const char *name)
{
	size_t len = strcspn(name, "."), i = 0;
	while (i < sizeof often_used / sizeof *often_used &&
	       (strlen(often_used[i]) != len || strncmp(often_used[i], name, len) != 0))
		i++;
	return i;
}

/* 0: the same; 1: its end is missing; 2: the beginning of it, up to a dot or underscore; 2 for each letter; FAR: not
 * what was meant. */
static size_t compare(const char *wrong, const char *right)
{
	size_t len = strlen(wrong), distance = text_distance(wrong, right);
	if (distance == 0)
		return 0;
	if (len >= 3 && strncmp(wrong, right, len) == 0) {
		if (right[len] == '.' || right[len] == '_')
			return 2;
		if (distance <= 2)
			return 1;
	}
	return distance < text_distance_limit(wrong) ? 2 * distance : FAR;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* `usual`: what the provider's name alone stands for. */
static size_t score(const struct search *s, const char *name, bool usual)
{
	char provider[SAMPLE_HINT_LEN], event[SAMPLE_HINT_LEN];
	size_t best = FAR, first, second;
	snprintf(provider, sizeof provider, "%.*s", (int)strcspn(name, "."), name);
	snprintf(event, sizeof event, "%s", name + strlen(provider) + 1);
	for (char *c = event; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	if (s->bound && strcmp(s->provider, provider) != 0)
		return FAR;
	if (s->event) {
		first = compare(s->provider, provider);
		second = compare(s->event, event);
		/* The beginning of a provider's name is no provider: "microsoft.…". */
		if (first != FAR && second != FAR)
			best = first + second;
	} else if (usual) {
		best = compare(s->wrong, provider);
	}
	if (s->bound)
		return best;
	first = compare(s->wrong, event);
	second = text_distance(s->wrong, name);
	second = second < text_distance_limit(s->wrong) ? 2 * second : FAR;
	return least(best, least(first == FAR ? FAR : first + 1, second));
}

/* Before `other`, which has the score. */
static bool is_before(const char *name, size_t score, const char *other, size_t others)
{
	return score < others || (score == others && rank_of(name) < rank_of(other));
}

static void add(struct search *s, const char *name, bool usual)
{
	struct sample_hints *out = s->out;
	size_t mark = score(s, name, usual), at = out->count;
	if (mark == FAR)
		return;
	for (size_t i = 0; i < out->count; i++)
		if (strcmp(out->names[i], name) == 0)
			return;
	while (at > 0 && is_before(name, mark, out->names[at - 1], s->scores[at - 1]))
		at--;
	if (at == SAMPLE_HINTS_MOST)
		return;
	out->count += out->count < SAMPLE_HINTS_MOST;
	for (size_t i = out->count - 1; i > at; i--) {
		memcpy(out->names[i], out->names[i - 1], sizeof out->names[i]);
		s->scores[i] = s->scores[i - 1];
	}
	snprintf(out->names[at], sizeof out->names[at], "%s", name);
	s->scores[at] = mark;
}

static bool is_usual(const char *name)
{
	char provider[SAMPLE_HINT_LEN];
	snprintf(provider, sizeof provider, "%.*s", (int)strcspn(name, "."), name);
	const struct sample *s = samples_of_provider(provider);
	return s && strcmp(s->name, name) == 0;
}

static void begin(struct search *s, const char *wrong)
{
	size_t len = 0;
	for (; len < sizeof s->wrong - 1 && wrong[len]; len++)
		s->wrong[len] = strchr(":/ ", wrong[len]) ? '.' : (char)tolower((unsigned char)wrong[len]);
	s->wrong[len] = 0;
	memcpy(s->provider, s->wrong, sizeof s->provider);
	char *dot = strchr(s->provider, '.');
	if (dot)
		*dot = 0;
	s->event = dot && dot[1] ? s->wrong + (dot - s->provider) + 1 : NULL;
	s->bound = dot && samples_of_provider(s->provider) != NULL;
}

void sample_hints_find(const char *wrong, struct sample_hints *out)
{
	struct search s = { .out = out };
	struct bytes event;
	char name[SAMPLE_HINT_LEN];
	*out = (struct sample_hints){ .count = 0 };
	begin(&s, wrong);
	for (const struct sample *have = samples_built_in; have->name; have++)
		if (!samples_is_any(have))
			add(&s, have->name, is_usual(have->name));
	for (const struct event_names *known = event_names_built_in; known->provider; known++)
		for (const char *at = NULL; event_names_next(known, &at, &event);) {
			snprintf(name, sizeof name, "%s.%.*s", known->provider, (int)event.len, (const char *)event.at);
			add(&s, name, false);
		}
	while (out->count > 1 && s.scores[out->count - 1] > s.scores[0] + SPREAD)
		out->count--;
}

void sample_hints_join(const struct sample_hints *hints, char *out, size_t size)
{
	size_t len = 0;
	*out = 0;
	for (size_t i = 0; i < hints->count && len < size; i++)
		len += (size_t)snprintf(out + len, size - len, "%s%s",
					!i                      ? ""
					: i + 1 == hints->count ? " or "
								: ", ",
					hints->names[i]);
}
