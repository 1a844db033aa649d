/* Which names belong to secrets. Every provider has its own, so they are compared as lower-case letters and digits:
 * "X-Api-Key", "apiKey" and "api_key" are one. */
#include "shared/redact/redact_private.h"
#include "shared/text/text_last.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "shared/signature/signature.h"

#define NAME_MOST 128

enum rule_match {
	PART,  /* anywhere in the name */
	END,   /* at its end */
	WORD,  /* "userPw" and "user-pw" have the word pw, "spawn" has not */
	WHOLE, /* the name is nothing else */
};

#define BODY (WHERE_QUERY | WHERE_FORM | WHERE_PART | WHERE_JSON | WHERE_TEXT)
#define LINK (WHERE_QUERY)

/* Of which values the rule speaks. */
enum rule_values {
	ANY,
	NO_STATUS, /* all but "pending" and the like */
	A_TOKEN,   /* that could be one; none where the value is not known */
	A_CODE,    /* of OAuth, by what stands beside it or by its form; none where the value is not known */
};

struct name_rule {
	const char *text;
	enum rule_match match;
	unsigned where;
	enum redact_why why;
	bool text_only;
	enum rule_values values;
};

static const struct name_rule rules[] = {
	{ "password", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "passwd", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "passphrase", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "passcode", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "passwort", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "userpass", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "dbpass", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "pwd", END, WHERE_ALL, WHY_NAME, false, ANY },
	{ "pwd", WORD, WHERE_ALL, WHY_NAME, false, ANY },
	{ "pw", WORD, WHERE_ALL, WHY_NAME, false, ANY },
	{ "pass", WORD, WHERE_ALL, WHY_NAME, true, ANY },
	{ "secret", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "token", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "credential", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "creds", WORD, WHERE_ALL, WHY_NAME, false, ANY },
	{ "apikey", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "privatekey", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "privkey", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "rsaprivate", END, WHERE_ALL, WHY_NAME, false, ANY },
	{ "sshkey", END, WHERE_ALL, WHY_NAME, true, ANY },
	{ "accesskey", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "authkey", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "signingkey", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "encryptionkey", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "decryptionkey", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "masterkey", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "sharedkey", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "subscriptionkey", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "accountkey", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "storagekey", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "licensekey", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "servicekey", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "clientkey", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "consumerkey", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "sessionkey", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "securitykey", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "routingkey", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "integrationkey", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "webhookkey", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "applicationkey", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "appkey", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "adminkey", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "hashkey", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "serverkey", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "writekey", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "aeskey", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "cryptokey", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "stripekey", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "openaikey", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "sslkey", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "tlskey", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "functionskey", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "cookie", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "sessionid", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "sessid", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "csrf", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "xsrf", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "bearer", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "jwt", WORD, WHERE_ALL, WHY_NAME, false, ANY },
	{ "auth", WORD, WHERE_ALL, WHY_NAME, false, NO_STATUS },
	{ "oauth", WHOLE, WHERE_ALL, WHY_NAME, false, ANY },
	{ "authorization", PART, WHERE_HEADER, WHY_NAME, false, ANY },
	{ "authorization", END, BODY, WHY_NAME, false, NO_STATUS },
	{ "authentication", WORD, WHERE_HEADER, WHY_NAME, false, ANY },
	{ "assertion", END, WHERE_ALL, WHY_NAME, false, ANY },
	{ "samlresponse", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "authcode", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "authorizationcode", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "accesscode", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "securitycode", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "mfacode", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "pincode", WHOLE, WHERE_ALL, WHY_NAME, false, ANY },
	{ "securityanswer", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "oauthverifier", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "xhoneycombteam", WHOLE, WHERE_HEADER, WHY_NAME, false, ANY },
	{ "verificationcode", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "recoverycode", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "backupcode", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "devicecode", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "onetimecode", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "codeverifier", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "clientstate", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "connectionstring", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "connstr", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "databaseurl", WHOLE, WHERE_ALL, WHY_NAME, false, ANY },
	{ "mnemonic", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "seedphrase", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "magiclink", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "cardnumber", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "ccnumber", PART, WHERE_ALL, WHY_NAME, false, ANY },
	{ "cvv", WHOLE, WHERE_ALL, WHY_NAME, false, ANY },
	{ "cvv2", WHOLE, WHERE_ALL, WHY_NAME, false, ANY },
	{ "cvc", WHOLE, WHERE_ALL, WHY_NAME, false, ANY },
	{ "ssn", WORD, WHERE_ALL, WHY_NAME, false, ANY },
	{ "otp", WORD, WHERE_ALL, WHY_NAME, false, ANY },
	{ "totp", WORD, WHERE_ALL, WHY_NAME, false, ANY },
	{ "pin", WHOLE, WHERE_ALL, WHY_NAME, false, ANY },
	{ "psk", WORD, WHERE_ALL, WHY_NAME, false, ANY },
	{ "dsn", WORD, WHERE_ALL, WHY_NAME, false, ANY },
	{ "salt", WORD, WHERE_ALL, WHY_NAME, false, ANY },
	{ "key", WORD, WHERE_HEADER, WHY_NAME, false, ANY },
	{ "session", WORD, WHERE_HEADER, WHY_NAME, false, ANY },
	{ "key", WHOLE, LINK, WHY_NAME, false, ANY },
	{ "code", WHOLE, LINK, WHY_NAME, false, ANY },
	{ "sid", WHOLE, LINK, WHY_NAME, false, ANY },
	{ "session", WHOLE, BODY, WHY_NAME, true, ANY },
	{ "code", WHOLE, BODY, WHY_NAME, true, A_CODE },
	{ "usercode", WHOLE, WHERE_ALL, WHY_NAME, true, ANY },
	{ "oauthcode", PART, WHERE_ALL, WHY_NAME, true, ANY },
	{ "refresh", WHOLE, BODY, WHY_NAME, true, A_TOKEN },
	{ "ticket", WHOLE, LINK, WHY_NAME, false, ANY },
	{ "signature", PART, WHERE_ALL, WHY_SIGNATURE, false, ANY },
	{ "hmac", PART, WHERE_ALL, WHY_SIGNATURE, false, ANY },
	{ "sig", WORD, WHERE_ALL, WHY_SIGNATURE, false, ANY },
	{ "mac", WORD, WHERE_HEADER, WHY_SIGNATURE, false, ANY },
	{ "xtrellowebhook", WHOLE, WHERE_ALL, WHY_SIGNATURE, false, ANY },
	{ "plaidverification", WHOLE, WHERE_ALL, WHY_SIGNATURE, false, ANY },
	/* A short secret can be guessed from a digest of the body that it is in; what is left has another one anyway.
	 */
	{ "digest", WHOLE, WHERE_HEADER, WHY_SIGNATURE, false, ANY },
	{ "contentdigest", WHOLE, WHERE_HEADER, WHY_SIGNATURE, false, ANY },
	{ "reprdigest", WHOLE, WHERE_HEADER, WHY_SIGNATURE, false, ANY },
	{ "contentmd5", WHOLE, WHERE_HEADER, WHY_SIGNATURE, false, ANY },
};

