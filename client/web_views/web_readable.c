/* A body as the inspector lays it out, for the page: one reader of forms, parts, events, Protocol Buffers, tokens,
 * markup and character sets for both. */
#include "client/web_views/web_body.h"

#include <stdlib.h>

#include "shared/query/store_part.h"
#include "tui/bodies/doc_body.h"

#define BODY_READ_MOST (1u << 20) /* of what was received */
#define LINES_MOST 5000
#define COLUMNS 100

/* What the answer calls a piece's role; NULL: a plain text. */
static const char *role_name(uint8_t role)
{
	static const char *const names[ROLE_COUNT] = {
		[ROLE_DIM] = "dim",       [ROLE_TITLE] = "title",   [ROLE_ESCAPE] = "escape", [ROLE_NAME] = "name",
		[ROLE_STRING] = "string", [ROLE_NUMBER] = "number", [ROLE_OURS] = "ours",
	};
	return role < ROLE_COUNT ? names[role] : NULL;
}

static bool put_char(struct buffer *out, uint32_t c)
{
	unsigned more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
	if (c == 0)
		return true;
	if (more == 0)
		return buffer_put_u8(out, (uint8_t)c);
	bool fine = buffer_put_u8(out, (uint8_t)(0xf0u << (3 - more) | c >> (6 * more)));
	while (fine && more-- > 0)
		fine = buffer_put_u8(out, (uint8_t)(0x80 | (c >> (6 * more) & 0x3f)));
	return fine;
}

/* Pieces of one role each: ["name", "order"]. NULL when out of memory. */
static json_t *line_json(const struct cell *cells, size_t count)
{
	json_t *line = json_array();
	struct buffer text = { 0 };
	for (size_t i = 0; line && i < count;) {
		const char *role = role_name(cells[i].role);
		bool fine = true;
		text.len = 0;
		for (; fine && i < count && role_name(cells[i].role) == role; i++)
			if (cells[i].base < SURFACE_LINE) /* not what is drawn and not written */
				fine = put_char(&text, cells[i].base) && put_char(&text, cells[i].mark[0]) &&
				       put_char(&text, cells[i].mark[1]);
		if (fine && text.len == 0)
			continue;
		json_t *piece = fine ? json_pack("[s, s%]", role ? role : "", (const char *)text.at, text.len) : NULL;
		if (!piece || json_array_append_new(line, piece) != 0) {
			json_decref(line);
			line = NULL;
		}
	}
	buffer_free(&text);
	return line;
}

static json_t *doc_lines(struct doc *d, bool *more)
{
	struct cell *cells = calloc(DOC_LINE_MAX, sizeof *cells);
	json_t *lines = cells ? json_array() : NULL;
	size_t count = d->ops->count(d);
	*more = count > LINES_MOST;
	for (size_t i = 0; lines && i < count && i < LINES_MOST; i++) {
		json_t *line = line_json(cells, d->ops->line(d, i, cells, DOC_LINE_MAX));
		if (!line || json_array_append_new(lines, line) != 0) {
			json_decref(lines);
			lines = NULL;
		}
	}
	free(cells);
	return lines;
}

void web_readable(struct web_read *r, int64_t id, int attempt)
{
	struct store_part p = { 0 };
	struct error e = { 0 };
	bool more = false;
	if (!store_get_part(r->store, id, attempt, BODY_READ_MOST, &p, &e)) {
		web_problem_of(r->x, &e);
		return;
	}
	struct doc *d = doc_body(buffer_view(&p.headers), buffer_view(&p.body), p.body_size, COLUMNS);
	json_t *lines = d ? doc_lines(d, &more) : NULL;
	web_answer_json(r->x, 200,
			lines ? json_pack("{s:s, s:o, s:b}", "about", d->about, "lines", lines, "more", more) : NULL);
	doc_free(d);
	store_part_free(&p);
}
