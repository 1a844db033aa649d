#include "client/web_server/web_assets.h"

#include <stdio.h>
#include <string.h>

#include <openssl/sha.h>

#include "shared/http/headers.h"

#define ASSETS_MOST 32

static struct web_asset assets[ASSETS_MOST];
static char paths[ASSETS_MOST][48];
static size_t asset_count;

static const char *type_of(const char *name)
{
	static const struct {
		const char *end, *type;
	} types[] = {
		{ ".js", "text/javascript; charset=utf-8" },
		{ ".css", "text/css; charset=utf-8" },
		{ ".svg", "image/svg+xml" },
	};
	const char *dot = strrchr(name, '.');
	for (size_t i = 0; dot && i < sizeof types / sizeof *types; i++)
		if (strcmp(dot, types[i].end) == 0)
			return types[i].type;
	return NULL;
}

static void add(const struct web_file *f, const char *type)
{
	struct web_asset *a = &assets[asset_count];
	unsigned char digest[SHA256_DIGEST_LENGTH];
	a->text = bytes_of(f->text);
	a->type = type;
	a->path = paths[asset_count];
	snprintf(paths[asset_count], sizeof paths[asset_count], "/page/%.40s", f->name);
	SHA256(a->text.at, a->text.len, digest);
	a->etag[0] = '"';
	for (size_t i = 0; i < 8; i++)
		snprintf(a->etag + 1 + 2 * i, 3, "%02x", digest[i]);
	memcpy(a->etag + 17, "\"", 2);
	a->packed = f->packed;
	memcpy(a->packed_etag, a->etag, 17);
	memcpy(a->packed_etag + 17, "-gz\"", 5);
	asset_count++;
}

void web_assets_start(void)
{
	if (asset_count)
		return;
	for (const struct web_file *f = web_files; f->name && asset_count < ASSETS_MOST; f++) {
		const char *type = type_of(f->name);
		if (type)
			add(f, type);
	}
}

const struct web_asset *web_assets_find(const char *path)
{
	for (size_t i = 0; i < asset_count; i++)
		if (strcmp(assets[i].path, path) == 0)
			return &assets[i];
	return NULL;
}

/* "gzip" or "*" without a weight of 0. */
static bool takes(struct bytes member)
{
	struct bytes coding = bytes_until(member, ';'),
		     rest = bytes_make(member.at + coding.len, member.len - coding.len);
	while (coding.len && coding.at[coding.len - 1] == ' ')
		coding.len--;
	if (!bytes_equal_nocase(coding, "gzip") && !bytes_equal(coding, bytes_of("*")))
		return false;
	for (size_t i = 0; i < rest.len; i++)
		if (rest.at[i] == '=')
			for (size_t k = i + 1; k < rest.len; k++)
				if (rest.at[k] >= '1' && rest.at[k] <= '9')
					return true;
	return rest.len == 0;
}

bool web_assets_may_pack(const char *accepted)
{
	struct bytes member, value = bytes_of(accepted);
	size_t at = 0;
	while (headers_next_member(value, &at, &member))
		if (takes(member))
			return true;
	return false;
}

const char *web_assets_text(const char *name)
{
	for (const struct web_file *f = web_files; f->name; f++)
		if (strcmp(f->name, name) == 0)
			return f->text;
	return NULL;
}
