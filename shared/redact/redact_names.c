/* Which names tell of a secret. Providers make them up anew, so they are compared as lower-case letters and digits:
 * "X-Api-Key", "apiKey" and "api_key" are one. */
#include "shared/redact/redact_private.h"

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

struct name_rule {
	const char *text;
	enum rule_match match;
	unsigned where;
	enum redact_why why;
	bool text_only;
};

static const struct name_rule rules[] = {
	{ "password", PART, WHERE_ALL, WHY_NAME, false },
	{ "passwd", PART, WHERE_ALL, WHY_NAME, false },
	{ "passphrase", PART, WHERE_ALL, WHY_NAME, false },
	{ "passcode", PART, WHERE_ALL, WHY_NAME, false },
	{ "passwort", PART, WHERE_ALL, WHY_NAME, false },
	{ "userpass", PART, WHERE_ALL, WHY_NAME, false },
	{ "dbpass", PART, WHERE_ALL, WHY_NAME, false },
	{ "pwd", END, WHERE_ALL, WHY_NAME, false },
	{ "pwd", WORD, WHERE_ALL, WHY_NAME, false },
	{ "pw", WORD, WHERE_ALL, WHY_NAME, false },
	{ "pass", WORD, WHERE_ALL, WHY_NAME, true },
	{ "secret", PART, WHERE_ALL, WHY_NAME, false },
	{ "token", PART, WHERE_ALL, WHY_NAME, false },
	{ "credential", PART, WHERE_ALL, WHY_NAME, false },
	{ "creds", WORD, WHERE_ALL, WHY_NAME, false },
	{ "apikey", PART, WHERE_ALL, WHY_NAME, false },
	{ "privatekey", PART, WHERE_ALL, WHY_NAME, false },
	{ "privkey", PART, WHERE_ALL, WHY_NAME, false },
	{ "rsaprivate", END, WHERE_ALL, WHY_NAME, false },
	{ "sshkey", END, WHERE_ALL, WHY_NAME, true },
	{ "accesskey", PART, WHERE_ALL, WHY_NAME, false },
	{ "authkey", PART, WHERE_ALL, WHY_NAME, false },
	{ "signingkey", PART, WHERE_ALL, WHY_NAME, false },
	{ "encryptionkey", PART, WHERE_ALL, WHY_NAME, false },
	{ "decryptionkey", PART, WHERE_ALL, WHY_NAME, false },
	{ "masterkey", PART, WHERE_ALL, WHY_NAME, false },
	{ "sharedkey", PART, WHERE_ALL, WHY_NAME, false },
	{ "subscriptionkey", PART, WHERE_ALL, WHY_NAME, false },
	{ "accountkey", PART, WHERE_ALL, WHY_NAME, false },
	{ "storagekey", PART, WHERE_ALL, WHY_NAME, false },
	{ "licensekey", PART, WHERE_ALL, WHY_NAME, false },
	{ "servicekey", PART, WHERE_ALL, WHY_NAME, false },
	{ "clientkey", PART, WHERE_ALL, WHY_NAME, false },
	{ "consumerkey", PART, WHERE_ALL, WHY_NAME, false },
	{ "sessionkey", PART, WHERE_ALL, WHY_NAME, false },
	{ "securitykey", PART, WHERE_ALL, WHY_NAME, false },
	{ "routingkey", PART, WHERE_ALL, WHY_NAME, false },
	{ "integrationkey", PART, WHERE_ALL, WHY_NAME, false },
	{ "webhookkey", PART, WHERE_ALL, WHY_NAME, false },
	{ "applicationkey", PART, WHERE_ALL, WHY_NAME, false },
	{ "appkey", PART, WHERE_ALL, WHY_NAME, false },
	{ "adminkey", PART, WHERE_ALL, WHY_NAME, false },
	{ "hashkey", PART, WHERE_ALL, WHY_NAME, false },
	{ "serverkey", PART, WHERE_ALL, WHY_NAME, false },
	{ "writekey", PART, WHERE_ALL, WHY_NAME, false },
	{ "aeskey", PART, WHERE_ALL, WHY_NAME, false },
	{ "cryptokey", PART, WHERE_ALL, WHY_NAME, false },
	{ "stripekey", PART, WHERE_ALL, WHY_NAME, false },
	{ "openaikey", PART, WHERE_ALL, WHY_NAME, false },
	{ "sslkey", PART, WHERE_ALL, WHY_NAME, false },
	{ "tlskey", PART, WHERE_ALL, WHY_NAME, false },
	{ "functionskey", PART, WHERE_ALL, WHY_NAME, false },
	{ "cookie", PART, WHERE_ALL, WHY_NAME, false },
	{ "sessionid", PART, WHERE_ALL, WHY_NAME, false },
	{ "sessid", PART, WHERE_ALL, WHY_NAME, false },
	{ "csrf", PART, WHERE_ALL, WHY_NAME, false },
	{ "xsrf", PART, WHERE_ALL, WHY_NAME, false },
	{ "bearer", PART, WHERE_ALL, WHY_NAME, false },
	{ "jwt", WORD, WHERE_ALL, WHY_NAME, false },
	{ "auth", WORD, WHERE_ALL, WHY_NAME, false },
	{ "oauth", WHOLE, WHERE_ALL, WHY_NAME, false },
	{ "authorization", PART, WHERE_HEADER, WHY_NAME, false },
	{ "authorization", END, BODY, WHY_NAME, false },
	{ "authentication", WORD, WHERE_HEADER, WHY_NAME, false },
	{ "assertion", END, WHERE_ALL, WHY_NAME, false },
	{ "samlresponse", PART, WHERE_ALL, WHY_NAME, false },
	{ "authcode", PART, WHERE_ALL, WHY_NAME, false },
	{ "authorizationcode", PART, WHERE_ALL, WHY_NAME, false },
	{ "accesscode", PART, WHERE_ALL, WHY_NAME, false },
	{ "securitycode", PART, WHERE_ALL, WHY_NAME, false },
	{ "mfacode", PART, WHERE_ALL, WHY_NAME, false },
	{ "pincode", WHOLE, WHERE_ALL, WHY_NAME, false },
	{ "securityanswer", PART, WHERE_ALL, WHY_NAME, false },
	{ "oauthverifier", PART, WHERE_ALL, WHY_NAME, false },
	{ "xhoneycombteam", WHOLE, WHERE_HEADER, WHY_NAME, false },
	{ "verificationcode", PART, WHERE_ALL, WHY_NAME, false },
	{ "recoverycode", PART, WHERE_ALL, WHY_NAME, false },
	{ "backupcode", PART, WHERE_ALL, WHY_NAME, false },
	{ "devicecode", PART, WHERE_ALL, WHY_NAME, false },
	{ "onetimecode", PART, WHERE_ALL, WHY_NAME, false },
	{ "codeverifier", PART, WHERE_ALL, WHY_NAME, false },
	{ "clientstate", PART, WHERE_ALL, WHY_NAME, false },
	{ "connectionstring", PART, WHERE_ALL, WHY_NAME, false },
	{ "connstr", PART, WHERE_ALL, WHY_NAME, false },
	{ "databaseurl", WHOLE, WHERE_ALL, WHY_NAME, false },
	{ "mnemonic", PART, WHERE_ALL, WHY_NAME, false },
	{ "seedphrase", PART, WHERE_ALL, WHY_NAME, false },
	{ "magiclink", PART, WHERE_ALL, WHY_NAME, false },
	{ "cardnumber", PART, WHERE_ALL, WHY_NAME, false },
	{ "ccnumber", PART, WHERE_ALL, WHY_NAME, false },
	{ "cvv", WHOLE, WHERE_ALL, WHY_NAME, false },
	{ "cvv2", WHOLE, WHERE_ALL, WHY_NAME, false },
	{ "cvc", WHOLE, WHERE_ALL, WHY_NAME, false },
	{ "ssn", WORD, WHERE_ALL, WHY_NAME, false },
	{ "otp", WORD, WHERE_ALL, WHY_NAME, false },
	{ "totp", WORD, WHERE_ALL, WHY_NAME, false },
	{ "pin", WHOLE, WHERE_ALL, WHY_NAME, false },
	{ "psk", WORD, WHERE_ALL, WHY_NAME, false },
	{ "dsn", WORD, WHERE_ALL, WHY_NAME, false },
	{ "salt", WORD, WHERE_ALL, WHY_NAME, false },
	{ "key", WORD, WHERE_HEADER, WHY_NAME, false },
	{ "session", WORD, WHERE_HEADER, WHY_NAME, false },
	{ "key", WHOLE, LINK, WHY_NAME, false },
	{ "code", WHOLE, LINK, WHY_NAME, false },
	{ "sid", WHOLE, LINK, WHY_NAME, false },
	{ "session", WHOLE, BODY, WHY_NAME, true },
	{ "ticket", WHOLE, LINK, WHY_NAME, false },
	{ "signature", PART, WHERE_ALL, WHY_SIGNATURE, false },
	{ "hmac", PART, WHERE_ALL, WHY_SIGNATURE, false },
	{ "sig", WORD, WHERE_ALL, WHY_SIGNATURE, false },
	{ "mac", WORD, WHERE_HEADER, WHY_SIGNATURE, false },
	{ "xtrellowebhook", WHOLE, WHERE_ALL, WHY_SIGNATURE, false },
	{ "plaidverification", WHOLE, WHERE_ALL, WHY_SIGNATURE, false },
	/* A short secret can be guessed from a digest of the body it is in, which is no longer that of what is left. */
	{ "digest", WHOLE, WHERE_HEADER, WHY_SIGNATURE, false },
	{ "contentdigest", WHOLE, WHERE_HEADER, WHY_SIGNATURE, false },
	{ "reprdigest", WHOLE, WHERE_HEADER, WHY_SIGNATURE, false },
	{ "contentmd5", WHOLE, WHERE_HEADER, WHY_SIGNATURE, false },
};

/* What a name ends in when it is about a secret and none itself: "token_type", "X-Signature-Timestamp". */
static const char *const harmless_ends[] = {
	"type",      "types",     "version",   "count",     "limit",     "url",       "urls",      "uri",
	"endpoint",  "expiry",    "expires",   "expiresat", "expiresin", "expireson", "createdat", "updatedat",
	"changedat", "rotatedat", "timestamp", "algorithm", "algo",      "alg",       "method",    "name",
	"status",    "required",  "enabled",   "input",     "policy",
};
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

/* Of a long name its end. */
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

static struct redact_match match_rules(enum redact_where where, const struct plain *p)
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
			    !holds(rule, p, at, end) || is_harmless(p, end))
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
	struct plain p = { .len = 0 };
	if (is_asked_for(names, where, name, path))
		return (struct redact_match){ WHY_ASKED, true, false };
	/* Before the rules: what this provider's signature is, the table of providers knows. */
	make_plain(name, &p);
	struct redact_match m = match_rules(where, &p);
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
				 "a name is missing behind header:, cookie:, query:, form:, part: or json:");
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
