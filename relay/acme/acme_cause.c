#include "relay/acme/acme_cause.h"

#include <stdio.h>
#include <string.h>

#define URN "urn:ietf:params:acme:error:"

static const struct {
	enum acme_cause cause;
	const char *name, *sentence;
} causes[] = {
	{ ACME_FINE, "fine", "" },
	{ ACME_NO_PROGRAM, "no_uacme",
	  "the program uacme, which gets certificates, cannot be started: install the package uacme" },
	{ ACME_UNREACHABLE, "unreachable",
	  "the certificate authority does not answer: is this machine online, and --acme-url right?" },
	{ ACME_RATE_LIMITED, "rate_limited", "the certificate authority takes no more orders for now" },
	{ ACME_DNS, "dns",
	  "the name has no address that the certificate authority finds: check its A and AAAA records" },
	{ ACME_CONNECTION, "connection",
	  "the certificate authority could not connect to the name: do its A and AAAA records lead to this machine, "
	  "and does every firewall let ports 80 and 443 in?" },
	{ ACME_UNAUTHORIZED, "unauthorized",
	  "something else than this relay answered the certificate authority: do the name's A and AAAA records lead to "
	  "this machine, and does a proxy in front pass on /.well-known/acme-challenge/?" },
	{ ACME_CAA, "caa", "the name's CAA record allows other certificate authorities alone" },
	{ ACME_REJECTED, "rejected", "the certificate authority does not issue for this name" },
	{ ACME_NO_ACCOUNT, "no_account", "the certificate authority does not know the account" },
	{ ACME_CONTACT, "contact", "the certificate authority does not take the address of --acme-mail" },
	{ ACME_EXTERNAL, "external_account",
	  "the certificate authority wants an account made elsewhere: name another with --acme-url" },
	{ ACME_NONCE, "nonce", "the certificate authority refused the request's nonce each time" },
	{ ACME_SERVER, "server", "the certificate authority has trouble of its own" },
	{ ACME_OTHER, "other", "uacme failed" },
};

static const struct {
	const char *type;
	enum acme_cause cause;
} types[] = {
	{ "rateLimited", ACME_RATE_LIMITED },
	{ "dns", ACME_DNS },
	{ "connection", ACME_CONNECTION },
	{ "tls", ACME_CONNECTION },
	{ "unauthorized", ACME_UNAUTHORIZED },
	{ "incorrectResponse", ACME_UNAUTHORIZED },
	{ "caa", ACME_CAA },
	{ "rejectedIdentifier", ACME_REJECTED },
	{ "unsupportedIdentifier", ACME_REJECTED },
	{ "accountDoesNotExist", ACME_NO_ACCOUNT },
	{ "invalidContact", ACME_CONTACT },
	{ "unsupportedContact", ACME_CONTACT },
	{ "externalAccountRequired", ACME_EXTERNAL },
	{ "serverInternal", ACME_SERVER },
	{ "badNonce", ACME_NONCE },
};

static const char *find(struct bytes in, const char *what)
{
	return in.len ? memmem(in.at, in.len, what, strlen(what)) : NULL;
}

static struct bytes after(struct bytes in, const char *at)
{
	return bytes_make(at, (size_t)((const char *)in.at + in.len - at));
}

static enum acme_cause cause_of_type(struct bytes word)
{
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		size_t len = strlen(types[i].type);
		if (word.len > len && memcmp(word.at, types[i].type, len) == 0 && word.at[len] == '"')
			return types[i].cause;
	}
	return ACME_OTHER;
}

/* The string after the key, as it stands in the JSON. */
static struct bytes value_of(struct bytes in, const char *key)
{
	const char *at = find(in, key);
	const char *colon = at ? memchr(at, ':', after(in, at).len) : NULL;
	const char *open = colon ? memchr(colon, '"', after(in, colon).len) : NULL;
	if (!open)
		return bytes_make(NULL, 0);
	struct bytes text = after(in, open + 1);
	size_t len = 0;
	while (len < text.len && text.at[len] != '"')
		len += text.at[len] == '\\' && len + 1 < text.len ? 2 : 1;
	return bytes_make(text.at, len);
}

static struct bytes last_line(struct bytes said)
{
	while (said.len && said.at[said.len - 1] == '\n')
		said.len--;
	size_t start = said.len;
	while (start && said.at[start - 1] != '\n')
		start--;
	return bytes_make(said.at + start, said.len - start);
}

enum acme_cause acme_cause_of(struct bytes said, struct bytes *detail)
{
	enum acme_cause found = ACME_FINE;
	struct bytes rest = said;
	for (const char *at; (at = find(rest, URN));) {
		rest = after(rest, at + strlen(URN));
		enum acme_cause cause = cause_of_type(rest);
		/* A refused nonce was tried again, and what came then is the reason. */
		if (found == ACME_FINE || found == ACME_NONCE || found == ACME_OTHER)
			found = cause;
	}
	*detail = value_of(said, "\"detail\"");
	if (detail->len == 0)
		*detail = last_line(said);
	/* uacme keeps that one to itself, and has these words for it. */
	if (find(said, "Consider trying 'new'"))
		return ACME_NO_ACCOUNT;
	if (found != ACME_FINE)
		return found;
	return find(said, "curl_") ? ACME_UNREACHABLE : ACME_OTHER;
}

time_t acme_cause_retry_at(struct bytes said, time_t now)
{
	static const char words[] = "retry after ", field[] = "Retry-After: ";
	const char *at = find(said, words);
	struct tm t = { 0 };
	char text[40];
	long seconds;
	if (at) {
		struct bytes rest = after(said, at + strlen(words));
		snprintf(text, sizeof text, "%.*s", (int)(rest.len < 30 ? rest.len : 30), (const char *)rest.at);
		if (sscanf(text, "%4d-%2d-%2d%*1[T ]%2d:%2d:%2d", &t.tm_year, &t.tm_mon, &t.tm_mday, &t.tm_hour,
			   &t.tm_min, &t.tm_sec) == 6) {
			t.tm_year -= 1900;
			t.tm_mon--;
			time_t when = timegm(&t);
			return when > now ? when : 0;
		}
	}
	at = find(said, field);
	if (!at)
		return 0;
	struct bytes rest = after(said, at + strlen(field));
	snprintf(text, sizeof text, "%.*s", (int)(rest.len < 9 ? rest.len : 9), (const char *)rest.at);
	return sscanf(text, "%9ld", &seconds) == 1 && seconds > 0 ? now + seconds : 0;
}

const char *acme_cause_name(enum acme_cause cause)
{
	return causes[cause].name;
}

const char *acme_cause_sentence(enum acme_cause cause)
{
	return causes[cause].sentence;
}
