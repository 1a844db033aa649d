/* A screen with views over it, and documents to feed them: what tui_open.c does with a source, without a loop. */
#pragma once

#include "shared/http/headers.h"
#include "tests/tools/fake_source.h"
#include "tests/unit/tui/tui_golden.h"
#include "tui/desk/screen.h"
#include "tui/detail/view_detail.h"
#include "tui/compare/view_diff.h"
#include "tui/views/view_help.h"

struct world {
	struct fake_source f;
	struct screen s;
	struct surface surface;
	/* What documents are made of. */
	const char *type, *body;
	size_t body_len;    /* 0: of a text */
	uint64_t body_size; /* 0: as long as it is here */
	bool hostile;
	const char *target, *fields; /* NULL: the delivery's own, and none further */
	bool waited;                 /* the sender waited for the first attempt's answer */
	bool late;                   /* and it came later than Sentry, whose delivery it is, waits */
	uint64_t generation, asked;  /* asked: how often */
	uint64_t most;               /* of the last */
	struct effect out;
};

static const char *const hostile_text = "\x1b]52;c;QUJD\x07\xe2\x80\xae<\x9b"
					"2J\xc2\x9b\r\xff>";

static inline void put_header(struct buffer *b, const char *name, const char *value)
{
	assert_true(headers_append(b, bytes_of(name), bytes_of(value)));
}

static inline void fill_attempts(struct world *w, struct document *d)
{
	static const uint64_t starts[] = { 13000, 30016000, 210017000 };
	d->attempts = calloc(3, sizeof *d->attempts);
	assert_non_null(d->attempts);
	if (w->late)
		d->item.row.provider = bytes_of("sentry");
	for (size_t i = 0; i < 3; i++)
		d->attempts[d->attempt_count++] = (struct attempt_row){
			.number = (int)i + 1,
			.started_at_us = d->item.row.received_at_us + starts[i],
			.result = i == 1 ? ATTEMPT_UNREACHABLE : ATTEMPT_OK,
			.status = i == 1 ? 0 : 500,
			.connect_us = 200 + 100 * i,
			.first_byte_us = i == 1 ? 0 : 8100,
			.total_us = 9000,
			.answered_at_us =
			    i == 0 && w->waited ? d->item.row.received_at_us + (w->late ? 1422400 : 22400) : 0,
			.url = bytes_of(w->hostile ? hostile_text : "http://localhost:3000/hooks/stripe"),
			.reason = bytes_of(i == 1       ? ""
					   : w->hostile ? hostile_text
							: "Internal Server Error"),
			.error = bytes_of(i == 1 ? "nothing is listening on localhost:3000" : ""),
		};
	d->replays = calloc(2, sizeof *d->replays);
	assert_non_null(d->replays);
	d->replays[d->replay_count++].row = (struct delivery_row){
		.id = 194, .state = DELIVERY_DELIVERED, .status = 200, .took_us = 2000, .received_at_us = w->f.clock_us
	};
	d->replays[d->replay_count++].row = (struct delivery_row){
		.id = 201, .state = DELIVERY_SENDING, .took_us = -1, .received_at_us = w->f.clock_us
	};
}

static inline void make_request(struct world *w, struct document *d)
{
	put_header(&d->headers, "Host", "k3f9.example.dev");
	put_header(&d->headers, "Content-Type", w->type);
	put_header(&d->headers, "Stripe-Signature", "t=1795435198,v1=5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff");
	if (w->hostile)
		assert_true(buffer_append_text(&d->headers, "X-Evil: ") &&
			    buffer_append_text(&d->headers, hostile_text + 1) &&
			    buffer_append_text(&d->headers, "\r\n"));
	if (w->fields)
		assert_true(buffer_append_text(&d->headers, w->fields));
	if (w->target)
		d->item.row.target = bytes_of(w->target);
	put_header(&d->headers, "X-Twice", "first");
	put_header(&d->headers, "x-twice", "second");
	assert_true(buffer_append(&d->body, w->body, w->body_len));
	d->body_size = w->body_size ? w->body_size : w->body_len;
}

