#include "relay/names/router.h"

#include "relay/common/hash.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct entry {
	char name[TUNNEL_NAME_MAX + 1];
	struct tunnel *holder;
	UT_hash_handle hh;
};

struct router {
	struct entry *names;
	char *domain;
};

struct router *router_new(const char *domain)
{
	struct router *r = calloc(1, sizeof *r);
	if (r && domain && !(r->domain = strdup(domain))) {
		free(r);
		return NULL;
	}
	return r;
}

void router_free(struct router *r)
{
	if (!r)
		return;
	struct entry *e = r->names, *next;
	HASH_CLEAR(hh, r->names);
	for (; e; e = next) {
		next = e->hh.next;
		free(e);
	}
	free(r->domain);
	free(r);
}

bool router_name_valid(struct bytes name)
{
	if (name.len == 0 || name.len > TUNNEL_NAME_MAX || name.at[0] == '-')
		return false;
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.at[i];
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
			return false;
	}
	return true;
}

bool router_make_name(char out[TUNNEL_NAME_MAX + 1])
{
	static const char digits[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	size_t len = 0;
	while (len < 20) {
		uint8_t random[32];
		if (RAND_bytes(random, sizeof random) != 1)
			return false;
		/* 252 is 7 * 36; the values above would favour some letters. */
		for (size_t i = 0; i < sizeof random && len < 20; i++)
			if (random[i] < 252)
				out[len++] = digits[random[i] % 36];
	}
	out[len] = 0;
	return true;
}

static struct entry *find(const struct router *r, const uint8_t *name, size_t len)
{
	struct entry *e;
	/* The analyzer does not see that the hash stops at `len`. */
	HASH_FIND(hh, r->names, name, len, e); /* NOLINT(clang-analyzer-core.*) */
	return e;
}

static struct entry *find_or_make(struct router *r, const char *name)
{
	size_t len = strlen(name);
	struct entry *e = find(r, (const uint8_t *)name, len);
	if (e)
		return e;
	if (len > TUNNEL_NAME_MAX)
		return NULL;
	e = calloc(1, sizeof *e);
	if (!e)
		return NULL;
	memcpy(e->name, name, len);
	HASH_ADD_KEYPTR(hh, r->names, e->name, len, e);
	if (!e->hh.tbl) {
		free(e);
		return NULL;
	}
	return e;
}

bool router_know(struct router *r, const char *name)
{
	return find_or_make(r, name) != NULL;
}

bool router_hold(struct router *r, const char *name, struct tunnel *t)
{
	struct entry *e = find_or_make(r, name);
	if (!e)
		return false;
	e->holder = t;
	return true;
}

struct tunnel *router_holder(const struct router *r, const char *name)
{
	const struct entry *e = find(r, (const uint8_t *)name, strlen(name));
	return e ? e->holder : NULL;
}

static void drop(struct router *r, struct entry *e)
{
	/* clang-tidy does not see that uthash unlinks e. */
	HASH_DELETE(hh, r->names, e); /* NOLINT(clang-analyzer-unix.Malloc,clang-analyzer-core.NullDereference) */
	free(e);
}

void router_forget(struct router *r, const char *name)
{
	struct entry *e = find(r, (const uint8_t *)name, strlen(name));
	if (e)
		drop(r, e);
}

void router_forget_unheld(struct router *r, bool (*keep)(void *user, const char *name), void *user)
{
	for (struct entry *e = r->names, *next; e; e = next) {
		next = e->hh.next;
		if (!e->holder && !keep(user, e->name))
			drop(r, e);
	}
}

/* The label in front of ".domain", without the port. */
static struct bytes name_of_host(const struct router *r, struct bytes host)
{
	const uint8_t *colon = host.len ? memchr(host.at, ':', host.len) : NULL;
	size_t len = colon ? (size_t)(colon - host.at) : host.len, domain_len = strlen(r->domain);
	/* The root's dot at the end of a name means the same host. */
	if (len > 0 && host.at[len - 1] == '.')
		len--;
	if (len < domain_len + 2 || host.at[len - domain_len - 1] != '.' ||
	    strncasecmp((const char *)host.at + len - domain_len, r->domain, domain_len) != 0)
		return bytes_make(NULL, 0);
	return bytes_make(host.at, len - domain_len - 1);
}

/* The first part of the path. */
static struct bytes name_of_path(struct bytes target)
{
	size_t end = 1;
	while (end < target.len && target.at[end] != '/' && target.at[end] != '?')
		end++;
	if (target.len < 2 || target.at[0] != '/')
		return bytes_make(NULL, 0);
	return bytes_make(target.at + 1, end - 1);
}

/* In lower case where it is a host's; "": there is none that a tunnel can have. */
static void read_name(const struct router *r, struct bytes host, struct bytes target, char out[TUNNEL_NAME_MAX + 1])
{
	struct bytes name = r->domain ? name_of_host(r, host) : name_of_path(target);
	size_t len = name.len <= TUNNEL_NAME_MAX && !(name.len && memchr(name.at, 0, name.len)) ? name.len : 0;
	for (size_t i = 0; i < len; i++) {
		bool upper = r->domain && name.at[i] >= 'A' && name.at[i] <= 'Z';
		out[i] = (char)(upper ? name.at[i] | 0x20 : name.at[i]);
	}
	out[len] = 0;
}

bool router_read_name(const struct router *r, struct bytes host, struct bytes target, char out[TUNNEL_NAME_MAX + 1])
{
	read_name(r, host, target, out);
	return router_name_valid(bytes_of(out));
}

bool router_find(struct router *r, struct bytes host, struct bytes target, struct route *out)
{
	char name[TUNNEL_NAME_MAX + 1];
	struct entry *e;
	memset(out, 0, sizeof *out);
	read_name(r, host, target, name);
	if (!*name || !(e = find(r, (const uint8_t *)name, strlen(name))))
		return false;
	if (r->domain) {
		out->target = target;
		out->holder = e->holder;
		out->name = bytes_of(e->name);
		return true;
	}
	size_t end = 1 + strlen(name);
	out->holder = e->holder;
	out->name = bytes_of(e->name);
	out->prefix = bytes_make(target.at, end);
	out->target = bytes_make(target.at + end, target.len - end);
	if (out->target.len == 0) {
		out->target = bytes_of("/");
	} else if (out->target.at[0] == '?') {
		out->spare = malloc(out->target.len + 1);
		if (!out->spare)
			return false;
		out->spare[0] = '/';
		memcpy(out->spare + 1, out->target.at, out->target.len);
		out->target = bytes_make(out->spare, out->target.len + 1);
	}
	return true;
}
