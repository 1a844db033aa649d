/* The table of the relay's limits: each row says all there is to say, is heeded in the file that it names, and stands
 * in creel-relay(8) and /metrics as it is. Run from the project's root. */
#include "relay/common/limits.h"
#include "relay/common/relay.h"
#include "shared/wire/wire.h"
#include "tests/unit/unit.h"

#include <ctype.h>

/* What the code of a row goes by. */
static const struct {
	const char *fixed, *reached, *member;
} words[LIMITS_COUNT] = {
#define SETTING(id, member, name, unit, preset, least, most, zero, refusal, counting, file, about, then)               \
	[REACHED_##id] = { "LIMIT_" #id, "REACHED_" #id, #member },
#define FIXED(id, name, unit, value, refusal, counting, file, about, then)                                             \
	[REACHED_##id] = { "LIMIT_" #id, "REACHED_" #id, NULL },
#include "relay/common/limits.def"
};

static char *read_text(const char *path)
{
	FILE *f = fopen(path, "rb");
	char *text = calloc(1, 1u << 20);
	if (!f || !text)
		fail_msg("%s is not there", path);
	else
		assert_true(fread(text, 1, (1u << 20) - 1, f) > 0);
	if (f)
		fclose(f);
	return text;
}

static bool has_word(const char *text, const char *word)
{
	size_t len = strlen(word);
	for (const char *at = text; (at = strstr(at, word)) != NULL; at += len)
		if (at > text && !isalnum((unsigned char)at[-1]) && at[-1] != '_' && !isalnum((unsigned char)at[len]) &&
		    at[len] != '_')
			return true;
	return false;
}

static void test_rows_are_whole(void **state)
{
	(void)state;
	for (enum limit l = 0; l < LIMITS_COUNT; l++) {
		const struct limit_row *r = limits_row(l);
		if (!*r->name || !*r->about || (!*r->then && r->refusal == REFUSE_NOTHING))
			fail_msg("%s does not say what it bounds, or what happens at it", words[l].fixed);
		if (r->is_setting ? !r->preset && !r->zero : r->value <= 0)
			fail_msg("%s has no value", r->name);
		if (r->counting == LIMIT_BY_REFUSAL && r->refusal == REFUSE_NOTHING)
			fail_msg("%s is counted by a refusal, and has none", r->name);
		for (enum limit other = 0; other < l; other++) {
			const struct limit_row *o = limits_row(other);
			assert_string_not_equal(o->name, r->name);
			if (r->counting == LIMIT_BY_REFUSAL && o->refusal == r->refusal)
				fail_msg("the refusal of %s does not tell it from %s", r->name, o->name);
		}
	}
	assert_int_equal(LIMIT_HEAD_BYTES, WIRE_MAX_HEADER_BLOCK);
}

static void test_files_heed_them(void **state)
{
	(void)state;
	for (enum limit l = 0; l < LIMITS_COUNT; l++) {
		const struct limit_row *r = limits_row(l);
		char *text = read_text(r->file);
		if (!has_word(text, words[l].fixed) && !has_word(text, words[l].reached) &&
		    !(words[l].member && has_word(text, words[l].member)))
			fail_msg("%s is not heeded in %s", r->name, r->file);
		free(text);
	}
}

/* What `creel-relay serve --limits` says of a row, as the manual has it. */
static void test_manual(void **state)
{
	char *page = read_text("relay/creel-relay.8"), *limits = strstr(page, "\n.SH LIMITS\n"), *to = limits;
	(void)state;
	assert_non_null(limits);
	/* Lines are joined, hyphens as they are read. */
	for (const char *from = limits; *from; from++)
		if (*from != '\\' || from[1] != '-')
			*to++ = *from == '\n' ? ' ' : *from;
	*to = 0;
	for (enum limit l = 0; l < LIMITS_COUNT; l++) {
		const struct limit_row *r = limits_row(l);
		char value[QUANTITY_LEN], end[300], entry[700];
		limits_format(r->unit, r->value, value);
		limits_format_end(r, end, sizeof end);
		const char *shown = r->is_setting ? r->preset : value;
		if (!shown || strcmp(shown, "0") == 0)
			shown = r->zero;
		snprintf(entry, sizeof entry, ".TP \\fB%s\\fR %s %c%s. Beyond it: %s. ", r->name, shown,
			 toupper((unsigned char)*r->about), r->about + 1, end);
		if (!strstr(limits, entry))
			fail_msg("creel-relay(8) lacks: %s", entry);
	}
	free(page);
}

static void test_metrics(void **state)
{
	static struct relay relay;
	struct buffer out = { 0 };
	(void)state;
	relay.settings.max_body = 1234;
	relay.settings.reply_timeout_ms = 1500;
	relay.settings.spool_max_bytes = 1000;
	relay.metrics.refused[REFUSE_BODY_TOO_LARGE] = 3;
	relay.metrics.reached[REACHED_IDLE] = 4;
	assert_true(limits_append_metrics(&out, &relay) && buffer_put_u8(&out, 0));
	const char *text = (const char *)out.at;
	assert_non_null(strstr(text, "\ncreel_relay_limit{name=\"max-body\"} 1234\n"));
	assert_non_null(strstr(text, "\ncreel_relay_limit{name=\"reply-timeout\"} 1.500\n"));
	assert_non_null(strstr(text, "\ncreel_relay_limit{name=\"idle\"} 75\n"));
	assert_non_null(strstr(text, "\ncreel_relay_limit{name=\"spool-max-total\"} 16000\n"));
	assert_non_null(strstr(text, "\ncreel_relay_limit_reached_total{name=\"max-body\"} 3\n"));
	assert_non_null(strstr(text, "\ncreel_relay_limit_reached_total{name=\"idle\"} 4\n"));
	for (enum limit l = 0; l < LIMITS_COUNT; l++) {
		const struct limit_row *r = limits_row(l);
		char name[100];
		snprintf(name, sizeof name, "\ncreel_relay_limit{name=\"%s\"} ", r->name);
		assert_non_null(strstr(text, name));
		snprintf(name, sizeof name, "\ncreel_relay_limit_reached_total{name=\"%s\"} ", r->name);
		assert_true((strstr(text, name) != NULL) == (r->counting != LIMIT_UNCOUNTED));
	}
	buffer_free(&out);
}

static void test_a_total_that_is_not_set(void **state)
{
	struct settings s = { .spool_max_bytes = 100, .max_body = 5000 };
	(void)state;
	assert_int_equal(limits_value(REACHED_SPOOL_MAX_TOTAL, &s), 5000); /* one body of the largest size has room */
	s.max_body = 10;
	assert_int_equal(limits_value(REACHED_SPOOL_MAX_TOTAL, &s), 1600);
	s.spool_max_bytes = UINT64_C(1) << 62;
	assert_true(limits_value(REACHED_SPOOL_MAX_TOTAL, &s) == INT64_MAX);
	s.spool_max_total = 7;
	assert_int_equal(limits_value(REACHED_SPOOL_MAX_TOTAL, &s), 7);
}

static void test_refusals(void **state)
{
	(void)state;
	for (enum refusal why = REFUSE_NOTHING + 1; why < REFUSE_COUNT; why++) {
		const struct refusal_text *t = refusal_text(why);
		assert_true(t->status >= 300 && t->status < 600 && *t->name && *t->sentence);
		assert_int_equal(t->sentence[strlen(t->sentence) - 1], '.');
		for (enum refusal other = REFUSE_NOTHING; other < why; other++)
			assert_string_not_equal(refusal_text(other)->name, t->name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows_are_whole),
		cmocka_unit_test(test_files_heed_them),
		cmocka_unit_test(test_manual),
		cmocka_unit_test(test_metrics),
		cmocka_unit_test(test_a_total_that_is_not_set),
		cmocka_unit_test(test_refusals),
	};
	return RUN(tests);
}
