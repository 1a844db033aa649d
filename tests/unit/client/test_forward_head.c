/* Who the app is told sent a request: the fields X-Forwarded-… and Creel-… of a call, out of what the sender wrote. */
#include "client/app/forward_head.h"
#include "client/app/forwarded.h"
#include "tests/unit/unit.h"

#include <string.h>
#include <strings.h>

/* The lines of a call that tell the sender, and those like them, each ended by '\n'. */
static void claims(struct forward_request *r, const struct forward_options *options, char *out, size_t size)
{
	struct forward_options o = *options;
	struct error e;
	o.host_header = o.host_header ? o.host_header : "rewrite";
	r->attempt = 2;
	r->method = bytes_of("POST");
	r->target = bytes_of("/");
	struct buffer head = { 0 };
	assert_true(forward_head_write(&head, r, &o, "", "localhost:3000", &e) && buffer_put_u8(&head, 0));
	*out = 0;
	for (char *line = strtok((char *)head.at, "\r\n"); line; line = strtok(NULL, "\r\n"))
		if (strcasestr(line, "forwarded") || strcasestr(line, "creel") || strcasestr(line, "real"))
			snprintf(out + strlen(out), size - strlen(out), "%s\n", line);
	buffer_free(&head);
}

#define CREEL "Creel-Event-Id: 00000000-0000-0000-0000-000000000000\nCreel-Attempt: 2\n"
#define HOST "Host: hooks.test\r\n"

struct row {
	const char *what, *peer, *headers, *want;
	bool https, forwarded;
};

static const struct row rows[] = {
	{ "nothing claimed", "192.0.2.1:5", HOST,
	  "X-Forwarded-For: 192.0.2.1\nX-Forwarded-Proto: http\nX-Forwarded-Host: hooks.test\n", false, false },
	{ "over TLS, from IPv6", "[2001:db8::1]:5", HOST,
	  "X-Forwarded-For: 2001:db8::1\nX-Forwarded-Proto: https\nX-Forwarded-Host: hooks.test\n", true, false },
	{ "a peer without a port", "[2001:db8::1]", HOST,
	  "X-Forwarded-For: 2001:db8::1\nX-Forwarded-Proto: http\nX-Forwarded-Host: hooks.test\n", false, false },
	{ "an IPv4 peer without a port", "192.0.2.1", HOST,
	  "X-Forwarded-For: 192.0.2.1\nX-Forwarded-Proto: http\nX-Forwarded-Host: hooks.test\n", false, false },
	{ "forged", "192.0.2.1:5",
	  HOST "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: bank.test\r\n",
	  "X-Forwarded-For: 6.6.6.6, 192.0.2.1\nX-Forwarded-Proto: http\nX-Forwarded-Host: hooks.test\n", false,
	  false },
	{ "forged, in other letters and several times", "192.0.2.1:5",
	  HOST "x-forwarded-FOR: 6.6.6.6\r\nX-Forwarded-For:  7.7.7.7,8.8.8.8 \r\nX-FORWARDED-PROTO: https\r\n"
	       "X-Forwarded-Proto: https\r\nx-forwarded-host: a\r\nx-forwarded-host: b\r\n",
	  "X-Forwarded-For: 6.6.6.6, 7.7.7.7,8.8.8.8, 192.0.2.1\nX-Forwarded-Proto: http\n"
	  "X-Forwarded-Host: hooks.test\n",
	  false, false },
	{ "forged, empty", "192.0.2.1:5", HOST "X-Forwarded-For: \r\nX-Forwarded-For:  \t\r\nX-Forwarded-Host: \r\n",
	  "X-Forwarded-For: 192.0.2.1\nX-Forwarded-Proto: http\nX-Forwarded-Host: hooks.test\n", false, false },
	{ "forged, as CGI reads it", "192.0.2.1:5",
	  HOST "X_Forwarded_For: 6.6.6.6\r\nX-Forwarded_For: 6.6.6.6\r\nx_forwarded-proto: https\r\n"
	       "X_Forwarded_Host: a\r\nCreel_Event_Id: 1\r\ncreel_attempt: 9\r\n",
	  "X-Forwarded-For: 192.0.2.1\nX-Forwarded-Proto: http\nX-Forwarded-Host: hooks.test\n", false, false },
	{ "creel's own, forged", "192.0.2.1:5", HOST "CREEL-event-id: 1\r\nCreel-Attempt: 9\r\n",
	  "X-Forwarded-For: 192.0.2.1\nX-Forwarded-Proto: http\nX-Forwarded-Host: hooks.test\n", false, false },
	{ "names that only begin or end so", "192.0.2.1:5",
	  HOST
	  "X-Forwarded-Fo: 1\r\nX-Forwarded-For2: 2\r\nX-Forwarded-Port: 3\r\nX-Real-IP: 4\r\nForwarded: for=5\r\n",
	  "X-Forwarded-Fo: 1\nX-Forwarded-For2: 2\nX-Forwarded-Port: 3\nX-Real-IP: 4\nForwarded: for=5\n"
	  "X-Forwarded-For: 192.0.2.1\nX-Forwarded-Proto: http\nX-Forwarded-Host: hooks.test\n",
	  false, false },
	{ "no Host", "192.0.2.1:5", "X-Forwarded-Host: bank.test\r\n",
	  "X-Forwarded-For: 192.0.2.1\nX-Forwarded-Proto: http\n", false, false },
	{ "a trusted proxy's, all", "203.0.113.9",
	  HOST "x-forwarded-for: 6.6.6.6, 203.0.113.9\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: public.test\r\n",
	  "x-forwarded-for: 6.6.6.6, 203.0.113.9\nX-Forwarded-Proto: https\nX-Forwarded-Host: public.test\n", false,
	  true },
	{ "a trusted proxy's, some", "10.0.0.1:5", HOST "X-Forwarded-Proto: https\r\n",
	  "X-Forwarded-Proto: https\nX-Forwarded-For: 10.0.0.1\nX-Forwarded-Host: hooks.test\n", false, true },
	{ "a trusted proxy that passes on what it does not know", "203.0.113.9",
	  HOST "X-Forwarded-For: 203.0.113.9\r\nX_Forwarded_For: 6.6.6.6\r\nCreel-Attempt: 9\r\n",
	  "X-Forwarded-For: 203.0.113.9\nX-Forwarded-Proto: http\nX-Forwarded-Host: hooks.test\n", false, true },
	{ "imported: nobody knows the sender", "", HOST "X-Forwarded-For: 6.6.6.6\r\n",
	  "X-Forwarded-For: 6.6.6.6\nX-Forwarded-Proto: http\nX-Forwarded-Host: hooks.test\n", false, false },
	{ "the sender was gone", "unknown", HOST "X-Forwarded-For: 6.6.6.6\r\n",
	  "X-Forwarded-For: 6.6.6.6, unknown\nX-Forwarded-Proto: http\nX-Forwarded-Host: hooks.test\n", false, false },
};

