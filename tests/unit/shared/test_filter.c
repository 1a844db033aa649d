#include "tests/unit/shared/filter_fixture.h"

/* Every field and operator, and the deliveries of filter_fixture.h it finds. */
static const struct {
	const char *filter, *ids;
} table[] = {
	{ "", "1 2 3 4 5 6 7 8 9 10 11 12 13 14" },
	{ "  ", "1 2 3 4 5 6 7 8 9 10 11 12 13 14" },
	/* status */
	{ "status:5xx", "2 14" },
	{ "status:5XX", "2 14" },
	{ "status:2xx,4xx", "1 3 10 11 12" },
	{ "status:503", "14" },
	{ "status:>=400", "2 3 10 14" },
	{ "status:>404", "2 10 14" },
	{ "status:<=201", "1 11 13" },
	{ "status:<200", "13" },
	{ "status:=200", "1" },
	{ "status:404..500", "2 3 10" },
	{ "status:500..", "2 14" },
	{ "status:..200", "1 13" },
	{ "status:err", "5 9" },
	{ "status:timeout", "6" },
	{ "status:none", "7 8" },
	{ "status:999", "" },
	{ "-status:5xx", "1 3 4 5 6 7 8 9 10 11 12 13" },
	{ "status:5xx status:2xx", "" },
	{ "status:>=100 -status:>=200", "13" },
	/* state */
	{ "state:failed", "2 3 5 6 14" },
	{ "state:waiting,sending", "7 8" },
	{ "state:held", "9" },
	{ "state:refused", "10" },
	{ "state:delivered", "1 4 11 12 13" },
	{ "-state:failed", "1 4 7 8 9 10 11 12 13" },
	/* texts */
	{ "method:get", "4" },
	{ "method:GET,put", "4 14" },
	{ "-method:POST", "4 14" },
	{ "source:stripe", "1 2 7 8 11" },
	{ "Source:Stripe", "1 2 7 8 11" },
	{ "provider:stripe status:2xx", "1 11" },
	{ "source:other", "4 12 13 14" },
	{ "source:\"other\"", "" },
	{ "source:s*", "1 2 5 6 7 8 9 10 11" },
	{ "source:/^s.*y$/", "5 6" },
	{ "event:invoice.*", "1 2 11" },
	{ "event:INVOICE.PAID", "1 11" },
	{ "event:*.updated,push", "3 7 8" },
	{ "event:*pay*", "2" },
	{ "event:/^(push|orders\\/)/", "3 5 6" },
	{ "event:orders/*", "5 6" },
	{ "event:\"invoice.*\"", "" },
	{ "event:\"\"", "4 12 13 14" },
	{ "path:/hooks/stripe", "1 2 7 8 11" },
	{ "path:/hooks/*", "1 2 3 4 5 6 7 8 9 10 11 12 13" },
	{ "path:/hooks/s*", "1 2 5 6 7 8 9 10 11" },
	{ "path:/form/", "4" },
	{ "path:/hooks/stripe/", "" },
	{ "path:/caf\xc3\xa9/(odd)", "14" },
	{ "path:\"/caf\xc3\xa9/(odd)\"", "14" },
	{ "target:*tenant=7", "1 11" },
	{ "target:/hooks/form?id=7", "4" },
	{ "host:hooks.example.com", "1 2" },
	{ "host:hooks.example.com:443", "1" },
	{ "host:*.example", "3 4" },
	{ "tunnel:shop peer:192.0.2.*", "2 4 6 8 10 12 14" },
	{ "tag:marked", "4" },
	{ "tag:MARKED", "4" },
	{ "tag:*e*", "4 11" },
	{ "tag:/^ed/", "11" },
	{ "note:anna", "2" },
	{ "note:\"why twice\"", "2" },
	{ "note:/^not/", "9" },
	{ "note:nna", "" },
	{ "-has:note has:tag", "4 11" },
	{ "has:note", "2 9" },
	/* ids */
	{ "id:5", "5" },
	{ "id:#5", "5" },
	{ "id:5,7..9", "5 7 8 9" },
	{ "id:>12", "13 14" },
	{ "id:<3", "1 2" },
	{ "id:99", "" },
	{ "id:..2", "1 2" },
	{ "id:0c0c0c0c", "12" },
	{ "id:0C0C0C0C-0c0c,3", "3 12" },
	{ "-id:2..14", "1" },
	/* times */
	{ "since:2m", "12 13 14" },
	{ "since:90s", "13 14" },
	{ "before:12m", "1" },
	{ "since:2026-11-23T13:40:34Z", "12 13 14" },
	{ "since:2026-11-23T14:40:34+01:00", "12 13 14" },
	{ "since:2026-11-23T13:40:34.000001Z", "13 14" },
	{ "since:13:40", "12 13 14" },
	{ "before:2026-11-23T13:30", "1" },
	{ "on:2026-11-23T13:40", "12" },
	{ "on:2026-11-23", "1 2 3 4 5 6 7 8 9 10 11 12 13 14" },
	{ "on:2026-11-22..2026-11-23 id:3", "3" },
	{ "on:today id:1", "1" },
	{ "on:yesterday", "" },
	{ "since:now", "14" },
	{ "since:1w before:1d", "" },
	/* numbers */
	{ "took:>500ms", "6" },
	{ "took:>=500ms", "6 11" },
	{ "took:<2ms", "5 9 12 13 14" },
	{ "took:38ms", "1" },
	{ "took:1ms", "5 9 12 13 14" },
	{ "took:1ms..4ms", "3 4 5 9 12 13 14" },
	{ "took:0.5s", "11" },
	{ "-took:>=0ms", "7 8 10" },
	{ "size:>64KiB", "13" },
	{ "size:>10k", "13" },
	{ "size:0", "4" },
	{ "size:1..16", "6 7 8 9 10 12 14" },
	{ "size.res:12 id:1", "1" },
	{ "attempts:>1", "2 5 6" },
	{ "attempts:2,5", "5 6" },
	{ "attempts:0", "7 8 10" },
	/* words */
	{ "sig:bad", "2" },
	{ "sig:valid", "1 3 11" },
	{ "signature:none,good", "1 3 4 11 12 13 14" },
	{ "is:replay", "11" },
	{ "is:queued,import", "4 12" },
	{ "is:marked", "4" },
	{ "is:edited", "11" },
	{ "is:trigger", "13" },
	{ "-is:live", "4 11 12 13" },
	{ "has:error", "5 6 9" },
	{ "-has:error -has:response", "7 8" },
	{ "has:body,error -id:1..12", "13 14" },
	/* headers */
	{ "header:x-request-id", "1 3" },
	{ "header:X-REQUEST-ID=abc", "1" },
	{ "header:x-request-id=ab*", "1 3" },
	{ "header:x-request-id=/C$/", "1" },
	{ "header:x-many=two", "1" },
	{ "-header:x-request-id method:POST id:1..3", "2" },
	{ "header:host=\"hooks.example.com:443\"", "1" },
	{ "header.res:content-type=text/*", "1 2 3 4 5 6 9 11 12 13 14" },
	{ "header.res:x-none", "" },
	/* bodies */
	{ "body:cus_1042", "1 11" },
	{ "body:\"cus_1042\"", "1 11" },
	{ "body:CUS_", "1 2 11" },
	{ "body:cus", "1 2 11" },
	{ "body:us_1042", "" },
	{ "body:*us_1042*", "1 11" },
	{ "body:us_1042*", "1 11" },
	{ "body:refund", "3 6" },
	{ "body:\"refund it\"", "6" },
	{ "body:*refund", "3 5 6 12" },
	{ "body:/re ?fund(ed)?$/", "" },
	{ "body:/refund(ed)?$/", "3" },
	{ "body:/re[[:space:]]*fund/", "3 5 6 12" },
	{ "body:needle", "" },
	{ "body:*needle*", "13" },
	{ "body:boundary", "" },
	{ "body:boun", "13" },
	{ "body:\"\\\"quoted\\\"\"", "14" },
	{ "body:caf\xc3\xa9", "14" },
	{ "body:\"...\"", "13" },
	{ "body.res:cus_9 id:1..8", "1 2 3 4 5 6" },
	{ "body.res:cus_1042", "" },
	/* JSON */
	{ "json:data.object.id=cus_1042", "1 11" },
	{ "json:data.object.id=CUS_*", "1 2 11" },
	{ "json:data.object.id=/_[0-9]$/", "2" },
	{ "json:data.object.id", "1 2 11" },
	{ "json:data.object.amount>=4900", "1 11" },
	{ "json:data.object.amount<4900", "2" },
	{ "json:data.object.amount<=3", "2" },
	{ "json:data.object.amount>3", "1 11" },
	{ "json:data.object.amount=3.0", "2" },
	{ "json:livemode=true", "1 11" },
	{ "json:none=null", "1 11" },
	{ "json:items.0=5", "1 11" },
	{ "json:items.1=six", "1 11" },
	{ "json:\"odd key\".\"a.b\"=1", "1 11" },
	{ "-json:livemode id:1..3", "2 3" },
	{ "json:0", "" },
	/* words without a field */
	{ "invoice", "1 2 11" },
	{ "refund", "3 6" },
	{ "refund -path:/hooks/github", "6" },
	{ "payment_failed", "2" },
	{ "tenant=7", "1 11" },
	{ "/hooks/slack", "9 10" },
	{ "/hooks/", "1 2 3 4 5 6 7 8 9 10 11 12 13" },
	{ "\"/hooks/slack\"", "9 10" },
	{ "12", "12" },
	{ "0c0c0c0c-0c0c", "12" },
	{ "*efun*", "3 5 6 12" },
	{ "waiting one", "7" },
	{ "\"waiting one\"", "7" },
	{ "caf\xc3\xa9", "14" },
	{ "one", "5 7 8 9 10" },
	{ "on", "5 7 8 9 10" },
	/* how terms go together */
	{ "source:stripe state:failed", "2" },
	{ "status:5xx OR status:err", "2 5 9 14" },
	{ "source:github OR source:slack status:err", "3 9" },
	{ "(source:github OR source:slack) status:err", "9" },
	{ "source:stripe AND NOT status:2xx", "2 7 8" },
	{ "-(source:stripe OR source:shopify) -source:other", "3 9 10" },
	{ "--source:github", "3" },
	{ "-(-source:github)", "3" },
	{ "refund OR push", "3 6" },
	{ "refund OR source:slack", "3 6 9 10" },
	{ "-refund source:shopify", "5" },
	{ "invoice (paid OR 2)", "1 2 11" },
	{ "event:invoice.paid,push body:refunded", "3" },
	{ "header:x-request-id=abc body:evt_1 event:invoice.paid", "1" },
	{ "((((id:3))))", "3" },
	{ "or", "5 6" },
};

