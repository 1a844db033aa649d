/* Tokens that are recognised by their form, wherever they stand. */
#include "shared/redact/redact_private.h"

#include <ctype.h>
#include <string.h>

#include "shared/text/base64.h"
#include "shared/text/text.h"

enum letters { ALNUM, HEX, UPPER, WORDS /* and _ - */, DOTTED /* and . */, B64 /* and + / = _ - */, LINK_PATH };

/* What the letters have to hold so that a word of the same beginning is not taken for one. */
enum needs { NOTHING, A_DIGIT, MIXED /* a digit, and letters of both cases or more than 24 of them */ };

struct shape {
	const char *prefix; /* stays */
	enum letters letters;
	uint16_t least; /* letters after the prefix */
	enum needs needs;
	const char *what;
};

/* Prefixes of five characters and more are looked for anywhere, shorter ones where a word begins. */
static const struct shape shapes[] = {
	{ "sk_live_", ALNUM, 4, NOTHING, "Stripe secret key" },
	{ "sk_test_", ALNUM, 4, NOTHING, "Stripe secret key" },
	{ "rk_live_", ALNUM, 4, NOTHING, "Stripe restricted key" },
	{ "rk_test_", ALNUM, 4, NOTHING, "Stripe restricted key" },
	{ "whsec_", B64, 4, NOTHING, "webhook secret" },
	{ "whsk_", B64, 8, NOTHING, "webhook signing key" },
	{ "ghp_", ALNUM, 10, NOTHING, "GitHub token" },
	{ "gho_", ALNUM, 10, NOTHING, "GitHub token" },
	{ "ghu_", ALNUM, 10, NOTHING, "GitHub token" },
	{ "ghs_", ALNUM, 10, NOTHING, "GitHub token" },
	{ "ghr_", ALNUM, 10, NOTHING, "GitHub token" },
	{ "github_pat_", WORDS, 10, NOTHING, "GitHub token" },
	{ "glpat-", DOTTED, 8, NOTHING, "GitLab token" },
	{ "gldt-", WORDS, 8, A_DIGIT, "GitLab token" },
	{ "glrt-", WORDS, 8, A_DIGIT, "GitLab token" },
	{ "glcbt-", WORDS, 8, A_DIGIT, "GitLab token" },
	{ "glptt-", WORDS, 8, A_DIGIT, "GitLab token" },
	{ "glft-", WORDS, 8, A_DIGIT, "GitLab token" },
	{ "gloas-", WORDS, 8, A_DIGIT, "GitLab token" },
	{ "glsoat-", WORDS, 8, A_DIGIT, "GitLab token" },
	{ "glagent-", WORDS, 8, A_DIGIT, "GitLab token" },
	{ "xoxa-", WORDS, 6, NOTHING, "Slack token" },
	{ "xoxb-", WORDS, 6, NOTHING, "Slack token" },
	{ "xoxc-", WORDS, 6, NOTHING, "Slack token" },
	{ "xoxd-", B64, 6, NOTHING, "Slack token" },
	{ "xoxe-", WORDS, 6, NOTHING, "Slack token" },
	{ "xoxe.", DOTTED, 6, NOTHING, "Slack token" },
	{ "xoxo-", WORDS, 6, A_DIGIT, "Slack token" },
	{ "xoxp-", WORDS, 6, NOTHING, "Slack token" },
	{ "xoxr-", WORDS, 6, NOTHING, "Slack token" },
	{ "xoxs-", WORDS, 6, NOTHING, "Slack token" },
	{ "xapp-", WORDS, 6, NOTHING, "Slack token" },
	{ "hooks.slack.com/services/", LINK_PATH, 4, NOTHING, "Slack webhook" },
	{ "hooks.slack.com/workflows/", LINK_PATH, 4, NOTHING, "Slack webhook" },
	{ "hooks.slack.com/triggers/", LINK_PATH, 4, NOTHING, "Slack webhook" },
	{ "/api/webhooks/", LINK_PATH, 24, A_DIGIT, "Discord webhook" },
	{ "webhook.office.com/", LINK_PATH, 8, NOTHING, "Teams webhook" },
	{ "outlook.office.com/webhook/", LINK_PATH, 8, NOTHING, "Teams webhook" },
	{ "outlook.office365.com/webhook/", LINK_PATH, 8, NOTHING, "Teams webhook" },
	{ "hooks.zapier.com/hooks/", LINK_PATH, 8, NOTHING, "Zapier webhook" },
	{ "maker.ifttt.com/", LINK_PATH, 8, NOTHING, "IFTTT webhook" },
	{ "events.pagerduty.com/integration/", LINK_PATH, 8, NOTHING, "PagerDuty integration" },
	{ "AKIA", UPPER, 16, NOTHING, "AWS access key id" },
	{ "ASIA", UPPER, 16, NOTHING, "AWS access key id" },
	{ "ABIA", UPPER, 16, NOTHING, "AWS access key id" },
	{ "ACCA", UPPER, 16, NOTHING, "AWS access key id" },
	{ "amzn.mws.", WORDS, 20, NOTHING, "Amazon MWS token" },
	{ "AIza", WORDS, 20, NOTHING, "Google API key" },
	{ "ya29.", DOTTED, 8, NOTHING, "Google OAuth token" },
	{ "GOCSPX-", WORDS, 8, NOTHING, "Google client secret" },
	{ "1//0", WORDS, 30, NOTHING, "Google refresh token" },
	{ "SG.", DOTTED, 20, MIXED, "SendGrid key" },
	{ "shpat_", ALNUM, 8, NOTHING, "Shopify token" },
	{ "shpss_", ALNUM, 8, NOTHING, "Shopify secret" },
	{ "shpca_", ALNUM, 8, NOTHING, "Shopify token" },
	{ "shppa_", ALNUM, 8, NOTHING, "Shopify token" },
	{ "shpua_", ALNUM, 8, NOTHING, "Shopify token" },
	{ "shptka_", ALNUM, 8, NOTHING, "Shopify token" },
	{ "sq0atp-", WORDS, 8, NOTHING, "Square token" },
	{ "sq0csp-", WORDS, 8, NOTHING, "Square secret" },
	{ "EAA", ALNUM, 30, MIXED, "Meta or Square token" },
	{ "access_token$", LINK_PATH, 8, NOTHING, "Braintree token" },
	{ "access-sandbox-", WORDS, 16, A_DIGIT, "Plaid token" },
	{ "access-development-", WORDS, 16, A_DIGIT, "Plaid token" },
	{ "access-production-", WORDS, 16, A_DIGIT, "Plaid token" },
	{ "npm_", ALNUM, 20, NOTHING, "npm token" },
	{ "pypi-", WORDS, 16, MIXED, "PyPI token" },
	{ "rubygems_", HEX, 16, NOTHING, "RubyGems key" },
	{ "dckr_pat_", WORDS, 10, NOTHING, "Docker token" },
	{ "dop_v1_", HEX, 16, NOTHING, "DigitalOcean token" },
	{ "doo_v1_", HEX, 16, NOTHING, "DigitalOcean token" },
	{ "dor_v1_", HEX, 16, NOTHING, "DigitalOcean token" },
	{ "hf_", ALNUM, 20, NOTHING, "Hugging Face token" },
	{ "sk-proj-", WORDS, 16, NOTHING, "OpenAI key" },
	{ "sk-svcacct-", WORDS, 16, NOTHING, "OpenAI key" },
	{ "sk-ant-", WORDS, 12, NOTHING, "Anthropic key" },
	{ "sk-or-", WORDS, 16, NOTHING, "OpenRouter key" },
	{ "sk-", ALNUM, 20, MIXED, "API key" },
	{ "gsk_", ALNUM, 20, MIXED, "Groq key" },
	{ "r8_", ALNUM, 30, MIXED, "Replicate token" },
	{ "pplx-", ALNUM, 20, MIXED, "Perplexity key" },
	{ "SK", HEX, 32, A_DIGIT, "Twilio API key" },
	{ "key-", HEX, 32, A_DIGIT, "Mailgun key" },
	{ "xkeysib-", WORDS, 16, A_DIGIT, "Brevo key" },
	{ "re_", WORDS, 20, MIXED, "Resend key" },
	{ "lin_api_", ALNUM, 10, NOTHING, "Linear key" },
	{ "lin_oauth_", ALNUM, 10, NOTHING, "Linear token" },
	{ "lin_wh_", ALNUM, 10, NOTHING, "Linear webhook secret" },
	{ "figd_", WORDS, 10, NOTHING, "Figma token" },
	{ "ntn_", ALNUM, 20, NOTHING, "Notion token" },
	{ "secret_", ALNUM, 32, MIXED, "Notion token" },
	{ "dapi", HEX, 32, A_DIGIT, "Databricks token" },
	{ "PMAK-", WORDS, 16, A_DIGIT, "Postman key" },
	{ "NRAK-", ALNUM, 16, NOTHING, "New Relic key" },
	{ "sntrys_", B64, 16, NOTHING, "Sentry token" },
	{ "sntryu_", ALNUM, 16, NOTHING, "Sentry token" },
	{ "glsa_", WORDS, 16, NOTHING, "Grafana token" },
	{ "glc_", B64, 20, NOTHING, "Grafana token" },
	{ "hvs.", WORDS, 16, NOTHING, "Vault token" },
	{ "hvb.", WORDS, 16, NOTHING, "Vault token" },
	{ "ATATT3x", B64, 16, NOTHING, "Atlassian token" },
	{ "ATCTT3x", B64, 16, NOTHING, "Atlassian token" },
	{ "ATTA", HEX, 60, NOTHING, "Trello token" },
	{ "ATBB", ALNUM, 20, MIXED, "Bitbucket token" },
	{ "CFPAT-", WORDS, 16, NOTHING, "Contentful token" },
	{ "sbp_", HEX, 32, NOTHING, "Supabase token" },
	{ "sb_secret_", WORDS, 10, NOTHING, "Supabase key" },
	{ "tskey-", WORDS, 10, NOTHING, "Tailscale key" },
	{ "FLWSECK", WORDS, 12, NOTHING, "Flutterwave key" },
	{ "dp.pt.", ALNUM, 20, NOTHING, "Doppler token" },
	{ "dp.st.", DOTTED, 20, NOTHING, "Doppler token" },
	{ "pul-", HEX, 32, NOTHING, "Pulumi token" },
	{ "EZAK", ALNUM, 40, NOTHING, "EasyPost key" },
	{ "EZTK", ALNUM, 40, NOTHING, "EasyPost key" },
	{ "AGE-SECRET-KEY-1", ALNUM, 10, NOTHING, "age key" },
	{ "creel_", ALNUM, 16, A_DIGIT, "creel token" },
};

