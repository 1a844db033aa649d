#include "client/web_views/web_body.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/transfer/export.h"
#include "client/web_views/web_detail.h"
#include "client/web_views/web_range.h"
#include "shared/base/hex.h"
#include "shared/content/decode.h"
#include "shared/query/item.h"
#include "shared/readers/image.h"
#include "shared/store/store_stop.h"

#define FOUND_MOST 1000
#define IMAGE_HEAD 262144 /* in which an image says how large it is */
#define PIXELS_SHOWN_MOST 40000000
#define DECODED_MOST ((size_t)64 << 20)
#define DECODED_RATIO 1000 /* bytes that one may become */

/* ---- which body ---- */

struct wanted {
	int64_t id;
	int attempt; /* 0: the request */
	char tag[80];
	char name[60]; /* of a file */
};

/* The event's id names it, never the row's, which comes again after the newest was deleted. */
static bool choose(struct web_read *r, bool request, struct wanted *w)
{
	struct error e = { 0 };
	struct item item = { 0 };
	char event[UUID_TEXT_LEN + 1];
	int64_t attempt;
	if (!web_param_number(r->x, "attempt", 1, 4095, 0, &attempt) || !web_detail_resolve(r, &w->id))
		return false;
	struct web_attempt a = { .wanted = (int)attempt };
	bool fine = item_read(r->store, w->id, &item, &e) && (request || web_detail_attempt(r->store, w->id, &a, &e));
	if (fine && !request && !a.status)
		fine = error_set(&e, EXIT_USAGE, "delivery %lld has no such answer on record", (long long)w->id);
	if (fine) {
		uuid_format(item.row.event_id, event);
		w->attempt = request ? 0 : a.number;
		if (request)
			snprintf(w->tag, sizeof w->tag, "\"%s-request\"", event);
		else
			snprintf(w->tag, sizeof w->tag, "\"%s-response-%d\"", event, a.number);
		snprintf(w->name, sizeof w->name, "delivery-%lld-%s.bin", (long long)w->id,
			 request ? "request" : "response");
	} else {
		web_problem_of(r->x, &e);
	}
	item_free(&item);
	buffer_free(&a.reason);
	buffer_free(&a.error);
	return fine;
}

/* ---- how it is shown ---- */

static const char frame_policy[] = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
				   "frame-ancestors 'self'";

const struct web_image *web_body_image(struct bytes b)
{
	static const struct {
		const char *magic;
		size_t len, at;
		struct web_image is;
	} kinds[] = {
		{ "\x89PNG\r\n\x1a\n", 8, 0, { "PNG", "image/png" } },
		{ "\xff\xd8\xff", 3, 0, { "JPEG", "image/jpeg" } },
		{ "GIF87a", 6, 0, { "GIF", "image/gif" } },
		{ "GIF89a", 6, 0, { "GIF", "image/gif" } },
		{ "WEBP", 4, 8, { "WebP", "image/webp" } },
		{ "ftypavif", 8, 4, { "AVIF", "image/avif" } },
		{ "BM", 2, 0, { "BMP", "image/bmp" } },
	};
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (b.len >= kinds[i].at + kinds[i].len &&
		    memcmp(b.at + kinds[i].at, kinds[i].magic, kinds[i].len) == 0)
			return &kinds[i].is;
	return NULL;
}

/* A picture that unpacks to hundreds of megabytes stays unshown, and one that does not say how large it is. */
static bool image_is_small(struct bytes b)
{
	struct image i;
	return image_read(b, &i) && (uint64_t)i.width * i.height <= PIXELS_SHOWN_MOST;
}

/* False after a problem. */
static bool choose_view(struct web_exchange *x, struct bytes start)
{
	const char *view = web_param(x, "view");
	x->type = "application/octet-stream";
	if (!view)
		return true;
	if (strcmp(view, "frame") == 0) {
		x->type = "text/html; charset=utf-8";
		x->policy = frame_policy;
		if (!x->fetch_dest || strcmp(x->fetch_dest, "iframe") == 0)
			return true;
		web_problem(x, 403, "origin", "this is shown within the page alone");
		return false;
	}
	if (strcmp(view, "image") != 0) {
		web_problem(x, 400, "range", "view takes frame, image or text");
		return false;
	}
	const struct web_image *image = web_body_image(start);
	x->type = image ? image->type : NULL;
	if (x->type && image_is_small(start))
		return true;
	web_problem(x, 415, "media-type", "this is not an image that the page shows");
	return false;
}

static bool put_fields(struct web_exchange *x, const struct wanted *w)
{
	bool named = !web_param(x, "view");
	return web_answer_header(x, "ETag: %s", w->tag) && web_answer_header(x, "Accept-Ranges: bytes") &&
	       (!named || web_answer_header(x, "Content-Disposition: attachment; filename=\"%s\"", w->name));
}

/* A long body is no slow question: each piece has its time. */
static bool take_piece(void *user, struct bytes piece, uint64_t at, struct error *e)
{
	struct web_read *r = user;
	(void)at;
	store_renew_patience(r->store);
	return web_answer_more(r->x, piece, e);
}