static struct filter *parse(const char *text)
{
	struct filter_error fe;
	struct filter *f = filter_parse(text, NOW_US, &fe);
	if (!f)
		fail_msg("%s: column %d: %s", text, fe.column, fe.text);
	return f;
}

static bool finds(struct store *s, const char *text, const char *ids)
{
	struct filter *f = parse(text);
	struct error e;
	char found[160] = "", backwards[160] = "";
	uint64_t count, expected = *ids != 0;
	struct store_search up = { .filter = f, .forward = true, .limit = 100, .row = put_id, .user = found };
	struct store_search down = { .filter = f, .limit = 100, .row = put_id_before, .user = backwards };
	if (!store_filter(s, &up, &e) || !store_filter(s, &down, &e) || !store_filter_count(s, &up, &count, &e))
		fail_msg("%s: %s", text, e.text);
	for (const char *at = ids; *at; at++)
		expected += *at == ' ';
	bool fine = strcmp(found, ids) == 0 && strcmp(backwards, ids) == 0 && count == expected;
	if (!fine)
		print_error("%s: found '%s', backwards '%s', counted %d, expected '%s'\n", text, found, backwards,
			    (int)count, ids);
	filter_free(f);
	return fine;
}

static void test_table(void **state)
{
	struct store *s = open_store();
	int wrong = 0;
	(void)state;
	setenv("TZ", "UTC", 1);
	fill_filter_store(s);
	/* The search index empty, in part and wholly filled: it changes nothing but the time it takes. */
	for (int indexed = 0; indexed <= SAMPLES; indexed += SAMPLES / 2) {
		index_up_to(s, indexed);
		for (size_t i = 0; i < sizeof table / sizeof *table; i++)
			wrong += !finds(s, table[i].filter, table[i].ids);
	}
	assert_int_equal(wrong, 0);
	store_close(s);
}