/* What a name ends in when it is about a secret and none itself: "token_type", "X-Signature-Timestamp". */
static const char *const harmless_ends[] = {
	"type",      "types",     "version",   "count",     "limit",     "url",       "urls",      "uri",
	"endpoint",  "expiry",    "expires",   "expiresat", "expiresin", "expireson", "createdat", "updatedat",
	"changedat", "rotatedat", "timestamp", "algorithm", "algo",      "alg",       "method",    "name",
	"status",    "required",  "enabled",   "input",     "policy",
};
/* Words that begin like a secret and are none. */
static const char *const other_words[] = { "secretar", "secretion", "tokenizer", "tokeniser", "saltlake" };
/* Keys that are public by what they are for. */
static const char *const harmless_names[] = {
	"xeventkey",    "secwebsocketkey", "secwebsocketaccept", "xrequestkey",
	"xsharedkeyid", "surrogatekey",    "xcachekey",
};

/* A name as it is compared. */
struct plain {
	char text[NAME_MOST];
	bool starts[NAME_MOST + 1]; /* a word begins here */
	size_t len;
};

/* A name as it is compared; of a long one only its end. */
static void make_plain(struct bytes name, struct plain *p)
{
	bool start = true, was_lower = false;
	p->len = 0;
	if (name.len > NAME_MOST)
		name = bytes_make(name.at + name.len - NAME_MOST, NAME_MOST);
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.at[i];
		if (c < 0x80 && !isalnum(c)) {
			start = true;
			continue;
		}
		bool upper = c < 0x80 && isupper(c);
		/* "userPw" and "APIKey". */
		bool next_lower = i + 1 < name.len && name.at[i + 1] < 0x80 && islower(name.at[i + 1]);
		p->starts[p->len] = start || (upper && (was_lower || next_lower));
		p->text[p->len++] = (char)(c < 0x80 ? tolower(c) : c);
		was_lower = !upper;
		start = false;
	}
	p->starts[p->len] = true;
}