static inline void make_document(struct world *w, const struct view_want *want, struct document *d)
{
	const struct item *item = fake_source_at(&w->f, want->id);
	*d = (struct document){ 0 };
	if (!item) {
		d->trouble = strdup("the delivery is no longer on record");
		return;
	}
	assert_true(item_copy(&d->item, &item->row));
	fill_attempts(w, d);
	if (want->part == SOURCE_REQUEST) {
		make_request(w, d);
	} else {
		d->attempt = want->attempt < 0 ? 3 : want->attempt;
		put_header(&d->headers, "Content-Type", "text/plain");
		assert_true(
		    buffer_printf(&d->body, "answer %d: undefined method `email' for nil:NilClass", d->attempt));
		d->body_size = d->body.len;
	}
	if (d->body.len > want->most)
		d->body.len = want->most;
}

/* Until nobody wants anything. */
static inline void feed(struct world *w)
{
	struct list_request r;
	struct view_want want;
	while (list_wants(&w->s.ui.list, &r)) {
		struct page p;
		fake_source_page(&w->f, "", r.anchor, r.forward, r.count, &p);
		assert_true(list_receive(&w->s.ui.list, r.generation, &p));
	}
	for (size_t i = 0; i < w->s.depth + LAYOUT_PANES; i++) {
		struct view *v = i < w->s.depth ? w->s.stack[i] : w->s.panes[i - w->s.depth];
		while (v && v->ops->wants && v->ops->wants(v, &w->s.ui, ++w->generation, &want)) {
			struct document d = { 0 };
			w->asked++;
			w->most = want.most;
			if (want.id)
				make_document(w, &want, &d);
			assert_true(v->ops->receive(v, w->generation, &d, want.id ? 0 : 2));
		}
	}
}

static inline void draw(struct world *w, int columns, int rows)
{
	assert_true(surface_resize(&w->surface, columns, rows));
	screen_draw(&w->s, &w->surface);
	feed(w);
	screen_draw(&w->s, &w->surface);
}

static inline void check_sizes(struct world *w, const char *name, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		draw(w, golden_sizes[i].columns, golden_sizes[i].rows);
		golden_check_size(&w->surface, name);
	}
}

static inline void check(struct world *w, const char *name)
{
	check_sizes(w, name, 0, GOLDEN_WIDE);
}

/* Of screens that look otherwise where there is much room. */
static inline void check_wide(struct world *w, const char *name)
{
	check_sizes(w, name, GOLDEN_WIDE, GOLDEN_SIZES);
}

static inline void begin(struct world *w, const char *type, const char *body)
{
	setenv("TZ", "UTC", 1);
	*w = (struct world){ .type = type, .body = body, .body_len = strlen(body) };
	fake_source_init(&w->f);
	fake_source_add(&w->f, 30);
	assert_true(screen_init(&w->s));
	w->s.ui.client = w->f.client;
	w->s.ui.now_us = w->f.clock_us;
	w->s.ui.total = 30;
	w->s.ui.total_known = true;
	draw(w, 80, 24);
	list_goto(&w->s.ui.list, 4); /* stripe invoice.payment_failed, three attempts */
	feed(w);
	assert_int_equal(list_chosen(&w->s.ui.list)->row.id, 4);
}

static inline struct view *push(struct world *w, struct view *v)
{
	assert_non_null(v);
	screen_push(&w->s, v);
	draw(w, 80, 24);
	return v;
}

static inline void end(struct world *w)
{
	screen_free(&w->s);
	fake_source_free(&w->f);
	surface_free(&w->surface);
}

static inline void act(struct world *w, enum action a)
{
	struct view *top = screen_top(&w->s);
	w->out = (struct effect){ 0 };
	assert_true(action_enabled(a, top->context, view_have(top, &w->s.ui)));
	if (!view_act_common(top, &w->s.ui, a, &w->out))
		top->ops->act(top, &w->s.ui, a, 1, &w->out);
	draw(w, w->surface.width, w->surface.height);
}

/* Whether the text stands somewhere on the screen. */
static inline bool shows(struct world *w, const char *text)
{
	struct buffer all = { 0 };
	draw(w, w->surface.width, w->surface.height);
	assert_true(surface_dump(&w->surface, &all, NULL));
	bool found = memmem(all.at, all.len, text, strlen(text)) != NULL;
	buffer_free(&all);
	return found;
}
