/* What a stranger's request brings to the page's server: Host, Origin, a target with a token, Range; and a page that is
 * imported. Lines of the input are the fields, in that order. */
#include <stdlib.h>
#include <string.h>

#include "client/web_server/web_door.h"
#include "client/web_server/web_guard.h"
#include "client/web_views/web_range.h"
#include "shared/formats/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *take_line(const uint8_t **data, size_t *size)
{
	const uint8_t *end = *size ? memchr(*data, '\n', *size) : NULL;
	size_t len = end ? (size_t)(end - *data) : *size;
	char *line = bytes_dup_text(bytes_make(*data, len));
	len += end != NULL;
	*data += len;
	*size -= len;
	return line;
}

static void guard(const char *host, const char *origin, const char *site)
{
	struct web_guard_head h = { .method = WEB_POST,
				    .loopback = true,
				    .port = 4040,
				    .hosts = 1,
				    .host = host,
				    .origins = 1,
				    .origin = origin,
				    .site = site,
				    .content_type = "application/json",
				    .page = true,
				    .cookie = true };
	if (web_guard(&h) == WEB_GUARD_PASS && (strncmp(origin, "http://", 7) != 0 || strcmp(site, "same-origin") != 0))
		abort();
}

static void enter(const char *target)
{
	struct web_exchange *x = calloc(1, sizeof *x);
	const struct web_door door = { WEB_GUARD_LINK, 4040, false };
	if (!x || *target != '/') {
		free(x);
		return;
	}
	x->path = x->link = target;
	web_door_enter(x, &door, "cookie", NULL);
	/* It leads to this server alone, and without the token. */
	const char *to = x->headers.len ? memmem(x->headers.at, x->headers.len, "Location: /", 11) : NULL;
	const char *query = to ? strpbrk(to, "?\n") : NULL;
	if (x->status == 303 && (!to || to[11] == '/' || !query || strncmp(query, "?token=", 7) == 0))
		abort();
	web_door_refuse(x, &door);
	web_exchange_free(x);
}

static void range(const char *field, uint64_t size)
{
	uint64_t first = 0, last = 0;
	if (web_range_read(field, size, &first, &last) == WEB_RANGE_PART && (first > last || last >= size))
		abort();
}

static void take_page(struct bytes part, struct buffer *page, bool *within, struct buffer *lines)
{
	if (!buffer_append_bytes(page, part) || !report_lines(page, within, lines))
		abort();
}

/* Read in pieces it says the same as at once. */
static void page(struct bytes all)
{
	struct buffer once = { 0 }, pieces = { 0 }, page = { 0 };
	bool within = false;
	take_page(all, &page, &within, &once);
	buffer_free(&page);
	page = (struct buffer){ 0 };
	within = false;
	for (size_t i = 0; i < all.len; i += 7)
		take_page(bytes_make(all.at + i, all.len - i < 7 ? all.len - i : 7), &page, &within, &pieces);
	if (!bytes_equal(buffer_view(&once), buffer_view(&pieces)))
		abort();
	buffer_free(&once);
	buffer_free(&pieces);
	buffer_free(&page);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	page(bytes_make(data, size));
	char *host = take_line(&data, &size), *origin = take_line(&data, &size), *site = take_line(&data, &size);
	char *target = take_line(&data, &size), *field = take_line(&data, &size);
	if (host && origin && site && target && field) {
		guard(host, origin, site);
		enter(target);
		range(field, size);
		range(field, 0);
		range(field, UINT32_MAX);
	}
	free(host);
	free(origin);
	free(site);
	free(target);
	free(field);
	return 0;
}
