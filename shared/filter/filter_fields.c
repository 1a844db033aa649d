/* The table of fields, and looking things up in it. */
#include "shared/filter/filter_fields.h"
#include "shared/base/delivery_state.h"
#include "shared/text/text_distance.h"

#include <string.h>
#include <strings.h>

#define REQUEST_HEADERS "(SELECT headers FROM message WHERE id = d.id * 4096)"
/* The last attempt's answer: a short one stands in the attempt's row, another in message (store.sql). */
#define LAST_ATTEMPT                                                                                                   \
	"attempt AS a LEFT JOIN message AS m ON m.id = a.id AND a.headers IS NULL WHERE d.attempts > 0"                \
	" AND a.id = d.id * 4096 + d.attempts"
#define RESPONSE_HEADERS "(SELECT coalesce(a.headers, m.headers) FROM " LAST_ATTEMPT ")"
#define ANSWER                                                                                                         \
	"SELECT a.id AS id, coalesce(a.headers, m.headers) AS headers, CASE WHEN a.headers IS NOT NULL THEN a.body"    \
	" WHEN length(m.body) <= 65536 AND (length(m.body) > 0 OR a.response_bytes <= 65536) THEN m.body END AS body"  \
	" FROM " LAST_ATTEMPT

/* A state can be reached with few classes (store_insert_attempt, store_set_state); class 0 may be any that was
 * imported. */
#define NO_ANSWER_YET FILTER_CLASS(0)
#define ERROR_OR_TIMEOUT (FILTER_CLASS(6) | FILTER_CLASS(7))
#define NOT_DELIVERED (NO_ANSWER_YET | FILTER_CLASS(4) | FILTER_CLASS(5) | ERROR_OR_TIMEOUT)
#define DELIVERED (NO_ANSWER_YET | FILTER_CLASS(1) | FILTER_CLASS(2) | FILTER_CLASS(3) | FILTER_CLASS(6))

static const struct filter_choice states[] = {
	{ .word = "waiting", .value = DELIVERY_WAITING, .classes = NO_ANSWER_YET },
	{ .word = "sending", .value = DELIVERY_SENDING, .classes = NO_ANSWER_YET },
	{ .word = "delivered", .value = DELIVERY_DELIVERED, .classes = DELIVERED },
	{ .word = "failed", .value = DELIVERY_FAILED, .classes = NOT_DELIVERED },
	{ .word = "held", .value = DELIVERY_HELD, .classes = NOT_DELIVERED },
	{ .word = "refused", .value = DELIVERY_REFUSED, .classes = NOT_DELIVERED },
	{ 0 },
};

static const struct filter_choice signatures[] = {
	{ .word = "valid", .text = "valid" },
	{ .word = "good", .text = "valid" },
	{ .word = "invalid", .text = "invalid" },
	{ .word = "bad", .text = "invalid" },
	{ .word = "none", .text = "none" },
	{ .word = "unknown", .text = "unknown" },
	{ 0 },
};

static const struct filter_choice origins[] = {
	{ .word = "live", .value = ORIGIN_LIVE },
	{ .word = "spool", .value = ORIGIN_SPOOL },
	{ .word = "queued", .value = ORIGIN_SPOOL },
	{ .word = "replay", .value = ORIGIN_REPLAY },
	{ .word = "import", .value = ORIGIN_IMPORT },
	{ .word = "trigger", .value = ORIGIN_TRIGGER },
	{ .word = "marked", .tag = "marked" },
	{ .word = "edited", .tag = "edited" },
	{ 0 },
};

static const struct filter_choice parts[] = {
	{ .word = "error", .sql = "d.status_class IN (6, 7)", .classes = ERROR_OR_TIMEOUT, .exact = true },
	{ .word = "body", .sql = "d.request_bytes > 0" },
	{ .word = "response", .sql = "d.status > 0" },
	{ .word = "note", .sql = "d.id IN (SELECT delivery_id FROM note WHERE delivery_id BETWEEN ?1 AND ?2)" },
	{ .word = "tag", .sql = "d.id IN (SELECT delivery_id FROM tag WHERE delivery_id BETWEEN ?1 AND ?2)" },
	{ 0 },
};

static const char *const statuses[] = { "2xx", "3xx", "4xx", "5xx", "err", "timeout", "none", NULL };
static const char *const spans[] = { "10m", "1h", "24h", "7d", "today", "yesterday", NULL };
static const char *const days[] = { "today", "yesterday", NULL };

static const struct filter_field fields[] = {
#define FIELD(name_, offered, ...) { .name = (name_), __VA_ARGS__ },
#include "shared/filter/filter_fields.def"
#undef FIELD
};
#define FIELDS (sizeof fields / sizeof *fields)

const struct filter_field filter_field_of_words = { .kind = KIND_WORD, .index = "ab", .reads = true };

static bool is_named(const char *name, const char *at, size_t len)
{
	return name && strlen(name) == len && strncasecmp(name, at, len) == 0;
}

const struct filter_field *filter_field_find(const char *at, size_t len, const char **name)
{
	for (const struct filter_field *f = fields; f < fields + FIELDS; f++) {
		*name = is_named(f->alias, at, len) ? f->alias : f->name;
		if (is_named(*name, at, len))
			return f;
	}
	return NULL;
}

const char *filter_field_nearest(const char *name)
{
	const char *nearest = NULL;
	size_t least = strlen(name) < 3 ? strlen(name) : 3;
	for (const struct filter_field *f = fields; f < fields + FIELDS; f++) {
		const char *const names[] = { f->name, f->alias };
		for (size_t i = 0; i < 2 && names[i]; i++) {
			size_t distance = text_distance(names[i], name);
			if (distance < least) {
				least = distance;
				nearest = names[i];
			}
		}
	}
	return nearest;
}

const struct filter_choice *filter_field_with_choice(const char *word, const struct filter_field **field)
{
	for (const struct filter_field *f = fields; f < fields + FIELDS; f++) {
		for (const struct filter_choice *c = f->choices; c && c->word; c++) {
			if (strcasecmp(c->word, word) == 0) {
				*field = f;
				return c;
			}
		}
	}
	return NULL;
}

const char *filter_field_name(size_t i, const char **example)
{
	if (i >= FIELDS)
		return NULL;
	*example = fields[i].example;
	return fields[i].name;
}

const char *filter_field_word(const char *field, size_t len, size_t i)
{
	const char *name;
	const struct filter_field *f = filter_field_find(field, len, &name);
	for (const char *const *word = f ? f->words : NULL; word && *word; word++)
		if (i-- == 0)
			return *word;
	for (const struct filter_choice *c = f ? f->choices : NULL; c && c->word; c++)
		if (i-- == 0)
			return c->word;
	return NULL;
}