static bool is_letter(enum letters set, uint8_t c)
{
	if (c >= 0x80 || c == 0)
		return false;
	switch (set) {
	case HEX:
		return isxdigit(c);
	case UPPER:
		return isdigit(c) || isupper(c);
	case ALNUM:
		return isalnum(c);
	case WORDS:
		return isalnum(c) || c == '_' || c == '-';
	case DOTTED:
		return isalnum(c) || c == '_' || c == '-' || c == '.';
	case B64:
		return isalnum(c) || strchr("+/=_-", c);
	case LINK_PATH:
		return isalnum(c) || strchr("-._~%@$/+=", c);
	}
	return false;
}

static size_t run_of(enum letters set, struct bytes text, size_t at)
{
	size_t end = at;
	while (end < text.len && is_letter(set, text.at[end]))
		end++;
	return end;
}

struct letter_counts {
	size_t digits, upper, lower, changes; /* changes: between these three */
};

static struct letter_counts count_letters(struct bytes b)
{
	struct letter_counts n = { 0, 0, 0, 0 };
	int before = 0;
	for (size_t i = 0; i < b.len; i++) {
		uint8_t c = b.at[i];
		int is = isdigit(c) ? 1 : isupper(c) ? 2 : islower(c) ? 3 : 0;
		n.digits += is == 1;
		n.upper += is == 2;
		n.lower += is == 3;
		n.changes += is != before;
		before = is;
	}
	return n;
}

