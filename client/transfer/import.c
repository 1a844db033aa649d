#include "client/transfer/import.h"

#include <string.h>
#include <sys/stat.h>

#include "client/transfer/import_source.h"
#include "shared/base/clock.h"
#include "shared/har/charles.h"
#include "shared/curl/curl_read.h"
#include "shared/har/har.h"
#include "shared/formats/http_file.h"
#include "shared/transcripts/import_sink.h"
#include "shared/collections/insomnia.h"
#include "shared/transcripts/ndjson.h"
#include "shared/collections/postman.h"
#include "shared/program/interrupt.h"
#include "shared/program/progress.h"

#define HEAD_MOST (16u << 20) /* of a file, to find out its format */

struct import {
	struct import_store to;
	struct import_source source;
	const struct import_options *options;
	uint64_t left_out, refused;
	struct progress progress;
};

/* How much of a file of lines was taken; of others, which are read whole first, nothing is known. */
static void tell_progress(struct import *i)
{
	const struct import_source *s = &i->source;
	struct stat st;
	off_t read = i->progress.on && s->path && s->at ? ftello(s->file) : -1;
	i->progress.done = i->to.imported + i->to.known;
	if (read >= (off_t)(s->text.len - s->at) && fstat(fileno(s->file), &st) == 0) {
		i->progress.part = (uint64_t)read - (s->text.len - s->at);
		i->progress.whole = (uint64_t)st.st_size;
	}
	progress_tick(&i->progress);
}

static bool take(void *user, const struct transcript *x, struct error *e)
{
	struct import *i = user;
	if (interrupt_came())
		return error_set(e, EXIT_INTERRUPTED, "interrupted");
	tell_progress(i);
	return import_store_add(&i->to, x, e);
}

static bool refused(void *user, const struct error *why)
{
	struct import *i = user;
	if (!i->options->keep_going || why->code != EXIT_USAGE)
		return false;
	i->refused++;
	progress_hide(&i->progress);
	if (i->options->on_refused)
		i->options->on_refused(i->options->user, why->text);
	return true;
}

/* ---- HAR ---- */

static bool on_har_entry(void *user, size_t number, json_t *entry, struct error *e)
{
	struct transcript x;
	(void)number;
	struct import *i = user;
	if (!har_is_http(entry)) {
		i->left_out++;
		return true;
	}
	bool fine = har_read_entry(entry, &x, e);
	json_object_clear(entry); /* its bodies are not held twice while they are written */
	fine = fine && take(i, &x, e);
	transcript_free(&x);
	return fine;
}

static bool import_har(struct import *i, struct error *e)
{
	const struct har_reader reader = { i, on_har_entry, refused };
	return har_read(buffer_view(&i->source.text), &reader, e);
}

/* ---- NDJSON ---- */

static bool is_blank(struct bytes line)
{
	for (size_t i = 0; i < line.len; i++)
		if (!strchr(" \t\r\n", line.at[i]) || !line.at[i])
			return false;
	return true;
}

static bool import_line(struct import *i, struct bytes line, size_t number, struct error *e)
{
	char place[40];
	struct transcript x;
	if (is_blank(line))
		return true;
	bool fine = ndjson_read(line, &x, e) && take(i, &x, e);
	transcript_free(&x);
	snprintf(place, sizeof place, "line %zu", number);
	if (fine)
		return true;
	if (error_prefix(e, place) || !refused(i, e))
		return false;
	*e = (struct error){ 0 };
	return true;
}

static bool import_ndjson(struct import *i, struct error *e)
{
	struct bytes line;
	size_t number = 0;
	for (;;) {
		if (!import_source_line(&i->source, &line, e))
			return false;
		if (line.len == 0)
			return true;
		if (!import_line(i, line, ++number, e))
			return false;
	}
}

/* ---- all of them ---- */

static bool find_format(struct import *i, enum import_format *f, struct error *e)
{
	*f = i->options->format;
	while (*f == IMPORT_UNDECIDED) {
		if (!import_source_more(&i->source, e))
			return false;
		bool whole = i->source.ended || i->source.text.len > HEAD_MOST;
		*f = import_format_of(buffer_view(&i->source.text), whole);
	}
	return true;
}

static bool beside(void *user, struct bytes name, struct buffer *out, struct error *e)
{
	const struct import *i = user;
	return import_source_beside(&i->source, name, out, e);
}

static bool read_format(struct import *i, enum import_format f, struct error *e)
{
	const struct import_sink sink = { i, take, refused, beside, clock_now_us() };
	if (f != IMPORT_NDJSON && !import_source_all(&i->source, e))
		return false;
	switch (f) {
	case IMPORT_HAR:
		return import_har(i, e);
	case IMPORT_CURL:
		return curl_read(buffer_view(&i->source.text), &sink, e);
	case IMPORT_HTTP:
		return http_file_read(buffer_view(&i->source.text), &sink, e);
	case IMPORT_POSTMAN:
		return postman_read(buffer_view(&i->source.text), &sink, e);
	case IMPORT_INSOMNIA:
		return insomnia_read(buffer_view(&i->source.text), &sink, e);
	case IMPORT_CHARLES:
		return charles_read(buffer_view(&i->source.text), &sink, &i->left_out, e);
	case IMPORT_UNKNOWN: /* its sentence is that of a line that is not JSON */
	case IMPORT_NDJSON:
		return import_ndjson(i, e);
	case IMPORT_UNDECIDED:
		break;
	}
	return error_set(e, EXIT_USAGE, "this format cannot be read");
}

bool import_file(struct store *s, const char *path, const struct import_options *o, struct import_counts *counts,
		 struct error *e)
{
	struct import i = { .to.store = s, .options = o };
	enum import_format f = IMPORT_UNDECIDED;
	bool fine = import_source_open(&i.source, path, e);
	if (!fine)
		goto out;
	progress_begin(&i.progress, "importing", 0);
	fine = find_format(&i, &f, e) && read_format(&i, f, e);
	progress_end(&i.progress);
	/* A file that is cut off, or damaged from there on: what came before is whole. */
	if (!fine && i.to.imported + i.to.known > 0 && refused(&i, e)) {
		*e = (struct error){ 0 };
		fine = true;
	}
	if (fine && i.to.imported + i.to.known + i.refused == 0)
		fine = error_set(e, EXIT_NO, "there is no delivery in it");
	fine = import_store_finish(&i.to, fine, e);
	if (!fine && e->code != EXIT_STORE && e->code != EXIT_INTERRUPTED) {
		char place[340];
		snprintf(place, sizeof place, "nothing was imported from %.300s", i.source.name);
		error_prefix(e, place);
	}
	*counts = (struct import_counts){ i.to.imported, i.to.known, i.left_out, i.refused };
out:
	import_source_close(&i.source);
	return fine;
}
