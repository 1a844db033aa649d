/* A request that comes back from an editor. The input is the recorded one, a NUL, what the editor left, a NUL, and the
 * body's file. What was written for the editor counts as unchanged; whatever is taken can be sent, read again as the
 * same, and told line by line; the recorded one stays. */
#include <stdlib.h>
#include <string.h>

#include "shared/http/headers.h"
#include "shared/frontend/edit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct bytes cut(struct bytes *rest)
{
	const uint8_t *nul = rest->len ? memchr(rest->at, 0, rest->len) : NULL;
	struct bytes first = bytes_make(rest->at, nul ? (size_t)(nul - rest->at) : rest->len);
	size_t taken = first.len + (nul != NULL);
	*rest = bytes_make(taken ? rest->at + taken : rest->at, rest->len - taken);
	return first;
}

static struct edit *record(struct bytes text)
{
	struct http_text t;
	struct buffer headers = { 0 };
	struct document d = { 0 };
	struct error e;
	struct edit *edit = NULL;
	if (http_text_read(text, &t, &headers, NULL, &e)) {
		struct delivery_row row = { .id = 7, .method = t.method, .target = t.target };
		d.body_size = t.body.len;
		if (item_copy(&d.item, &row) && buffer_append_bytes(&d.headers, t.headers) &&
		    buffer_append_bytes(&d.body, t.body))
			edit = edit_new(&d, &e);
		document_free(&d);
	}
	buffer_free(&headers);
	return edit;
}

static void on_line(void *user, char mark, struct bytes text)
{
	int *changes = user;
	if (!strchr("-+ @", mark) || !mark || (text.len && !text.at))
		abort();
	*changes += mark != ' ';
}

static void check_taken(const struct edit *e, bool changed)
{
	struct buffer out = { 0 }, headers = { 0 };
	struct http_text back;
	struct error err;
	int changes = 0;
	if (!headers_valid(e->now.headers) || !headers_name_valid(e->now.method))
		abort();
	if (!edit_request(e, &out) || !http_text_read_whole(buffer_view(&out), &back, &headers, &err) ||
	    !bytes_equal(back.method, e->now.method) || !bytes_equal(back.target, e->now.target) ||
	    !bytes_equal(back.headers, e->now.headers) || !bytes_equal(back.body, e->now.body))
		abort();
	if (!edit_changes(e, on_line, &changes) || (changed && !changes))
		abort();
	buffer_free(&out);
	buffer_free(&headers);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes rest = bytes_make(data, size), was = cut(&rest), edited = cut(&rest);
	struct error err;
	int line = 0;
	struct edit *e = record(was);
	if (!e)
		return 0;
	if (edit_take(e, buffer_view(&e->written), e->beside ? e->was.body : bytes_of(NULL), &line, &err) != EDIT_SAME)
		abort();
	enum edit_end end = edit_take(e, edited, rest, &line, &err);
	if (end == EDIT_WRONG) {
		if (line < 1 || !*err.text)
			abort();
	} else {
		check_taken(e, end == EDIT_CHANGED);
	}
	if (!bytes_equal(e->was.headers, buffer_view(&e->document.headers)) ||
	    !bytes_equal(e->was.body, buffer_view(&e->document.body)))
		abort();
	edit_free(e);
	return 0;
}