static bool has(enum needs needs, struct bytes b)
{
	if (needs == NOTHING)
		return true;
	struct letter_counts n = count_letters(b);
	return n.digits && (needs == A_DIGIT || (n.upper && n.lower) || n.upper + n.lower > 24);
}

/* Nothing of a word in front; "\n" in a text that was not unescaped and %20 in a URL are none. */
static bool begins_word(struct bytes text, size_t at)
{
	if (at == 0 || !isalnum(text.at[at - 1]) || text.at[at - 1] >= 0x80)
		return true;
	if (at >= 2 && text.at[at - 2] == '\\' && strchr("nrtbf", text.at[at - 1]))
		return true;
	if (at >= 6 && text.at[at - 6] == '\\' && text.at[at - 5] == 'u')
		return true;
	return at >= 3 && text.at[at - 3] == '%';
}

static bool starts(struct bytes text, size_t at, const char *prefix)
{
	size_t len = strlen(prefix);
	return text.len - at >= len && memcmp(text.at + at, prefix, len) == 0;
}

static bool is_marked(struct bytes text, size_t at, size_t end)
{
	return redact_is_done(bytes_make(text.at + at, end - at)) || starts(text, at, REDACTED);
}

static bool take(struct bytes text, size_t from, size_t keep, size_t end, const char *what, struct shape_hit *hit)
{
	if (is_marked(text, from + keep, end))
		return false;
	*hit = (struct shape_hit){ keep, end, what, NULL };
	return true;
}