static bool ends_with(const struct plain *p, size_t from, const char *end)
{
	size_t len = strlen(end);
	return p->len >= from + len && memcmp(p->text + p->len - len, end, len) == 0;
}

static bool is_harmless(const struct plain *p, size_t from)
{
	for (size_t i = 0; i < sizeof harmless_ends / sizeof *harmless_ends; i++)
		if (ends_with(p, from, harmless_ends[i]))
			return true;
	/* They are there to be repeated. */
	if (memmem(p->text, p->len, "idempotency", strlen("idempotency")))
		return true;
	for (size_t i = 0; i < sizeof harmless_names / sizeof *harmless_names; i++)
		if (strlen(harmless_names[i]) == p->len && memcmp(harmless_names[i], p->text, p->len) == 0)
			return true;
	return false;
}

/* Whether the rule holds where its text stands, at `at`. */
static bool holds(const struct name_rule *rule, const struct plain *p, size_t at, size_t end)
{
	switch (rule->match) {
	case PART:
		return true;
	case END:
		return end == p->len;
	case WORD:
		return p->starts[at] && p->starts[end];
	case WHOLE:
		return at == 0 && end == p->len;
	}
	return false;
}

static bool is_other_word(const struct plain *p, size_t at)
{
	for (size_t i = 0; i < sizeof other_words / sizeof *other_words; i++) {
		size_t len = strlen(other_words[i]);
		if (at + len <= p->len && memcmp(p->text + at, other_words[i], len) == 0)
			return true;
	}
	return false;
}

/* ---- values that decide ---- */

/* Where an authorization of money or people stands, not what one authorizes oneself with. */
static bool is_status(struct bytes value)
{
	static const char *const words[] = { "pending",  "approved", "denied",     "declined",     "granted",
					     "required", "optional", "authorized", "unauthorized", "failed",
					     "expired",  "revoked",  "succeeded",  "captured",     "voided",
					     "enabled",  "disabled", "none" };
	size_t len = 0;
	for (size_t i = 0; i < value.len; i++)
		if (!isalpha(value.at[i]) && !strchr(" ,.()", value.at[i] ? value.at[i] : '0'))
			return false;
	while (len < value.len && isalpha(value.at[len]))
		len++;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (bytes_equal_nocase(bytes_make(value.at, len), words[i]))
			return true;
	return false;
}

/* One word with digits and letters in it that is neither a date nor a URL. */
static bool could_be_token(struct bytes value, size_t least)
{
	size_t digits = 0, letters = 0;
	if (value.len < least || memmem(value.at, value.len, "://", 3))
		return false;
	for (size_t i = 0; i < value.len; i++) {
		if (value.at[i] <= ' ' || value.at[i] >= 0x7f)
			return false;
		digits += isdigit(value.at[i]) != 0;
		letters += isalpha(value.at[i]) != 0;
	}
	bool date = value.len > 4 && isdigit(value.at[0]) && isdigit(value.at[3]) && value.at[4] == '-';
	return digits && letters && !date;
}

static bool is_code(struct bytes value, enum redact_beside beside)
{
	const uint8_t *slash = text_last(value, '/');
	if (beside == BESIDE_OAUTH && value.len > 3)
		return true;
	if (beside == BESIDE_STATE && could_be_token(value, 10))
		return true;
	/* "4/0AX4XfWh…" */
	size_t from = slash ? (size_t)(slash - value.at) + 1 : 0;
	return could_be_token(value, 20) && redact_is_random(bytes_make(value.at + from, value.len - from));
}

enum redact_beside redact_beside_of(struct bytes name)
{
	static const char *const signs[] = { "grant_type",    "redirect_uri",  "client_id",
					     "code_verifier", "client_secret", "grantType",
					     "redirectUri",   "clientId",      "client_assertion_type",
					     "session_state", "id_token" };
	for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
		if (bytes_equal_nocase(name, signs[i]))
			return BESIDE_OAUTH;
	return bytes_equal_nocase(name, "state") ? BESIDE_STATE : BESIDE_NOTHING;
}

static bool speaks_of(enum rule_values values, struct bytes value, enum redact_beside beside)
{
	switch (values) {
	case ANY:
		return true;
	case NO_STATUS:
		return !is_status(value);
	case A_TOKEN:
		return could_be_token(value, 8);
	case A_CODE:
		return is_code(value, beside);
	}
	return true;
}

