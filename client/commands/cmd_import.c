#include "client/options/command.h"
#include "client/print/output.h"
#include "client/print/row_json.h"
#include "client/transfer/import_store.h"
#include "shared/formats/har.h"
#include "shared/formats/ndjson.h"
#include "shared/program/interrupt.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct import {
	const char *path, *format;
	FILE *file;
	struct import_store to;
	bool json;
	uint64_t left_out;  /* entries that are not HTTP */
	struct buffer head; /* of the file, as far as its format was looked at */
};

static bool add(struct import *i, const struct transcript *x, struct error *e)
{
	if (interrupt_came())
		return error_set(e, EXIT_INTERRUPTED, "interrupted");
	return import_store_add(&i->to, x, e);
}

static bool cannot_read(struct error *e)
{
	if (interrupt_came())
		return error_set(e, EXIT_INTERRUPTED, "interrupted");
	return error_set(e, EXIT_USAGE, "it cannot be read: %s", strerror(errno));
}

static bool on_entry(void *user, size_t number, const json_t *entry, struct error *e)
{
	struct transcript x;
	(void)number;
	struct import *i = user;
	if (!har_is_http(entry)) {
		i->left_out++;
		return true;
	}
	bool fine = har_read_entry(entry, &x, e) && add(i, &x, e);
	transcript_free(&x);
	return fine;
}

static bool import_har(struct import *i, struct error *e)
{
	struct buffer text = i->head;
	size_t n = 0;
	bool fine = true;
	memset(&i->head, 0, sizeof i->head);
	do {
		fine = buffer_reserve(&text, 1 << 16) || error_set(e, EXIT_STORE, "out of memory");
		n = fine ? fread(text.at + text.len, 1, text.cap - text.len, i->file) : 0;
		text.len += n;
	} while (n > 0);
	if (fine && ferror(i->file))
		fine = cannot_read(e);
	fine = fine && har_read(buffer_view(&text), on_entry, i, e);
	buffer_free(&text);
	return fine;
}

static struct bytes without_mark(struct bytes text)
{
	bool has = text.len >= 3 && memcmp(text.at, "\xef\xbb\xbf", 3) == 0;
	return has ? bytes_make(text.at + 3, text.len - 3) : text;
}

static bool is_blank_byte(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_blank(struct bytes line)
{
	for (size_t i = 0; i < line.len; i++)
		if (!is_blank_byte(line.at[i]))
			return false;
	return true;
}

static bool import_line(struct import *i, struct bytes line, size_t number, struct error *e)
{
	char place[40];
	struct transcript x;
	if (number == 1)
		line = without_mark(line);
	if (is_blank(line))
		return true;
	bool fine = ndjson_read(line, &x, e) && add(i, &x, e);
	transcript_free(&x);
	snprintf(place, sizeof place, "line %zu", number);
	return fine || error_prefix(e, place);
}

static bool import_ndjson(struct import *i, struct error *e)
{
	char *line = NULL;
	size_t cap = 0, number = 0, at = 0;
	ssize_t len;
	bool fine = true;
	while (fine && at < i->head.len) {
		const uint8_t *start = i->head.at + at, *end = memchr(start, '\n', i->head.len - at);
		size_t n = end ? (size_t)(end - start) + 1 : i->head.len - at;
		fine = import_line(i, bytes_make(start, n), ++number, e);
		at += n;
	}
	while (fine && (len = getline(&line, &cap, i->file)) >= 0)
		fine = import_line(i, bytes_make(line, (size_t)len), ++number, e);
	if (fine && ferror(i->file))
		fine = cannot_read(e);
	free(line);
	return fine;
}

/* By the first line that is not blank: NDJSON has a whole object there, of a HAR its only member is "log". */
static bool begins_as_har(struct bytes line)
{
	static const char log[] = "\"log\"";
	size_t at = 0;
	line = without_mark(line);
	while (at < line.len && is_blank_byte(line.at[at]))
		at++;
	if (at == line.len || line.at[at++] != '{')
		return false;
	while (at < line.len && is_blank_byte(line.at[at]))
		at++;
	return at == line.len || (line.len - at >= strlen(log) && memcmp(line.at + at, log, strlen(log)) == 0);
}

/* What was read to find out is in i->head. */
static bool is_har(struct import *i, bool *har, struct error *e)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t len = 0;
	bool fine = true, blank = true;
	while (fine && blank && (len = getline(&line, &cap, i->file)) >= 0) {
		fine = buffer_append(&i->head, line, (size_t)len) || error_set(e, EXIT_STORE, "out of memory");
		blank = is_blank(without_mark(bytes_make(line, (size_t)len)));
	}
	if (fine && len < 0 && ferror(i->file))
		fine = cannot_read(e);
	*har = i->format ? strcmp(i->format, "har") == 0 : len > 0 && begins_as_har(bytes_make(line, (size_t)len));
	free(line);
	return fine;
}