_Static_assert(sizeof shapes / sizeof *shapes < 255, "an index of a row is a byte");

void redact_shapes_ready(struct redaction *r)
{
	if (r->has_shapes)
		return;
	/* One more than the index; 0: no further row. */
	for (size_t i = sizeof shapes / sizeof *shapes; i-- > 0;) {
		size_t c = (size_t)shapes[i].prefix[0] & 127;
		r->shape_next[i] = r->shape_first[c];
		r->shape_first[c] = (uint8_t)(i + 1);
	}
	r->has_shapes = true;
}

static bool row_at(const struct redaction *r, struct bytes text, size_t at, bool word, struct shape_hit *hit)
{
	for (size_t i = r->shape_first[text.at[at] & 127]; i > 0; i = r->shape_next[i - 1]) {
		const struct shape *s = &shapes[i - 1];
		if (!starts(text, at, s->prefix))
			continue;
		size_t len = strlen(s->prefix), from = at + len, end = from;
		if (!word && len < 5)
			continue;
		/* Only as far as it takes to know: what begins like one over and over costs no more. */
		while (end < text.len && end - from < s->least && is_letter(s->letters, text.at[end]))
			end++;
		if (end - from < s->least)
			continue;
		while (end < text.len && end - from < 256 && is_letter(s->letters, text.at[end]))
			end++;
		if (has(s->needs, bytes_make(text.at + from, end - from)))
			return take(text, at, len, run_of(s->letters, text, end), s->what, hit);
	}
	return false;
}

#define JWT_REDACTED "eyJhbGciOiJub25lIn0.eyJyZWRhY3RlZCI6dHJ1ZX0.REDACTED"
#define JWT_WHAT "JSON Web Token"

/* eyJ….….…: header and payload begin as {" does in base64url; the signature may be missing. JWE has five parts. */
static bool jwt_at(struct shape_scan *s, struct bytes text, size_t at, struct shape_hit *hit)
{
	if (at < s->tried || !starts(text, at, "eyJ"))
		return false;
	if (starts(text, at, JWT_REDACTED)) {
		s->tried = at + strlen(JWT_REDACTED);
		return false;
	}
	size_t one = run_of(WORDS, text, at);
	s->tried = one;
	if (one - at < 10 || one + 1 >= text.len || text.at[one] != '.')
		return false;
	size_t two = run_of(WORDS, text, one + 1);
	if (two - one < 9)
		return false;
	size_t end = two;
	for (int part = 2; part < 5 && end < text.len && text.at[end] == '.'; part++)
		end = run_of(WORDS, text, end + 1);
	*hit = (struct shape_hit){ 0, end, JWT_WHAT, JWT_REDACTED };
	return true;
}

#define PEM_MOST ((size_t)64 << 10)

/* What stands between the dashes of PEM. */
static bool is_label(struct bytes b)
{
	for (size_t i = 0; i < b.len; i++)
		if (b.at[i] != ' ' && !is_letter(UPPER, b.at[i]))
			return false;
	return true;
}