static const struct {
	const char *filter;
	int column;
	const char *part; /* of the sentence */
} errors[] = {
	{ "stauts:5xx", 1, "did you mean status:" },
	{ "source:stripe evnt:x", 15, "did you mean event:" },
	{ "http://x", 1, "quote it" },
	{ "status:", 8, "a value is missing" },
	{ "status: 5xx", 8, "a value is missing" },
	{ "status:5yy", 8, "5xx" },
	{ "status:42", 8, "not a status" },
	{ "status:5xx,", 12, "a value is missing" },
	{ "status:(4xx OR 5xx)", 8, "no parentheses" },
	{ "status:500..400", 8, "backwards" },
	{ "status:..", 8, "a range is written" },
	{ "status:5*", 8, "for texts" },
	{ "status=500", 1, "status:500" },
	{ "took>1s", 1, "took:>1s" },
	{ "state:faild", 7, "state:failed" },
	{ "state:delivered,hold", 17, "state:held" },
	{ "is:failed", 4, "state:failed" },
	{ "is:nonsense", 4, "which takes live" },
	{ "sig:baad", 5, "sig:bad" },
	{ "took:5", 6, "not a duration" },
	{ "took:>fast", 6, "not a duration" },
	{ "size:10x", 6, "not a size" },
	{ "since:soon", 7, "not a time" },
	{ "since:2026-13-01", 7, "not a time" },
	{ "on:2026-11-20T25:00", 4, "not a time" },
	{ "attempts:many", 10, "not a number" },
	{ "id:zzz", 4, "not a number" },
	{ "header:", 8, "a value is missing" },
	{ "header:=x", 8, "field's name" },
	{ "header:a@b=x", 8, "field's name" },
	{ "json:.x", 6, "a name is missing" },
	{ "json:a.=x", 8, "a name is missing" },
	{ "json:a=", 8, "a value is missing" },
	{ "json:a>x", 8, "a number must follow" },
	{ "json:a>nan", 8, "a number must follow" },
	{ "event:/(/", 7, "a ( has no )" },
	{ "event:/(a)\\1/", 7, "\\1 to \\9" },
	{ "event:/(((a{90}){90}){90}){90}/", 7, "repeats too much" },
	{ "body:\"\"", 6, "nothing to search" },
	{ "\"\"", 1, "nothing to search" },
	{ "body:\"x", 6, "no second" },
	{ "x \"y", 3, "no second" },
	{ "\"a\"b", 4, "a blank" },
	{ "(status:5xx", 1, "has no )" },
	{ "status:5xx)", 11, "has no (" },
	{ "()", 2, "a term is missing" },
	{ "OR x", 1, "a term is missing" },
	{ "x OR", 5, "a term is missing" },
	{ "x AND", 6, "after AND" },
	{ "x - y", 3, "directly before" },
	{ "NOT", 1, "directly before" },
	{ "~c 500", 1, "status:500" },
	{ "x ~hq foo", 3, "header:NAME=VALUE" },
	{ "~zz", 1, "begins no term" },
	{ "a | b", 3, "OR" },
	{ "a & b", 3, "AND" },
	{ "!a", 1, "with -" },
	{ "caf\xc3\xa9 stauts:1", 6, "did you mean" },
};