static void test_rows(void **state)
{
	char got[1000], want[1000];
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct row *row = &rows[i];
		struct forward_request r = { .https = row->https,
					     .forwarded = row->forwarded,
					     .peer = bytes_of(row->peer),
					     .headers = bytes_of(row->headers) };
		claims(&r, &(struct forward_options){ 0 }, got, sizeof got);
		snprintf(want, sizeof want, "%s" CREEL, row->want);
		if (strcmp(got, want) != 0)
			fail_msg("%s: got\n%swant\n%s", row->what, got, want);
	}
}

#define EARLIER "11111111-0506-7708-890a-0b0c0d0e0f10"
#define BEFORE "22222222-0506-7708-890a-0b0c0d0e0f10"

/* An event that came through other relays, and the replay of one. */
static void test_via(void **state)
{
	char got[1000];
	struct forward_request r = { .headers =
					 bytes_of("Creel-Event-Id: " BEFORE "\r\nCREEL-VIA: no id, " EARLIER "\r\n"
						  "Creel_Via: " EARLIER "\r\n") };
	(void)state;
	claims(&r, &(struct forward_options){ 0 }, got, sizeof got);
	assert_non_null(strstr(got, "Creel-Via: " EARLIER ", " BEFORE "\nCreel-Event-Id: 00000000"));
	assert_null(strstr(got, "CREEL-VIA"));
	assert_null(strstr(got, "Creel_Via"));
	r.replayed = true;
	claims(&r, &(struct forward_options){ 0 }, got, sizeof got);
	assert_null(strcasestr(got, "via"));
}

/* --no-forwarded: nothing is added, and what the sender wrote passes. */
static void test_none_added(void **state)
{
	char got[1000];
	struct forward_request r = { .peer = bytes_of("192.0.2.1:5"),
				     .headers = bytes_of(HOST "X-Forwarded-For: 6.6.6.6\r\nX_Forwarded_For: 7\r\n"
							      "Creel-Attempt: 9\r\n") };
	(void)state;
	claims(&r, &(struct forward_options){ .no_forwarded = true }, got, sizeof got);
	assert_string_equal(got, "X-Forwarded-For: 6.6.6.6\nX_Forwarded_For: 7\nCreel-Attempt: 9\n");
}

/* -H: the user's word, for this field alone. */
static void test_the_users(void **state)
{
	static const char *own[] = { "x-forwarded-for: 9.9.9.9", "X-Forwarded-Host:" };
	struct option_values v = { own, 2 };
	char got[1000];
	struct forward_request r = {
		.peer = bytes_of("192.0.2.1:5"),
		.headers = bytes_of(
		    HOST "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: bank\r\n")
	};
	(void)state;
	claims(&r, &(struct forward_options){ .extra_headers = &v }, got, sizeof got);
	assert_string_equal(got, "X-Forwarded-Proto: http\n" CREEL "x-forwarded-for: 9.9.9.9\n");
}

static void test_same(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} pairs[] = {
		{ "", "", true },
		{ "A: 1\r\n", "B: 2\r\n", true },
		{ "X-Forwarded-For: 1\r\nA: 1\r\n", "B: 2\r\nx-forwarded-for: 1\r\n", true },
		{ "X-Forwarded-For: 1\r\n", "X-Forwarded-For: 2\r\n", false },
		{ "X-Forwarded-For: 1\r\n", "X-Forwarded-Host: 1\r\n", false },
		{ "X-Forwarded-For: 1\r\n", "", false },
		{ "", "X-Forwarded-Proto: https\r\n", false },
		{ "X-Forwarded-For: 1\r\n", "X-Forwarded-For: 1\r\nX-Forwarded-For: 1\r\n", false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
		assert_int_equal(forwarded_same(bytes_of(pairs[i].a), bytes_of(pairs[i].b)), pairs[i].same);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),      cmocka_unit_test(test_via),  cmocka_unit_test(test_none_added),
		cmocka_unit_test(test_the_users), cmocka_unit_test(test_same),
	};
	return RUN(tests);
}