/* -----BEGIN … PRIVATE KEY-----, with line ends or "\n" in it; without an end as far as it looks like one. */
static bool pem_at(struct bytes text, size_t at, struct shape_hit *hit)
{
	static const char begin[] = "-----BEGIN ", dashes[] = "-----";
	if (!starts(text, at, begin))
		return false;
	size_t left = text.len - at, label = left < 80 ? left : 80;
	const uint8_t *key = memmem(text.at + at, label, "PRIVATE KEY", 11);
	if (!key)
		return false;
	size_t keep = (size_t)(key - text.at) + 11 - at;
	const uint8_t *close = memmem(text.at + at + keep, left - keep < 16 ? left - keep : 16, dashes, 5);
	if (!close)
		return false;
	keep = (size_t)(close - text.at) - at;
	if (!is_label(bytes_make(text.at + at + sizeof begin - 1, keep - (sizeof begin - 1))))
		return false;
	keep += 5;
	size_t reach = left - keep < PEM_MOST ? left - keep : PEM_MOST;
	const uint8_t *end = memmem(text.at + at + keep, reach, "-----END", 8);
	size_t to = end ? (size_t)(end - text.at) : at + keep;
	while (!end && to < text.len && text.at[to] < 0x80 && text.at[to] &&
	       (isalnum(text.at[to]) || strchr("+/=\\ \r\n\t,:-", text.at[to])))
		to++;
	if (to == at + keep)
		return false;
	/* A line end stays on both sides. */
	size_t body = at + keep;
	while (body < to && (text.at[body] == '\r' || text.at[body] == '\n'))
		body++;
	if (starts(text, body, REDACTED))
		return false;
	*hit = (struct shape_hit){ body - at, to, "private key", end && body > at + keep ? REDACTED "\n" : REDACTED };
	return true;
}

#define LINES_MOST ((size_t)64 << 10)

/* The lines of a PuTTY key after "Private-Lines: 14". */
static bool putty_at(struct bytes text, size_t at, struct shape_hit *hit)
{
	static const char begin[] = "Private-Lines:";
	if (!starts(text, at, begin))
		return false;
	size_t from = at + sizeof begin - 1, end;
	while (from < text.len && (isdigit(text.at[from]) || (text.at[from] && strchr(" \r\n", text.at[from]))))
		from++;
	/* "\n" that was not unescaped. */
	while (from + 1 < text.len && text.at[from] == '\\' && strchr("rn", text.at[from + 1]))
		from += 2;
	end = from;
	while (end < text.len && end - from < LINES_MOST && !starts(text, end, "Private-MAC") &&
	       (is_letter(B64, text.at[end]) || (text.at[end] && strchr("\\\r\n ", text.at[end]))))
		end++;
	while (end > from && strchr("\r\n ", text.at[end - 1]))
		end--;
	return end > from + 8 && take(text, at, from - at, end, "PuTTY key", hit);
}

/* Nobody chose it: digits among letters that change often, or long hexadecimal. */
static bool is_link_token(struct bytes b)
{
	struct letter_counts n = { 0, 0, 0, 0 };
	size_t hex = 0;
	int before = 0;
	for (size_t i = 0; i < b.len; i++) {
		uint8_t c = b.at[i];
		int is = isdigit(c) ? 1 : isupper(c) ? 2 : islower(c) ? 3 : before;
		n.digits += is == 1 && isdigit(c);
		n.upper += isupper(c) != 0;
		n.lower += islower(c) != 0;
		n.changes += is != before;
		hex += isxdigit(c) || c == '-';
		before = is;
	}
	if (b.len >= 16 && hex == b.len && n.digits >= 2 && n.upper + n.lower >= 1)
		return true;
	if (b.len >= 16 && n.upper >= 3 && n.lower >= 3 && n.changes * 3 >= b.len)
		return true;
	return b.len >= 8 && n.digits >= 2 && n.upper + n.lower >= 2 && n.changes >= 4;
}

