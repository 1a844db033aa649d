#include "relay/common/limits.h"

#include "relay/common/relay.h"

#include <inttypes.h>
#include <string.h>

static const struct limit_row rows[LIMITS_COUNT] = {
#define SETTING(id, member, name_, unit_, preset_, least_, most_, zero_, refusal_, counting_, file_, about_, then_)    \
	[REACHED_##id] = { .name = (name_),                                                                            \
			   .unit = LIMIT_UNIT_##unit_,                                                                 \
			   .is_setting = true,                                                                         \
			   .offset = offsetof(struct settings, member),                                                \
			   .preset = (preset_),                                                                        \
			   .least = (least_),                                                                          \
			   .most = (most_),                                                                            \
			   .zero = (zero_),                                                                            \
			   .refusal = REFUSE_##refusal_,                                                               \
			   .counting = LIMIT_##counting_,                                                              \
			   .file = (file_),                                                                            \
			   .about = (about_),                                                                          \
			   .then = (then_) },
#define FIXED(id, name_, unit_, value_, refusal_, counting_, file_, about_, then_)                                     \
	[REACHED_##id] = { .name = (name_),                                                                            \
			   .unit = LIMIT_UNIT_##unit_,                                                                 \
			   .value = (value_),                                                                          \
                                                                                                                       \
			   .refusal = REFUSE_##refusal_,                                                               \
			   .counting = LIMIT_##counting_,                                                              \
			   .file = (file_),                                                                            \
			   .about = (about_),                                                                          \
			   .then = (then_) },
#include "relay/common/limits.def"
};

const struct limit_row *limits_row(enum limit l)
{
	return &rows[l];
}

/* As many bytes as LIMITS_SPOOL_TUNNELS tunnels may have, and never less than a single body of the largest size. */
static uint64_t usual_spool_total(const struct settings *s)
{
	uint64_t total;
	if (__builtin_mul_overflow(s->spool_max_bytes, LIMITS_SPOOL_TUNNELS, &total))
		total = INT64_MAX;
	return total < s->max_body ? s->max_body : total;
}

int64_t limits_value(enum limit l, const struct settings *s)
{
	int64_t value = rows[l].value;
	/* A size of struct settings is unsigned, and no option takes one above INT64_MAX. */
	if (rows[l].is_setting)
		memcpy(&value, (const char *)s + rows[l].offset, sizeof value);
	return l == REACHED_SPOOL_MAX_TOTAL && value == 0 ? (int64_t)usual_spool_total(s) : value;
}

void limits_format(enum limit_unit unit, int64_t value, char out[QUANTITY_LEN])
{
	switch (unit) {
	case LIMIT_UNIT_BYTES:
		quantity_format_size((uint64_t)value, out);
		break;
	case LIMIT_UNIT_MS:
		quantity_format_duration(value, out);
		break;
	case LIMIT_UNIT_SECONDS:
		quantity_format_duration(value * 1000, out);
		break;
	case LIMIT_UNIT_COUNT:
		snprintf(out, QUANTITY_LEN, "%" PRId64, value);
		break;
	}
}

void limits_format_end(const struct limit_row *row, char *out, size_t size)
{
	const struct refusal_text *t = refusal_text(row->refusal);
	if (row->refusal == REFUSE_NOTHING)
		snprintf(out, size, "%s", row->then);
	else
		snprintf(out, size, "%d %s%s%s", t->status, t->name, *row->then ? "; " : "", row->then);
}

static void print_some(FILE *out, const struct settings *s, bool settings)
{
	for (enum limit l = 0; l < LIMITS_COUNT; l++) {
		char value[QUANTITY_LEN], end[300];
		if (rows[l].is_setting != settings)
			continue;
		int64_t number = limits_value(l, s);
		limits_format(rows[l].unit, number, value);
		limits_format_end(&rows[l], end, sizeof end);
		fprintf(out, "  %-28s %s\n      %s. Beyond it: %s.\n", rows[l].name,
			number == 0 && rows[l].zero ? rows[l].zero : value, rows[l].about, end);
	}
}

void limits_print(FILE *out, const struct settings *s)
{
	fputs("Limits that the option of the same name sets, with their values now:\n\n", out);
	print_some(out, s, true);
	fputs("\nFixed limits:\n\n", out);
	print_some(out, s, false);
}

/* In Prometheus' base units, and without a fraction where there is none. */
static bool append_value(struct buffer *out, const struct limit_row *row, int64_t value)
{
	if (row->unit != LIMIT_UNIT_MS || value % 1000 == 0)
		return buffer_printf(out, "creel_relay_limit{name=\"%s\"} %" PRId64 "\n", row->name,
				     row->unit == LIMIT_UNIT_MS ? value / 1000 : value);
	return buffer_printf(out, "creel_relay_limit{name=\"%s\"} %" PRId64 ".%03d\n", row->name, value / 1000,
			     (int)(value % 1000));
}

bool limits_append_metrics(struct buffer *out, const struct relay *relay)
{
	bool fine = buffer_append_text(
	    out, "# HELP creel_relay_limit Limits of the relay, in bytes, seconds or as a number; 0: no limit.\n"
		 "# TYPE creel_relay_limit gauge\n");
	for (enum limit l = 0; l < LIMITS_COUNT; l++)
		fine = fine && append_value(out, &rows[l], limits_value(l, &relay->settings));
	fine = fine && buffer_append_text(
			   out, "# HELP creel_relay_limit_reached_total How often somebody was turned away at it.\n"
				"# TYPE creel_relay_limit_reached_total counter\n");
	for (enum limit l = 0; l < LIMITS_COUNT; l++)
		if (rows[l].counting != LIMIT_UNCOUNTED)
			fine = fine && buffer_printf(out, "creel_relay_limit_reached_total{name=\"%s\"} %" PRIu64 "\n",
						     rows[l].name,
						     rows[l].counting == LIMIT_COUNTED
							 ? relay->metrics.reached[l]
							 : relay->metrics.refused[rows[l].refusal]);
	return fine;
}
