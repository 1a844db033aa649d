/* text/event-stream: events one below the other, the data of each laid out as what it is. */
#include <stdio.h>
#include <stdlib.h>

#include "shared/readers/event_stream.h"
#include "tui/bodies/doc_body_private.h"
#include "tui/documents/doc_make.h"
#include "tui/documents/styled.h"

#define EVENTS_MOST 500 /* that are laid out */

struct reading {
	struct doc *parts[2 * EVENTS_MOST + 3];
	size_t n, count;
	/* The event that is being read; NULL before its first line. */
	struct styled *fields;
	struct buffer data;
	bool failed;
};

static void add_field(struct reading *r, const struct event_line *line)
{
	if (!r->fields) {
		r->fields = styled_new();
		r->failed = !r->fields;
		styled_print(r->fields, ROLE_OURS, "-- event %zu --", ++r->count);
		styled_end(r->fields, 0);
	}
	if (line->kind == EVENT_FIELD && bytes_equal(line->name, bytes_of("data"))) {
		r->failed = r->failed || (r->data.len && !buffer_put_u8(&r->data, '\n')) ||
			    !buffer_append_bytes(&r->data, line->value);
	} else if (line->kind == EVENT_COMMENT) {
		styled_print(r->fields, ROLE_DIM, ": ");
		styled_put(r->fields, ROLE_DIM, line->value);
		styled_end(r->fields, 0);
	} else {
		styled_field(r->fields, line->name, ": ", line->value);
	}
}

/* Takes the data. */
static struct doc *data_doc(struct reading *r)
{
	struct bytes data = buffer_view(&r->data), begin = doc_begin(data);
	struct doc *d = begin.len && (*begin.at == '{' || *begin.at == '[') ? doc_json(data, data.len) : NULL;
	return doc_owning(d ? d : doc_text(data, data.len), r->data);
}

static void end_event(struct reading *r)
{
	if (!r->fields)
		return;
	r->parts[r->n++] = styled_doc(r->fields);
	if (r->failed || !r->data.len)
		buffer_free(&r->data);
	if (r->failed)
		r->parts[r->n++] = NULL;
	else if (r->data.len)
		r->parts[r->n++] = data_doc(r);
	r->fields = NULL;
	r->data = (struct buffer){ 0 };
}

static void read_events(struct reading *r, struct bytes *rest)
{
	struct event_line line;
	while (r->count < EVENTS_MOST || r->fields) {
		if (!event_stream_next(rest, &line))
			break;
		if (line.kind == EVENT_BREAK)
			end_event(r);
		else
			add_field(r, &line);
	}
	if (r->fields) {
		end_event(r);
		r->parts[r->n++] = doc_note("no empty line follows: not a whole event yet");
	}
}

struct doc *doc_events(struct bytes body, uint64_t total)
{
	struct reading *r = calloc(1, sizeof *r);
	struct bytes rest = body;
	char note[100], size[32];
	if (!r)
		return NULL;
	read_events(r, &rest);
	if (rest.len) {
		doc_amount(size, rest.len);
		snprintf(note, sizeof note, "%s after these events: p shows them as received", size);
		r->parts[r->n++] = doc_note(note);
	}
	if (doc_cut_note(note, body.len, total))
		r->parts[r->n++] = doc_note(note);
	struct doc *d = doc_join(r->parts, r->n);
	if (d)
		snprintf(d->about, sizeof d->about, "%zu event%s", r->count, r->count == 1 ? "" : "s");
	free(r);
	return d;
}