/* /reset/3f9a…, /invite/aB3dE5…, /confirm/MQ/c2x-…: who has the link is let in. */
static bool link_at(struct bytes text, size_t at, struct shape_hit *hit)
{
	static const char *const words[] = {
		"reset",    "password-reset", "reset-password", "reset_password", "resetpassword", "invite",
		"invites",  "invitation",     "invitations",    "confirm",        "confirmation",  "confirm-email",
		"verify",   "verification",   "verify-email",   "email-verify",   "magic",         "magic-link",
		"activate", "unsubscribe",    "unsub",
	};
	size_t i = at + 1, from, end;
	bool known = false;
	while (i < text.len && i - at < 20 && is_letter(WORDS, text.at[i]))
		i++;
	if (i >= text.len || text.at[i] != '/')
		return false;
	struct bytes word = bytes_make(text.at + at + 1, i - at - 1);
	for (size_t k = 0; k < sizeof words / sizeof *words && !known; k++)
		known = bytes_equal_nocase(word, words[k]);
	/* Behind the id of a user perhaps. */
	for (int segment = 0; known && segment < 2 && i < text.len && text.at[i] == '/'; segment++, i = end) {
		from = i + 1;
		for (end = from; end < text.len && end - from < 512 && is_letter(DOTTED, text.at[end]);)
			end++;
		if (is_link_token(bytes_make(text.at + from, end - from)))
			return take(text, at, from - at, end, "link with a token", hit);
	}
	return false;
}

/* 123456789:AA… of a Telegram bot. */
static bool telegram_at(struct bytes text, size_t at, struct shape_hit *hit)
{
	size_t colon = at;
	while (colon < text.len && colon - at < 12 && isdigit(text.at[colon]))
		colon++;
	if (colon - at < 8 || colon >= text.len || text.at[colon] != ':')
		return false;
	size_t end = colon + 1;
	while (end < text.len && end - colon < 60 && is_letter(WORDS, text.at[end]))
		end++;
	if (end - colon - 1 < 30 || !has(A_DIGIT, bytes_make(text.at + colon + 1, end - colon - 1)))
		return false;
	return take(text, at, colon + 1 - at, end, "Telegram bot token", hit);
}

/* MTA….Gabcde.… of a Discord bot. */
static bool discord_at(struct bytes text, size_t at, struct shape_hit *hit)
{
	size_t ends[3], from = at;
	static const size_t least[3] = { 22, 5, 25 }, most[3] = { 30, 8, 60 };
	for (int i = 0; i < 3; i++) {
		size_t end = from;
		while (end < text.len && end - from <= most[i] && is_letter(WORDS, text.at[end]))
			end++;
		ends[i] = end;
		if (end - from < least[i] || end - from > most[i] ||
		    (i < 2 && (end >= text.len || text.at[end] != '.')))
			return false;
		from = end + 1;
	}
	return has(MIXED, bytes_make(text.at + at, ends[2] - at)) &&
	       take(text, at, 0, ends[2], "Discord bot token", hit);
}

/* "Bearer abc…", "Basic dXNlcjpwdw==" */
static bool scheme_at(struct bytes text, size_t at, struct shape_hit *hit)
{
	size_t len = 0;
	bool basic = false;
	if (text.len - at > 8 && bytes_equal_nocase(bytes_make(text.at + at, 7), "bearer "))
		len = 7;
	else if (text.len - at > 8 && bytes_equal_nocase(bytes_make(text.at + at, 6), "basic "))
		len = 6, basic = true;
	if (!len)
		return false;
	size_t from = at + len, end = from;
	while (end < text.len && end - from < 4096 && (is_letter(B64, text.at[end]) || text.at[end] == '.'))
		end++;
	struct bytes word = bytes_make(text.at + from, end - from);
	if (!basic)
		return word.len >= 12 && has(A_DIGIT, word) && take(text, at, len, end, "Bearer credentials", hit);
	struct buffer plain = { 0 };
	bool is_pair = word.len >= 8 && base64_decode(&plain, word) && plain.len && memchr(plain.at, ':', plain.len) &&
		       text_is_utf8(buffer_view(&plain));
	buffer_free(&plain);
	return is_pair && take(text, at, len, end, "Basic credentials", hit);
}

#define AWS_SECRET 40

/* 40 letters of base64 that change between digits, capital and small ones at every fourth or more often: beside a key
 * id any, else with + or / in them. */
