#include "shared/secrets/secret_gate.h"

#include "shared/base/hex.h"
#include "shared/text/base64.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#define ANYWHERE_LEN 8  /* hidden wherever it stands */
#define WORD_LEN 4      /* hidden as a whole word */
#define WHOLE_LEN 16    /* from this length on pieces are hidden as well */
#define PIECE_LEN 12    /* as long as these */
#define TOKEN_DIGITS 16 /* of what looks like a token: one may be cut off */

struct secret_gate {
	struct bytes *at; /* owned copies */
	size_t count;
	bool no_memory; /* something is not known: nothing is shown */
};

struct secret_gate *secret_gate_new(void)
{
	return calloc(1, sizeof(struct secret_gate));
}

static void wipe(struct bytes b)
{
	OPENSSL_cleanse((void *)(uintptr_t)b.at, b.len);
	free((void *)(uintptr_t)b.at);
}

void secret_gate_free(struct secret_gate *g)
{
	if (!g)
		return;
	for (size_t i = 0; i < g->count; i++)
		wipe(g->at[i]);
	free(g->at);
	free(g);
}

/* ---- what is known ---- */

static void learn(struct secret_gate *g, struct bytes secret)
{
	if (secret.len < WORD_LEN)
		return;
	for (size_t i = 0; i < g->count; i++)
		if (bytes_equal(g->at[i], secret))
			return;
	struct bytes *more = realloc(g->at, (g->count + 1) * sizeof *more);
	char *copy = more ? bytes_dup_text(secret) : NULL;
	if (more)
		g->at = more;
	if (copy)
		g->at[g->count++] = bytes_make(copy, secret.len);
	else
		g->no_memory = true;
}

/* Without its padding, which not everybody writes; and with the alphabet of URLs. */
static void learn_base64(struct secret_gate *g, struct bytes secret)
{
	struct buffer b = { 0 };
	if (!base64_encode(&b, secret, 0)) {
		g->no_memory = true;
	} else {
		while (b.len > 0 && b.at[b.len - 1] == '=')
			b.len--;
		if (b.len >= ANYWHERE_LEN)
			learn(g, buffer_view(&b));
		for (size_t i = 0; i < b.len; i++)
			b.at[i] = b.at[i] == '+' ? '-' : b.at[i] == '/' ? '_' : b.at[i];
		if (b.len >= ANYWHERE_LEN)
			learn(g, buffer_view(&b));
	}
	if (b.len)
		OPENSSL_cleanse(b.at, b.len);
	buffer_free(&b);
}

/* The byte that text begins with, read as a URL would: *len bytes stand for it. */
static uint8_t decoded(struct bytes text, size_t *len)
{
	int high = text.len >= 3 && text.at[0] == '%' ? hex_digit(text.at[1]) : -1;
	int low = high >= 0 ? hex_digit(text.at[2]) : -1;
	*len = low >= 0 ? 3 : 1;
	return low >= 0 ? (uint8_t)(high * 16 + low) : text.at[0];
}

static struct bytes skip(struct bytes b, size_t n)
{
	return bytes_make(b.at + n, b.len - n);
}

/* As it is, and without its percent-encoding where it has one. */
static void learn_both(struct secret_gate *g, struct bytes secret)
{
	struct buffer plain = { 0 };
	bool fine = true;
	for (struct bytes rest = secret; fine && rest.len > 0;) {
		size_t len;
		uint8_t c = decoded(rest, &len);
		fine = buffer_put_u8(&plain, c);
		rest = skip(rest, len);
	}
	g->no_memory |= !fine;
	learn(g, secret);
	learn_base64(g, secret);
	if (plain.len != secret.len) {
		learn(g, buffer_view(&plain));
		learn_base64(g, buffer_view(&plain));
	}
	if (plain.len)
		OPENSSL_cleanse(plain.at, plain.len);
	buffer_free(&plain);
}

/* What a token begins with is in the sentences that explain it, and gives nothing away. */
static bool is_bare_prefix(const char *secret)
{
	static const char *const prefixes[] = {
		"whsec_", "whsk_", "creel_", "sk_live_", "sk_test_", "Bearer ", "Basic "
	};
	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
		if (strcmp(secret, prefixes[i]) == 0)
			return true;
	return false;
}

void secret_gate_add(struct secret_gate *g, const char *secret)
{
	if (secret && *secret && !is_bare_prefix(secret))
		learn_both(g, bytes_of(secret));
}

static bool is_plain_word(const char *text)
{
	size_t len = strlen(text);
	return len < ANYWHERE_LEN && strspn(text, "abcdefghijklmnopqrstuvwxyz") == len;
}