static void test_errors(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
		struct filter_error fe;
		struct filter *f = filter_parse(errors[i].filter, NOW_US, &fe);
		if (f)
			fail_msg("%s: was taken", errors[i].filter);
		if (fe.column != errors[i].column || !strstr(fe.text, errors[i].part))
			fail_msg("%s: column %d, %s", errors[i].filter, fe.column, fe.text);
	}
}

static void test_bounds(void **state)
{
	struct filter_error fe;
	char text[FILTER_TEXT_MAX + 2];
	(void)state;
	memset(text, 'x', sizeof text);
	text[sizeof text - 1] = 0;
	assert_null(filter_parse(text, NOW_US, &fe));
	assert_string_equal(fe.text, "a filter has 2000 bytes at most");
	memset(text, '(', 100);
	strcpy(text + 100, "x");
	assert_null(filter_parse(text, NOW_US, &fe));
	assert_string_equal(fe.text, "parentheses go 32 deep at most");
	memset(text, '-', 1000);
	strcpy(text + 1000, "x");
	filter_free(parse(text));
	*text = 0;
	for (int i = 0; i < FILTER_TERMS_MAX; i++)
		strcat(text, "ab ");
	filter_free(parse(text));
	strcat(text, "ab");
	assert_null(filter_parse(text, NOW_US, &fe));
	assert_int_equal(fe.column, 64 * 3 + 1);
	strcpy(text, "id:0");
	for (int i = 1; i < FILTER_ATOMS_MAX; i++)
		strcat(text, ",0");
	filter_free(parse(text));
	strcat(text, ",0");
	assert_null(filter_parse(text, NOW_US, &fe));
}