static bool import_file(struct import *i, struct error *e)
{
	bool har;
	if (!is_har(i, &har, e))
		return false;
	bool fine = har ? import_har(i, e) : import_ndjson(i, e);
	if (fine && i->to.imported + i->to.known == 0)
		fine = error_set(e, EXIT_NO, "there is no delivery in it");
	return import_store_finish(&i->to, fine, e);
}

static bool open_file(struct import *i, const char *path, struct error *e)
{
	i->path = path;
	if (strcmp(path, "-") == 0) {
		i->path = "standard input";
		i->file = stdin;
		return true;
	}
	i->file = fopen(path, "rbe");
	return i->file || error_set(e, EXIT_USAGE, "%.300s cannot be read: %s", path, strerror(errno));
}

static int report(const struct import *i, struct error *e)
{
	if (i->json) {
		json_t *o = json_pack("{sIsIsI}", "imported", (json_int_t)i->to.imported, "known",
				      (json_int_t)i->to.known, "left_out", (json_int_t)i->left_out);
		return row_json_print(stdout, o, e) ? EXIT_DONE : (int)e->code;
	}
	printf("%" PRIu64 " %s imported", i->to.imported, i->to.imported == 1 ? "delivery" : "deliveries");
	if (i->to.known)
		printf(", %" PRIu64 " %s on record already", i->to.known, i->to.known == 1 ? "was" : "were");
	if (i->left_out)
		printf(", %" PRIu64 " that %s not HTTP left out", i->left_out, i->left_out == 1 ? "is" : "are");
	putchar('\n');
	return EXIT_DONE;
}

static int import_all(struct import *i, struct error *e)
{
	char place[340];
	struct interrupt before;
	interrupt_begin(&before);
	bool fine = import_file(i, e);
	interrupt_end(&before);
	if (fine)
		return report(i, e);
	if (e->code == EXIT_INTERRUPTED) {
		e->text[0] = 0;
	} else if (e->code != EXIT_STORE) {
		snprintf(place, sizeof place, "nothing was imported from %.300s", i->path);
		error_prefix(e, place);
	}
	return (int)e->code;
}

#define AT struct import

static const struct option_row rows[] = {
	{ "format", 0, OPTION_CHOICE_AT(AT, format), OPTION_BY_USER, "har|ndjson", "of FILE",
	  .otherwise = "what it looks like" },
	{ "json", 0, OPTION_FLAG_AT(AT, json), OPTION_BY_PROJECT, NULL, "one JSON object" },
};

static int run(struct command_call *call, struct error *e)
{
	struct import *i = call->settings;
	if (call->argc != 1) {
		error_set(e, EXIT_USAGE, "import takes one file, for example: creel import failed.har");
		return EXIT_USAGE;
	}
	int status = !open_file(i, call->argv[0], e)                               ? EXIT_USAGE
		     : command_open_store(call, STORE_READ_WRITE, &i->to.store, e) ? import_all(i, e)
										   : (int)e->code;
	store_close(i->to.store);
	if (i->file && i->file != stdin)
		fclose(i->file);
	buffer_free(&i->head);
	return status;
}

const struct command command_import = {
	"import",
	"creel import FILE|- [--format har|ndjson] [--json]",
	"take deliveries from a HAR or NDJSON file",
	"Puts the deliveries of a file on record, of `creel export` or, as HAR, of a browser or another tool: they "
	"are\n"
	"listed, shown, compared and replayed as others are, and never sent by themselves. All of the file is "
	"imported\n"
	"or, when something in it is wrong, nothing. What is on record already, by its event id, stays as it is.\n\n"
	"Example: creel import tests/stripe.har && creel replay --where is:import --to 3000",
	COMMAND_OPTIONS(rows, struct import),
	.uses = COMMAND_USES_DB,
	.run = run,
};