/* Piece by piece: a range is as long as its sender likes. */
static bool send_bytes(struct web_read *r, const struct wanted *w, uint64_t from, uint64_t len, struct error *e)
{
	return len == 0 || store_walk_body(r->store, w->id, w->attempt, from, len, take_piece, r, e);
}

static bool put_how(struct web_exchange *x, enum decode_result result)
{
	const char *how = result == DECODE_WHOLE     ? "whole"
			  : result == DECODE_CUT     ? "cut"
			  : result == DECODE_DAMAGED ? "damaged"
						     : NULL;
	return !how || web_answer_header(x, "Creel-Decoded: %s", how);
}

/* What is coded is held whole, and so is what it says: a coding may be in another one. */
static bool put_decoded(struct web_read *r, const struct wanted *w, struct error *e)
{
	struct store_part p;
	struct buffer said = { 0 };
	char codings[64];
	if (!store_get_part(r->store, w->id, w->attempt, INT32_MAX, &p, e))
		return false;
	size_t most = p.body.len < DECODED_MOST / DECODED_RATIO ? p.body.len * DECODED_RATIO : DECODED_MOST;
	enum decode_result result =
	    decode_body_most(buffer_view(&p.headers), buffer_view(&p.body), most, &said, codings);
	struct bytes shown = result == DECODE_NONE ? buffer_view(&p.body) : buffer_view(&said);
	bool fine = result != DECODE_NO_MEMORY || error_set(e, EXIT_STORE, "out of memory");
	r->x->status = 200;
	if (fine && choose_view(r->x, shown))
		fine = (put_how(r->x, result) || error_set(e, EXIT_STORE, "out of memory")) &&
		       web_answer_more(r->x, shown, e);
	buffer_free(&said);
	store_part_free(&p);
	return fine;
}

static void send_decoded(struct web_read *r, const struct wanted *w)
{
	struct web_exchange *x = r->x;
	struct store_part p;
	struct error e = { 0 };
	struct buffer said = { 0 };
	char codings[64];
	bool fine = store_get_part(r->store, w->id, w->attempt, IMAGE_HEAD, &p, &e);
	bool coded = fine && decode_body(buffer_view(&p.headers), buffer_view(&p.body), &said, codings) != DECODE_NONE;
	buffer_free(&said);
	if (coded) {
		fine = put_decoded(r, w, &e);
	} else if (fine) {
		x->status = 200;
		if (choose_view(x, buffer_view(&p.body)))
			fine = send_bytes(r, w, 0, p.body_size, &e);
	}
	store_part_free(&p);
	if (!fine)
		web_problem_of(x, &e);
	else if (x->status == 200 && !web_answer_header(x, "Content-Disposition: attachment; filename=\"%s\"", w->name))
		web_problem(x, 503, "store", "out of memory");
}

static void send_body(struct web_read *r, bool request)
{
	struct web_exchange *x = r->x;
	struct wanted w;
	struct store_part p = { 0 };
	struct error e = { 0 };
	uint64_t first = 0, last = 0;
	if (!choose(r, request, &w))
		return;
	if (web_has_already(x, w.tag)) {
		x->status = put_fields(x, &w) ? 304 : 503;
		return;
	}
	const char *view = web_param(x, "view");
	if (view && strcmp(view, "text") == 0) {
		web_readable(r, w.id, w.attempt);
		return;
	}
	if (web_param_set(x, "decode")) {
		send_decoded(r, &w);
		return;
	}
	if (!store_get_part(r->store, w.id, w.attempt, view ? IMAGE_HEAD : 64, &p, &e)) {
		web_problem_of(x, &e);
		return;
	}
	enum web_range kind =
	    web_range_counts(x, w.tag) ? web_range_read(x->range, p.body_size, &first, &last) : WEB_RANGE_WHOLE;
	if (kind == WEB_RANGE_WHOLE)
		last = p.body_size ? p.body_size - 1 : 0;
	if (kind == WEB_RANGE_BAD) {
		web_problem(x, 416, "range", "the body has %" PRIu64 " bytes", p.body_size);
		if (!web_answer_header(x, "Content-Range: bytes */%" PRIu64, p.body_size))
			x->status = 503;
	} else if (choose_view(x, buffer_view(&p.body))) {
		x->status = kind == WEB_RANGE_PART ? 206 : 200;
		bool fine =
		    put_fields(x, &w) && (kind != WEB_RANGE_PART ||
					  web_answer_header(x, "Content-Range: bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64,
							    first, last, p.body_size));
		if (!fine)
			web_problem(x, 503, "store", "out of memory");
		else if (p.body_size && !send_bytes(r, &w, first, last - first + 1, &e))
			web_problem_of(x, &e);
	}
	store_part_free(&p);
}

void web_body_request(struct web_read *r)
{
	send_body(r, true);
}

void web_body_response(struct web_read *r)
{
	send_body(r, false);
}