static void test_caret(void **state)
{
	struct buffer b = { 0 };
	(void)state;
	assert_true(filter_caret(&b, "caf\xc3\xa9\x1b stauts:1", 7));
	assert_true(bytes_equal(buffer_view(&b), bytes_of("caf\xc3\xa9^[ stauts:1\n       ^\n")));
	b.len = 0;
	assert_true(filter_caret(&b, "status:", 8));
	assert_true(bytes_equal(buffer_view(&b), bytes_of("status:\n       ^\n")));
	b.len = 0;
	char lengthy[3000];
	memset(lengthy, 'a', sizeof lengthy);
	lengthy[sizeof lengthy - 1] = 0;
	lengthy[2000] = '(';
	assert_true(filter_caret(&b, lengthy, 2001) && buffer_put_u8(&b, 0));
	assert_int_equal(strcspn((const char *)b.at, "\n"), 3 + 60 + 1 + 60 + 3);
	assert_int_equal(b.at[3 + 60], '(');
	assert_string_equal(strchr((const char *)b.at, '\n') + 1 + 61, "^\n");
	b.len = 0;
	assert_true(filter_caret(&b, "", 1));
	assert_true(bytes_equal(buffer_view(&b), bytes_of("\n^\n")));
	buffer_free(&b);
}

static void test_walks(void **state)
{
	static const struct {
		const char *filter;
		bool walks;
	} cases[] = { { "", false },
		      { "status:5xx", false },
		      { "-status:2xx", false },
		      { "status:2xx", true },
		      { "-status:5xx", true },
		      { "state:delivered", true },
		      { "state:failed OR status:err", false },
		      { "id:3..9", false },
		      { "-state:failed", true },
		      { "status:503", true },
		      { "status:5xx took:>1s", true },
		      { "body:x", true } };
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct filter *f = parse(cases[i].filter);
		if (filter_walks(f) != cases[i].walks)
			fail_msg("%s", cases[i].filter);
		filter_free(f);
	}
}

/* What completion offers can be typed. */
static void test_words(void **state)
{
	const char *name, *example;
	size_t fields = 0, words = 0;
	(void)state;
	for (; (name = filter_field_name(fields, &example)); fields++) {
		struct filter_error e;
		const char *word;
		assert_non_null(strstr(example, name));
		for (size_t i = 0; (word = filter_field_word(name, strlen(name), i)); i++, words++) {
			char text[100];
			snprintf(text, sizeof text, "%s:%s", name, word);
			struct filter *f = filter_parse(text, UINT64_C(1795435200000000), &e);
			if (!f)
				fail_msg("%s: %s", text, e.text);
			filter_free(f);
		}
	}
	assert_int_equal(fields, 28);
	assert_true(words > 30);
	assert_null(filter_field_word("body", 4, 0));
	assert_null(filter_field_word("bodx", 4, 0));
	assert_string_equal(filter_field_word("status:x", 6, 3), "5xx");
}

int main(void)
{
	const struct CMUnitTest tests[] = { IN_FOLDER(test_table),         cmocka_unit_test(test_errors),
					    cmocka_unit_test(test_bounds), cmocka_unit_test(test_words),
					    cmocka_unit_test(test_caret),  cmocka_unit_test(test_walks) };
	return RUN(tests);
}