static struct redact_match match_rules(enum redact_where where, const struct plain *p, struct bytes value,
				       enum redact_beside beside)
{
	struct redact_match best = { WHY_NOT, false, false };
	for (size_t k = 0; k < sizeof rules / sizeof *rules; k++) {
		const struct name_rule *rule = &rules[k];
		size_t len = strlen(rule->text);
		if (!(rule->where & where) || best.why == WHY_NAME)
			continue;
		for (size_t at = 0; at + len <= p->len; at++) {
			size_t end = at + len;
			if (p->text[at] != rule->text[0] || memcmp(p->text + at, rule->text, len) != 0 ||
			    !holds(rule, p, at, end) || is_harmless(p, end) || is_other_word(p, at) ||
			    !speaks_of(rule->values, value, beside))
				continue;
			bool last = end == p->len || (end + 1 == p->len && p->text[end] == 's');
			best = (struct redact_match){ rule->why, last && rule->why == WHY_NAME && !rule->text_only,
						      rule->text_only };
		}
	}
	return best;
}

/* ---- names of a user ---- */

struct redact_name {
	char *text;
	unsigned where;
};

static bool is_asked_for(const struct redact_names *names, enum redact_where where, struct bytes name,
			 struct bytes path)
{
	for (size_t i = 0; names && i < names->count; i++) {
		const struct redact_name *n = &names->at[i];
		if ((n->where & where) &&
		    (bytes_equal_nocase(name, n->text) || (path.len && bytes_equal_nocase(path, n->text))))
			return true;
	}
	return false;
}

struct redact_match redact_match_name(const struct redact_names *names, enum redact_where where, struct bytes name,
				      struct bytes path)
{
	return redact_match_value(names, where, name, path, bytes_of(NULL), BESIDE_NOTHING);
}

struct redact_match redact_match_value(const struct redact_names *names, enum redact_where where, struct bytes name,
				       struct bytes path, struct bytes value, enum redact_beside beside)
{
	struct plain p = { .len = 0 };
	if (is_asked_for(names, where, name, path))
		return (struct redact_match){ WHY_ASKED, true, false };
	/* Before the rules: what this provider's signature is, the table of providers knows. */
	make_plain(name, &p);
	struct redact_match m = match_rules(where, &p, value, beside);
	if (m.why == WHY_NOT && where == WHERE_HEADER && signature_is_field(name))
		m.why = WHY_SIGNATURE;
	return m;
}

static const struct {
	const char *prefix;
	unsigned where;
} prefixes[] = {
	{ "header:", WHERE_HEADER }, { "cookie:", WHERE_COOKIE },          { "query:", WHERE_QUERY },
	{ "form:", WHERE_FORM },     { "part:", WHERE_PART | WHERE_FORM }, { "json:", WHERE_JSON },
};

static bool add_name(struct redact_names *names, const char *text, size_t len, struct error *e)
{
	struct redact_name name = { NULL, WHERE_ALL };
	while (len && *text == ' ')
		text++, len--;
	while (len && text[len - 1] == ' ')
		len--;
	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
		size_t n = strlen(prefixes[i].prefix);
		if (len >= n && memcmp(text, prefixes[i].prefix, n) == 0) {
			name.where = prefixes[i].where;
			text += n;
			len -= n;
			break;
		}
	}
	if (name.where == WHERE_ALL && memchr(text, ':', len))
		return error_set(e, EXIT_USAGE,
				 "'%.*s' begins with none of header:, cookie:, query:, form:, part: and json:",
				 len < 60 ? (int)len : 60, text);
	if (name.where != WHERE_ALL && len == 0)
		return error_set(e, EXIT_USAGE,
				 "a name is missing after header:, cookie:, query:, form:, part: or json:");
	if (len == 0)
		return true;
	struct redact_name *at = realloc(names->at, (names->count + 1) * sizeof *at);
	if (at)
		names->at = at;
	name.text = at ? strndup(text, len) : NULL;
	if (!name.text)
		return error_set(e, EXIT_STORE, "out of memory");
	names->at[names->count++] = name;
	return true;
}

bool redact_names_read(struct redact_names *names, const struct option_values *values, struct error *e)
{
	memset(names, 0, sizeof *names);
	for (size_t i = 0; i < values->count; i++)
		for (const char *at = values->at[i]; *at;) {
			size_t len = strcspn(at, ",");
			if (!add_name(names, at, len, e))
				return false;
			at += len;
			at += *at == ',';
		}
	return true;
}

void redact_names_free(struct redact_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->at[i].text);
	free(names->at);
	memset(names, 0, sizeof *names);
}

bool redact_is_secret(struct bytes name)
{
	return redact_match_name(NULL, WHERE_HEADER, name, bytes_of(NULL)).why == WHY_NAME;
}

bool redact_is_named(struct bytes name, const struct redact_names *names)
{
	return redact_match_name(names, WHERE_HEADER, name, bytes_of(NULL)).why != WHY_NOT;
}