/* ---- whole messages ---- */

void web_body_raw_request(struct web_read *r)
{
	struct export_options o = { .as = EXPORT_AS_RAW };
	struct error e = { 0 };
	struct wanted w;
	if (!choose(r, true, &w))
		return;
	r->x->status = 200;
	r->x->type = "application/octet-stream";
	if (!export_to_taker(r->store, &w.id, 1, &o, web_answer_more, r->x, &e))
		web_problem_of(r->x, &e);
	else if (!put_fields(r->x, &w))
		web_problem(r->x, 503, "store", "out of memory");
}

void web_body_raw_response(struct web_read *r)
{
	struct web_exchange *x = r->x;
	struct store_part p = { 0 };
	struct error e = { 0 };
	struct wanted w;
	if (!choose(r, false, &w))
		return;
	struct web_attempt a = { .wanted = w.attempt };
	bool fine = web_detail_attempt(r->store, w.id, &a, &e) && store_get_part(r->store, w.id, w.attempt, 0, &p, &e);
	x->status = 200;
	x->type = "application/octet-stream";
	if (fine &&
	    (!buffer_printf(&x->answer, "HTTP/1.1 %d ", a.status) ||
	     !buffer_append_bytes(&x->answer, buffer_view(&a.reason)) || !buffer_append_text(&x->answer, "\r\n") ||
	     !buffer_append_bytes(&x->answer, buffer_view(&p.headers)) || !buffer_append_text(&x->answer, "\r\n") ||
	     !put_fields(x, &w)))
		fine = error_set(&e, EXIT_STORE, "out of memory");
	if (!fine || !send_bytes(r, &w, 0, p.body_size, &e))
		web_problem_of(x, &e);
	store_part_free(&p);
	buffer_free(&a.reason);
	buffer_free(&a.error);
}

/* ---- search ---- */

struct finding {
	struct bytes needle;
	bool nocase;
	struct buffer seen; /* the last piece, after the end of the one before it */
	json_t *offsets;
	bool more;
};

static void fold(struct buffer *b, size_t from)
{
	for (size_t i = from; i < b->len; i++)
		if (b->at[i] >= 'A' && b->at[i] <= 'Z')
			b->at[i] = (uint8_t)(b->at[i] + 32);
}

/* By memmem, whose time no needle makes longer than the piece is. */
static bool find_in(struct finding *f, struct bytes piece, uint64_t offset)
{
	const uint8_t *at;
	for (size_t i = 0; (at = memmem(piece.at + i, piece.len - i, f->needle.at, f->needle.len)); i++) {
		i = (size_t)(at - piece.at);
		if (json_array_size(f->offsets) == FOUND_MOST) {
			f->more = true;
			return false;
		}
		if (json_array_append_new(f->offsets, json_integer((json_int_t)offset + (json_int_t)i)) != 0)
			return false;
	}
	return true;
}

/* What lies across the border of two pieces begins in the first. */
static bool look_at(void *user, struct bytes piece, uint64_t at, struct error *e)
{
	struct finding *f = user;
	size_t before = f->seen.len < f->needle.len - 1 ? f->seen.len : f->needle.len - 1;
	buffer_consume(&f->seen, f->seen.len - before);
	if (!buffer_append_bytes(&f->seen, piece))
		return error_set(e, EXIT_STORE, "out of memory");
	if (f->nocase)
		fold(&f->seen, before);
	return find_in(f, buffer_view(&f->seen), at - before);
}

static bool find_all(struct store *s, const struct wanted *w, struct finding *f, struct error *e)
{
	bool fine = store_walk_body(s, w->id, w->attempt, 0, UINT64_MAX, look_at, f, e) || f->more;
	buffer_free(&f->seen);
	return fine;
}

void web_body_find(struct web_read *r)
{
	struct web_exchange *x = r->x;
	const char *part = web_param(x, "part"), *text = web_param(x, "text"), *hex = web_param(x, "hex");
	struct buffer needle = { 0 };
	struct error e = { 0 };
	struct wanted w;
	bool request = !part || strcmp(part, "request") == 0;
	if ((!text && !hex) || (text && hex) || (!request && strcmp(part, "response") != 0) ||
	    !(hex ? hex_decode(&needle, bytes_of(hex)) : buffer_append_text(&needle, text)) || needle.len == 0 ||
	    needle.len > 1000) {
		web_problem(x, 400, "range", "find takes part=request or response, and text= or hex=");
		buffer_free(&needle);
		return;
	}
	if (text)
		fold(&needle, 0);
	struct finding f = { .needle = buffer_view(&needle), .nocase = text != NULL, .offsets = json_array() };
	e.code = EXIT_STORE;
	if (choose(r, request, &w)) {
		if (f.offsets && find_all(r->store, &w, &f, &e))
			web_answer_json(x, 200, json_pack("{s:O, s:b}", "offsets", f.offsets, "more", f.more));
		else
			web_problem_of(x, &e);
	}
	json_decref(f.offsets);
	buffer_free(&needle);
}
