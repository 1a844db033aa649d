/* Tokens that tell by their form what they are, and what only looks like one. */
#include <stdio.h>
#include <string.h>

#include "shared/redact/redact.h"
#include "tests/unit/unit.h"

#define JOIN(a, b) a b

static void test_shapes(void **state)
{
	static const char *const tokens[] = {
		JOIN("sk_live_", "4eC39HqLyjWDarjtT1zdp7dc"),
		JOIN("sk_test_", "4eC39HqLyjWDarjtT1zdp7dc"),
		JOIN("rk_live_", "4eC39HqLyjWDarjtT1zdp7dc"),
		JOIN("whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
		JOIN("ghp_", "16C7e42F292c6912E7710c838347Ae178B4a"),
		JOIN("gho_", "16C7e42F292c6912E7710c838347Ae178B4a"),
		JOIN("ghs_", "16C7e42F292c6912E7710c838347Ae178B4a"),
		JOIN("github_pat_", "11AAAAAAA0aBcDeFgHiJkL_mNoPqRsTuV"),
		JOIN("glpat-", "ABCdef123456ABCdef12"),
		JOIN("xoxb-", "123456789012-1234567890123-AbCdEfGhIjKlMnOpQrStUvWx"),
		JOIN("xoxp-", "123456789012-1234567890123-AbCdEfGhIjKlMnOpQrStUvWx"),
		JOIN("xapp-", "1-A0123-456-abcdef"),
		JOIN("AKIA", "IOSFODNN7EXAMPLE"),
		JOIN("ASIA", "IOSFODNN7EXAMPLE"),
		JOIN("wJalrXUtnFEMI/K7MDENG/bPxRfi", "CYEXAMPLEKEY"),
		JOIN("AIza", "SyDaGmWKa4JsXZ-HjGw7ISLn_3namBGewQe"),
		JOIN("ya29.", "a0AfH6SMBx1234567890abcdef"),
		JOIN("SG.", "ngeVfQFYQlKU0ufo8x5d1A.TwL2iGABf9DHoTf09kqeF8tAmbihYzrnopKc1s5cr"),
		JOIN("shpat_", "0123456789abcdef0123456789abcdef"),
		JOIN("shpss_", "0123456789abcdef0123456789abcdef"),
		JOIN("sq0atp-", "abcdefghijklmnopqrstuv"),
		JOIN("npm_", "abcdefghijklmnopqrstuvwxyz0123456789"),
		JOIN("pypi-", "AgEIcHlwaS5vcmcCJGFiY2RlZjEyMzQ1"),
		JOIN("dop_v1_", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"),
		JOIN("hf_", "abcdefghijklmnopqrstuvwxyzABCDEFGH"),
		JOIN("EAAC", "EdEose0cBA1234567890abcdefghijklmnop"),
		JOIN("MTk4NjIyNDgzNDcxOTI1MjQ4", ".Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs"),
		JOIN("110201543", ":AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"),
		JOIN("creel_", "0123456789abcdefghij0123456789"),
		JOIN("sk-proj-", "abcdefghij0123456789ABCDEFGHIJ"),
		JOIN("sk-ant-", "api03-abcdefghij0123456789"),
		JOIN("key-", "0123456789abcdef0123456789abcdef"),
		JOIN("0123456789abcdef0123456789abcdef", "-us12"),
		JOIN("SK", "0123456789abcdef0123456789abcdef"),
		JOIN("hooks.slack.com/services/", "T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"),
		JOIN("discord.com/api/webhooks/", "123456789012345678/abcdefghij0123456789ABCDEFGHIJ"),
		"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
		JOIN("-----BEGIN RSA PRIVATE KEY-----\n",
		     "MIIEpAIBAAKCAQEA3Tz2mr7SZiAMfQyuvBjM9Oi\n-----END RSA PRIVATE KEY-----"),
		JOIN("-----BEGIN PRIVATE KEY-----\n", "MIIEpAIBAAKCAQEA3Tz2mr7SZiAMfQyuvBjM9Oi"),
	};
	static const char *const around[][2] = { { "", "" },       { "see ", ", please" }, { "(", ")" },
						 { "a\n", "\nb" }, { "=", "&b" },          { "/bot", "/x" },
						 { "\\n", "\\n" } };
	(void)state;
	for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++)
		for (size_t k = 0; k < sizeof around / sizeof *around; k++) {
			struct redaction r = { 0 };
			struct buffer text = { 0 }, out = { 0 };
			const char *token = tokens[i];
			/* Only what has no word in front is taken for one that begins with few letters. */
			if (strcmp(around[k][0], "/bot") == 0 &&
			    (token[0] < '0' || token[0] > '9' || !strchr(token, ':')))
				continue;
			assert_true(buffer_printf(&text, "%s%s%s", around[k][0], token, around[k][1]));
			assert_true(redact_text(&r, buffer_view(&text), &out) && buffer_put_u8(&out, 0));
			const char *got = (const char *)out.at,
				   *tail = strrchr(token, '/') ? strrchr(token, '/') : token;
			size_t len = strlen(tail);
			if (r.total != 1 || r.counts[REDACT_SHAPE] != 1)
				fail_msg("%s: %zu found", (const char *)text.at, r.total);
			/* Nothing of the second half of what is secret in it is left. */
			size_t half = len / 2;
			if (strncmp(got, around[k][0], strlen(around[k][0])) != 0 || !strstr(got, "REDACTED") ||
			    (!strstr(token, "KEY-----") && !strstr(token, "-us12") &&
			     memmem(got, out.len, tail + half, len - half)))
				fail_msg("%s became %s", (const char *)text.at, got);
			if (strstr(got, "MIIE") || (strstr(token, "-us12") && strstr(got, "89abcdef")))
				fail_msg("%s became %s", (const char *)text.at, got);
			struct redaction second = { 0 };
			struct buffer again = { 0 };
			assert_true(redact_text(&second, bytes_of(got), &again));
			if (second.total)
				fail_msg("%s again", got);
			buffer_free(&again);
			buffer_free(&text);
			buffer_free(&out);
		}
}

static void test_no_shapes(void **state)
{
	static const char *const texts[] = {
		"pk_live_abcdefghijklmnop",
		"evt_1MqqbKLt4dXK03v5qaIbiNCC",
		"6113728f27ae82c7b1a177c8d03f9e96e0adf246",
		"e38d8a2c-9d6f-4c33-bb0a-6f1f0d9c0c11",
		"npm_config_registry",
		"The sk-learn package",
		"re_open the issue",
		"https://api.github.com/repos/Codertocat/Hello-World/git/refs{/sha}",
		"-----BEGIN CERTIFICATE-----\nMIIC\n-----END CERTIFICATE-----",
		"MSG.subject",
		"task-force",
		"https://hooks.slack.com/",
		"Basic dXNlcg",
		"eyJhbGciOiJub25lIn0",
		"2026-11-23T13:42:34.123456Z",
		"12:30:45",
		"xoxo",
		"key-value store",
		"data:image/png;base64,iVBORw0KGgo=",
	};
	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct redaction r = { 0 };
		struct buffer out = { 0 };
		assert_true(redact_text(&r, bytes_of(texts[i]), &out));
		if (r.total || !bytes_equal(buffer_view(&out), bytes_of(texts[i])))
			fail_msg("%s became %.*s", texts[i], (int)out.len, (const char *)out.at);
		buffer_free(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_shapes), cmocka_unit_test(test_no_shapes) };
	return RUN(tests);
}
