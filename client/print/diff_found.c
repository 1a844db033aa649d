#include "client/print/diff_found.h"

#include <string.h>

#include "shared/query/store_query.h"
#include "shared/text/text.h"

struct row_copy {
	struct diff_message *m;
	bool failed;
};

static void on_row(void *user, const struct delivery_row *row)
{
	struct row_copy *c = user;
	c->m->status = row->status;
	c->failed =
	    !buffer_append_bytes(&c->m->method, row->method) || !buffer_append_bytes(&c->m->target, row->target);
}

static bool load(struct store *s, const char *name, struct diff_message *m, struct error *e)
{
	struct row_copy copy = { m, false };
	bool has_body, https;
	if (!store_resolve(s, name, &m->id, e) || !store_get(s, m->id, on_row, &copy, e) ||
	    !store_get_request(s, m->id, &m->m, &has_body, &https, e))
		return false;
	body_open(&m->said, buffer_view(&m->m.headers), buffer_view(&m->m.body), BODY_MOST);
	m->body = body_text(&m->said);
	body_say_undone(&m->said, m->undone);
	if (copy.failed || m->said.no_memory)
		return error_set(e, EXIT_STORE, "out of memory");
	return true;
}

/* Two of JSON, or two forms, whose fields are compared as JSON. */
static bool are_json(struct diff_message *m, enum body_kind kind)
{
	bool fine = kind == BODY_JSON || kind == BODY_FORM;
	for (int s = 0; fine && s < 2; s++) {
		fine =
		    body_kind(&m[s].said) == kind && (kind == BODY_JSON || body_put_object(&m[s].said, &m[s].object)) &&
		    json_tokenize(kind == BODY_JSON ? m[s].body : buffer_view(&m[s].object), true, &m[s].tokens, NULL);
	}
	for (int s = 0; fine && kind == BODY_FORM && s < 2; s++)
		m[s].body = buffer_view(&m[s].object);
	return fine;
}

static bool is_text(const struct diff_message *m)
{
	return text_is_utf8(m->body) && (m->body.len == 0 || !memchr(m->body.at, 0, m->body.len));
}

static bool compare_json(struct diff_found *f, const struct diff_wanted *wanted)
{
	struct diff_message *a = &f->side[0], *b = &f->side[1];
	struct diff_json_side sa = { a->body, &a->tokens }, sb = { b->body, &b->tokens };
	struct diff_json_options o = { wanted->key_order, wanted->ignore_volatile };
	f->kind = DIFF_BODY_JSON;
	return diff_json(&sa, &sb, &o, &f->rows);
}

static bool compare_text(struct diff_found *f)
{
	struct diff_message *a = &f->side[0], *b = &f->side[1];
	f->kind = DIFF_BODY_TEXT;
	return diff_lines_split(a->body, &a->lines) && diff_lines_split(b->body, &b->lines) &&
	       diff_text(&a->lines, &b->lines, &f->rows);
}

/* False when out of memory. */
static bool or_too_long(struct diff_found *f, bool fine)
{
	if (fine || !f->rows.gave_up)
		return fine;
	diff_rows_free(&f->rows);
	f->kind = DIFF_BODY_TOO_LONG;
	return true;
}

/* What cannot be told from one another byte by byte is compared no further. */
static bool compare_bodies(struct diff_found *f, const struct diff_wanted *wanted)
{
	struct diff_message *a = &f->side[0], *b = &f->side[1];
	f->kind = DIFF_BODY_SAME;
	f->rows.until = wanted->until;
	f->rows.most = wanted->most;
	f->told_most = wanted->told_most;
	if (!diff_first_byte(a->body, b->body, &f->first)) {
		f->cut_differs = a->m.body_size != b->m.body_size && !*a->undone && !*b->undone;
		return true;
	}
	if (are_json(f->side, body_kind(&a->said)))
		return or_too_long(f, compare_json(f, wanted));
	if (is_text(a) && is_text(b))
		return or_too_long(f, compare_text(f));
	f->kind = DIFF_BODY_BINARY;
	return true;
}

static bool compare(struct diff_found *f, const struct diff_wanted *wanted, struct error *e)
{
	struct diff_message *a = &f->side[0], *b = &f->side[1];
	f->line_differs = !bytes_equal(buffer_view(&a->method), buffer_view(&b->method)) ||
			  !bytes_equal(buffer_view(&a->target), buffer_view(&b->target));
	if (!diff_headers(buffer_view(&a->m.headers), buffer_view(&b->m.headers), wanted->ignore_volatile,
			  &f->fields) ||
	    !compare_bodies(f, wanted))
		return error_set(e, EXIT_STORE, "out of memory");
	f->passed_over = f->fields.passed_over + f->rows.passed_over;
	f->equal = !f->line_differs && f->fields.differences == 0 && f->rows.differences == 0 &&
		   f->kind != DIFF_BODY_BINARY && f->kind != DIFF_BODY_TOO_LONG && !f->cut_differs;
	return true;
}

bool diff_found_read(struct store *s, const char *const names[2], const struct diff_wanted *wanted,
		     struct diff_found *out, struct error *e)
{
	return load(s, names[0], &out->side[0], e) && load(s, names[1], &out->side[1], e) && compare(out, wanted, e);
}

void diff_found_free(struct diff_found *f)
{
	for (int s = 0; s < 2; s++) {
		struct diff_message *m = &f->side[s];
		buffer_free(&m->method);
		buffer_free(&m->target);
		buffer_free(&m->object);
		body_free(&m->said);
		store_message_free(&m->m);
		json_tokens_free(&m->tokens);
		diff_lines_free(&m->lines);
	}
	diff_fields_free(&f->fields);
	diff_rows_free(&f->rows);
}