static bool aws_secret_at(const struct redaction *r, struct bytes text, size_t at, struct shape_hit *hit)
{
	size_t end = at;
	/* A letter there is that of an escape: a word begins here. */
	if (at > 0 && strchr("+/_-", text.at[at - 1]) && text.at[at - 1])
		return false;
	while (end < text.len && end - at <= AWS_SECRET && is_letter(B64, text.at[end]) && text.at[end] != '=' &&
	       text.at[end] != '_' && text.at[end] != '-')
		end++;
	if (end - at != AWS_SECRET || (end < text.len && is_letter(B64, text.at[end])))
		return false;
	struct bytes word = bytes_make(text.at + at, AWS_SECRET);
	struct letter_counts n = count_letters(word);
	bool odd = memchr(word.at, '/', word.len) || memchr(word.at, '+', word.len);
	if (!n.digits || n.upper < 3 || n.lower < 3 || n.changes < 10 || (!r->near_aws && !odd))
		return false;
	return take(text, at, 0, end, "AWS secret key", hit);
}

/* …-us12 after 32 hex digits. */
static bool mailchimp_at(struct bytes text, size_t at, struct shape_hit *hit)
{
	size_t end = at;
	while (end < text.len && end - at <= 32 && is_letter(HEX, text.at[end]))
		end++;
	if (end - at != 32 || !starts(text, end, "-us") || end + 3 >= text.len || !isdigit(text.at[end + 3]))
		return false;
	return take(text, at, 0, end, "Mailchimp key", hit);
}

/* pat and 14 letters, a dot, 64 hex digits. */
static bool airtable_at(struct bytes text, size_t at, struct shape_hit *hit)
{
	if (!starts(text, at, "pat") || text.len - at < 20)
		return false;
	size_t dot = at + 3;
	while (dot < text.len && dot - at < 20 && isalnum(text.at[dot]))
		dot++;
	if (dot - at != 17 || dot >= text.len || text.at[dot] != '.')
		return false;
	size_t end = dot + 1;
	while (end < text.len && end - dot <= 64 && is_letter(HEX, text.at[end]))
		end++;
	return end - dot - 1 >= 40 && take(text, at, 3, end, "Airtable token", hit);
}

bool redact_shape_at(const struct redaction *r, struct shape_scan *s, struct bytes text, size_t at,
		     struct shape_hit *hit)
{
	uint8_t c = text.at[at];
	if (c == '-')
		return pem_at(text, at, hit);
	if (c >= 0x80 || (!isalnum(c) && c != '/'))
		return false;
	bool word = begins_word(text, at);
	if (row_at(r, text, at, word, hit) || (c == '/' && link_at(text, at, hit)) ||
	    (c == 'P' && putty_at(text, at, hit)))
		return true;
	/* "bot123:…" as it stands in the URLs of Telegram. */
	bool number = isdigit(c) && at > 0 && !isdigit(text.at[at - 1]);
	if (!word)
		return (number && telegram_at(text, at, hit)) || (c == 'e' && jwt_at(s, text, at, hit));
	switch (c) {
	case 'e':
		if (jwt_at(s, text, at, hit))
			return true;
		break;
	case 'B':
	case 'b':
		if (scheme_at(text, at, hit))
			return true;
		break;
	case 'M':
	case 'N':
	case 'O':
		if (discord_at(text, at, hit))
			return true;
		break;
	case 'p':
		if (airtable_at(text, at, hit))
			return true;
		break;
	default:
		break;
	}
	return (isdigit(c) && telegram_at(text, at, hit)) || (isxdigit(c) && mailchimp_at(text, at, hit)) ||
	       aws_secret_at(r, text, at, hit);
}

bool redact_shape_has_aws_key(struct bytes text)
{
	static const char *const prefixes[] = { "AKIA", "ASIA" };
	for (size_t k = 0; k < sizeof prefixes / sizeof *prefixes; k++)
		for (size_t at = 0; at + 20 <= text.len; at += 4) {
			const uint8_t *found = memmem(text.at + at, text.len - at, prefixes[k], 4);
			if (!found)
				break;
			at = (size_t)(found - text.at);
			size_t end = at;
			while (end < text.len && end - at < 20 && is_letter(UPPER, text.at[end]))
				end++;
			if (end - at == 20)
				return true;
		}
	return false;
}