void secret_gate_add_login(struct secret_gate *g, const char *user, const char *password)
{
	struct buffer pair = { 0 };
	secret_gate_add(g, password);
	if (user && !is_plain_word(user))
		secret_gate_add(g, user);
	if (!user || !password || !*password)
		return;
	if (buffer_printf(&pair, "%s:%s", user, password))
		learn_both(g, buffer_view(&pair));
	else
		g->no_memory = true;
	if (pair.len)
		OPENSSL_cleanse(pair.at, pair.len);
	buffer_free(&pair);
}

static void add_user_info(struct secret_gate *g, struct bytes info)
{
	char *user = bytes_dup_text(info), *colon = user ? strchr(user, ':') : NULL;
	g->no_memory |= !user;
	if (colon)
		*colon = 0;
	if (user)
		secret_gate_add_login(g, user, colon ? colon + 1 : NULL);
	if (user)
		OPENSSL_cleanse(user, info.len);
	free(user);
}

void secret_gate_add_urls(struct secret_gate *g, const char *text)
{
	for (const char *at = text ? strstr(text, "://") : NULL; at; at = strstr(at, "://")) {
		at += strlen("://");
		size_t len = strcspn(at, " \t\r\n"), end = len;
		while (end > 0 && at[end - 1] != '@')
			end--;
		if (end > 1)
			add_user_info(g, bytes_make(at, end - 1));
		at += len;
	}
}

void secret_gate_add_tokens(struct secret_gate *g, const char *text)
{
	static const char begin[] = "creel_";
	for (const char *at = text ? strstr(text, begin) : NULL; at; at = strstr(at, begin)) {
		size_t len = strlen(begin);
		while (isxdigit((unsigned char)at[len]))
			len++;
		if (len >= strlen(begin) + TOKEN_DIGITS)
			learn_both(g, bytes_make(at, len));
		at += len;
	}
}

/* ---- what is hidden ---- */

/* How many bytes of `text` spell the beginning of `secret`; *of: how many of its bytes. */
static size_t match(struct bytes text, struct bytes secret, size_t *of)
{
	size_t used = 0;
	*of = 0;
	while (*of < secret.len && used < text.len) {
		size_t len = 1;
		if (text.at[used] != secret.at[*of] && decoded(skip(text, used), &len) != secret.at[*of])
			break;
		used += len;
		++*of;
	}
	return used;
}

static bool is_of_word(uint8_t c)
{
	return isalnum(c) || c == '_';
}

static bool is_whole_word(struct bytes text, size_t at, size_t len)
{
	return (at == 0 || !is_of_word(text.at[at - 1]) || !is_of_word(text.at[at])) &&
	       (at + len == text.len || !is_of_word(text.at[at + len]) || !is_of_word(text.at[at + len - 1]));
}

/* The bytes of the text at `at` that are that secret, or a piece of it. */
static size_t found(struct bytes text, size_t at, struct bytes secret)
{
	size_t of, most = 0;
	struct bytes rest = skip(text, at);
	size_t len = match(rest, secret, &of);
	if (of == secret.len && (secret.len >= ANYWHERE_LEN || is_whole_word(text, at, len)))
		most = len;
	for (size_t i = 0; secret.len >= WHOLE_LEN && i + PIECE_LEN <= secret.len; i++) {
		if (rest.at[0] != secret.at[i] && rest.at[0] != '%')
			continue;
		len = match(rest, skip(secret, i), &of);
		if (of >= PIECE_LEN && len > most)
			most = len;
	}
	return most;
}

bool secret_gate_put(const struct secret_gate *g, struct buffer *out, struct bytes text)
{
	bool fine = true, hidden = false;
	if (!g || (g->count == 0 && !g->no_memory))
		return buffer_append_bytes(out, text);
	if (g->no_memory)
		return buffer_append_text(out, "out of memory");
	for (size_t at = 0; fine && at < text.len;) {
		size_t most = 0;
		for (size_t i = 0; i < g->count; i++) {
			size_t len = found(text, at, g->at[i]);
			most = len > most ? len : most;
		}
		if (most == 0)
			fine = buffer_put_u8(out, text.at[at]);
		else if (!hidden) /* two in a row are one */
			fine = buffer_append_text(out, SECRET_HIDDEN);
		hidden = most > 0;
		at += most ? most : 1;
	}
	return fine;
}

void secret_gate_scrub(const struct secret_gate *g, char *text, size_t size)
{
	struct buffer b = { 0 };
	if (!g || size == 0)
		return;
	if (secret_gate_put(g, &b, bytes_of(text)))
		snprintf(text, size, "%.*s", (int)b.len, b.len ? (const char *)b.at : "");
	else
		snprintf(text, size, "out of memory");
	buffer_free(&b);
}
