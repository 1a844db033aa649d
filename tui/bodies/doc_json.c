/* JSON as its own view of the token table: every lexeme as received, one line a member, brackets that fold. What is
 * kept: the tokens, the first token of each line, a bit a bracket, and the runs of lines between folds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/json/json_tokens.h"
#include "tui/bodies/doc_body.h"
#include "tui/documents/doc_make.h"
#include "tui/documents/rows.h"
#include "tui/terminal/text.h"

#define NO_TOKEN UINT32_MAX
#define COUNTED 64 /* members of folded brackets that are remembered */

/* Rows shown one after another without a fold between. */
struct run {
	uint32_t shown, row;
};

struct json_doc {
	struct doc doc;
	struct bytes body;
	char cut[80];
	struct json_tokens tokens;
	uint32_t *lines; /* first token of each; NO_TOKEN: the note about the cut */
	size_t line_count;
	struct rows rows; /* as if nothing were folded */
	uint8_t *folded;  /* a bit a token */
	struct run *runs;
	size_t run_count, run_cap, shown;
	struct {
		uint32_t token, members;
	} counted[COUNTED];
};

static const struct json_token *token(const struct json_doc *d, size_t i)
{
	return &d->tokens.at[i];
}

/* The value of the line that begins with token i. */
static size_t value_of(const struct json_doc *d, size_t i)
{
	return token(d, i)->kind == TOKEN_KEY ? i + 1 : i;
}

static bool is_empty(const struct json_doc *d, size_t value)
{
	return json_is_open(token(d, value)) && token(d, value)->partner == value + 1;
}

static bool can_fold(const struct json_doc *d, size_t value)
{
	return json_is_open(token(d, value)) && !is_empty(d, value);
}

static bool is_folded(const struct json_doc *d, size_t value)
{
	return d->folded[value / 8] & 1u << value % 8;
}

static void set_folded(struct json_doc *d, size_t value, bool folded)
{
	uint8_t bit = (uint8_t)(1u << value % 8);
	d->folded[value / 8] = folded ? d->folded[value / 8] | bit : d->folded[value / 8] & (uint8_t)~bit;
}

static size_t line_of_token(const struct json_doc *d, size_t i)
{
	size_t low = 0, high = d->line_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (d->lines[middle] <= i)
			low = middle + 1;
		else
			high = middle;
	}
	return low - 1;
}

static size_t row_of_token(const struct json_doc *d, size_t i)
{
	return rows_first(&d->rows, line_of_token(d, i));
}

static uint32_t members_of(struct json_doc *d, size_t open)
{
	size_t slot = open % COUNTED;
	if (d->counted[slot].token != open || d->counted[slot].members == 0) {
		d->counted[slot].token = (uint32_t)open;
		d->counted[slot].members = (uint32_t)json_members(&d->tokens, open);
	}
	return d->counted[slot].members;
}

static enum role role_of(const struct json_token *t)
{
	return t->kind == TOKEN_KEY      ? ROLE_NAME
	       : t->kind == TOKEN_STRING ? ROLE_STRING
	       : t->kind == TOKEN_NUMBER ? ROLE_NUMBER
					 : ROLE_NORMAL;
}

/* "{ 5 keys, 1.8k }": brackets as received, the rest ours. */
static void add_summary(struct json_doc *d, size_t open, struct pieces *out)
{
	const struct json_token *t = token(d, open);
	uint32_t members = members_of(d, open);
	char size[8];
	text_size(size, t->len);
	snprintf(out->scratch, sizeof out->scratch, " %u %s%s, %s ", members,
		 t->kind == TOKEN_OPEN_OBJECT ? "key" : "item", members == 1 ? "" : "s", size);
	pieces_add(out, bytes_make(d->body.at + t->at, 1), ROLE_NORMAL);
	pieces_add_text(out, out->scratch, ROLE_OURS);
	pieces_add(out, bytes_make(d->body.at + t->at + t->len - 1, 1), ROLE_NORMAL);
}

static void make(void *self, size_t line, struct pieces *out)
{
	struct json_doc *d = self;
	size_t first = d->lines[line];
	if (first == NO_TOKEN) {
		pieces_add_text(out, d->cut, ROLE_OURS);
		return;
	}
	size_t value = value_of(d, first), end = value;
	bool folds = can_fold(d, value), folded = folds && is_folded(d, value);
	out->indent = 2 * token(d, first)->depth;
	pieces_add_text(out, folded ? "> " : folds ? "v " : "  ", ROLE_OURS);
	if (first != value) {
		pieces_add(out, json_lexeme(d->body, token(d, first)), ROLE_NAME);
		pieces_add_text(out, ": ", ROLE_NORMAL);
	}
	struct bytes lexeme = json_lexeme(d->body, token(d, value));
	if (folded) {
		add_summary(d, value, out);
	} else if (is_empty(d, value)) {
		pieces_add(out, bytes_make(lexeme.at, 1), ROLE_NORMAL);
		pieces_add(out, bytes_make(lexeme.at + lexeme.len - 1, 1), ROLE_NORMAL);
	} else {
		lexeme.len = folds ? 1 : lexeme.len;
		pieces_add(out, lexeme, role_of(token(d, value)));
	}
	if (folded || is_empty(d, value))
		end = token(d, value)->partner;
	if ((folded || !folds) && json_has_comma(&d->tokens, end))
		pieces_add_text(out, ",", ROLE_NORMAL);
}

static bool add_run(struct json_doc *d, size_t shown, size_t row)
{
	if (d->run_count == d->run_cap) {
		size_t cap = d->run_cap ? d->run_cap * 2 : 16;
		struct run *grown = realloc(d->runs, cap * sizeof *grown);
		if (!grown)
			return false;
		d->runs = grown;
		d->run_cap = cap;
	}
	d->runs[d->run_count++] = (struct run){ (uint32_t)shown, (uint32_t)row };
	return true;
}

/* Makes the runs again from the fold bits. Without memory everything is shown unfolded. */
static void refresh(struct json_doc *d)
{
	size_t hidden = 0;
	d->run_count = 0;
	bool fine = add_run(d, 0, 0);
	for (size_t line = 0; fine && line < d->line_count && d->lines[line] != NO_TOKEN; line++) {
		size_t value = value_of(d, d->lines[line]);
		if (!can_fold(d, value) || !is_folded(d, value))
			continue;
		size_t close = line_of_token(d, token(d, value)->partner);
		size_t from = rows_first(&d->rows, line + 1), to = rows_first(&d->rows, close + 1);
		fine = add_run(d, from - hidden, to);
		hidden += to - from;
		line = close;
	}
	if (!fine) {
		memset(d->folded, 0, d->tokens.count / 8 + 1);
		d->run_count = d->run_cap ? 1 : 0;
		hidden = 0;
	}
	d->shown = d->rows.count - hidden;
}

static const struct run *run_before(const struct json_doc *d, size_t at, bool by_row)
{
	size_t low = 0, high = d->run_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if ((by_row ? d->runs[middle].row : d->runs[middle].shown) <= at)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? &d->runs[low - 1] : NULL;
}

static size_t row_of(const struct json_doc *d, size_t shown)
{
	const struct run *r = run_before(d, shown, false);
	return r ? r->row + (shown - r->shown) : shown;
}

/* Where a row is shown; one within a fold is shown by the fold's line. */
static size_t shown_of(const struct json_doc *d, size_t row)
{
	const struct run *r = run_before(d, row, true);
	if (!r)
		return row;
	size_t shown = r->shown + (row - r->row);
	const struct run *next = r + 1 < d->runs + d->run_count ? r + 1 : NULL;
	return next && shown >= next->shown ? next->shown - (size_t)1 : shown;
}

static size_t json_count(struct doc *doc)
{
	return ((struct json_doc *)doc)->shown;
}

static size_t json_line(struct doc *doc, size_t i, struct cell *out, size_t most)
{
	struct json_doc *d = (struct json_doc *)doc;
	return i < d->shown ? rows_cells(&d->rows, row_of(d, i), out, most) : 0;
}

/* The first token of a shown line; NO_TOKEN for the note. */
static uint32_t token_at(const struct json_doc *d, size_t shown)
{
	size_t part;
	return shown < d->shown ? d->lines[rows_line(&d->rows, row_of(d, shown), &part)] : NO_TOKEN;
}

static void fold_all(struct json_doc *d, bool folded)
{
	for (size_t i = 0; i < d->tokens.count; i++)
		if (can_fold(d, i) && (!folded || token(d, i)->depth > 0))
			set_folded(d, i, folded);
}

/* One level more: the deepest brackets that stand open, but for the outermost. One less: the outermost that are folded.
 */
static void fold_level(struct json_doc *d, bool more)
{
	int level = -1;
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < d->tokens.count; i++) {
			int depth = token(d, i)->depth;
			if (!can_fold(d, i) || (more && depth == 0))
				continue;
			bool folded = is_folded(d, i);
			if (pass == 1 && folded != more && depth == level)
				set_folded(d, i, more);
			else if (pass == 0 && folded != more && (level < 0 || (more ? depth > level : depth < level)))
				level = depth;
			if (folded)
				i = token(d, i)->partner;
		}
	}
}

static void toggle(struct json_doc *d, uint32_t *at)
{
	size_t value = value_of(d, *at);
	if (json_is_close(token(d, value)))
		value = token(d, value)->partner;
	else if (!can_fold(d, value))
		value = json_parent(&d->tokens, *at);
	if (value == SIZE_MAX || is_empty(d, value))
		return;
	set_folded(d, value, !is_folded(d, value));
	*at = (uint32_t)value;
}

static size_t json_fold(struct doc *doc, size_t i, enum doc_fold how)
{
	struct json_doc *d = (struct json_doc *)doc;
	uint32_t at = token_at(d, i);
	size_t row = i < d->shown ? row_of(d, i) : 0;
	if (how == DOC_FOLD_TOGGLE && at == NO_TOKEN)
		return i;
	switch (how) {
	case DOC_FOLD_TOGGLE:
		toggle(d, &at);
		row = row_of_token(d, at);
		break;
	case DOC_FOLD_ALL:
	case DOC_FOLD_NONE:
		fold_all(d, how == DOC_FOLD_ALL);
		break;
	case DOC_FOLD_MORE:
	case DOC_FOLD_LESS:
		fold_level(d, how == DOC_FOLD_MORE);
		break;
	}
	refresh(d);
	return shown_of(d, row);
}

/* Opens what hides the row. */
static void reveal(struct json_doc *d, size_t row)
{
	size_t part, line = rows_line(&d->rows, row, &part);
	bool changed = false;
	if (d->lines[line] == NO_TOKEN)
		return;
	size_t i = d->lines[line];
	if (json_is_close(token(d, i)) && is_folded(d, token(d, i)->partner)) {
		set_folded(d, token(d, i)->partner, false);
		changed = true;
	}
	for (i = json_parent(&d->tokens, i); i != SIZE_MAX; i = json_parent(&d->tokens, i)) {
		changed = changed || is_folded(d, i);
		set_folded(d, i, false);
	}
	if (changed)
		refresh(d);
}

static bool json_find(struct doc *doc, struct doc_place from, bool backwards, struct bytes needle,
		      struct doc_place *out)
{
	struct json_doc *d = (struct json_doc *)doc;
	from.line = from.line < d->shown ? row_of(d, from.line) : d->rows.count;
	if (!rows_find(&d->rows, from, backwards, needle, out))
		return false;
	reveal(d, out->line);
	out->line = shown_of(d, out->line);
	return true;
}

static size_t json_partner(struct doc *doc, size_t i)
{
	struct json_doc *d = (struct json_doc *)doc;
	uint32_t at = token_at(d, i);
	if (at == NO_TOKEN)
		return i;
	size_t value = value_of(d, at);
	if (json_is_close(token(d, value)) || (can_fold(d, value) && !is_folded(d, value)))
		return shown_of(d, row_of_token(d, token(d, value)->partner));
	return i;
}

/* Strings are copied without their quotes, escapes as received. */
static bool json_value(struct doc *doc, size_t i, bool path, struct buffer *out)
{
	struct json_doc *d = (struct json_doc *)doc;
	uint32_t at = token_at(d, i);
	if (at == NO_TOKEN)
		return false;
	if (path)
		return json_path(d->body, &d->tokens, at, out);
	size_t value = value_of(d, at);
	if (json_is_close(token(d, value)))
		value = token(d, value)->partner;
	struct bytes lexeme = json_lexeme(d->body, token(d, value));
	if (token(d, value)->kind == TOKEN_STRING)
		lexeme = bytes_make(lexeme.at + 1, lexeme.len - 2);
	return buffer_append_bytes(out, lexeme);
}

static void json_free(struct doc *doc)
{
	struct json_doc *d = (struct json_doc *)doc;
	json_tokens_free(&d->tokens);
	rows_free(&d->rows);
	free(d->lines);
	free(d->folded);
	free(d->runs);
	free(d);
}

static const struct doc_ops json_ops = { json_count,   json_line,  json_fold, json_find,
					 json_partner, json_value, json_free };

/* Keys share their value's line, empty brackets one; else a line a token. */
static bool lay_out(struct json_doc *d)
{
	size_t count = 0, n = 0;
	for (size_t i = 0; i < d->tokens.count; count++)
		i = value_of(d, i) + 1 + is_empty(d, value_of(d, i));
	d->lines = malloc((count + 1) * sizeof *d->lines);
	d->folded = calloc(d->tokens.count / 8 + 1, 1);
	if (!d->lines || !d->folded)
		return false;
	for (size_t i = 0; i < d->tokens.count;) {
		d->lines[n++] = (uint32_t)i;
		i = value_of(d, i) + 1 + is_empty(d, value_of(d, i));
	}
	if (*d->cut)
		d->lines[n++] = NO_TOKEN;
	d->line_count = n;
	d->rows = (struct rows){ .lines = n, .make = make, .self = d };
	if (!rows_measure(&d->rows))
		return false;
	refresh(d);
	return true;
}

struct doc *doc_json_or(struct bytes body, uint64_t total, char why[80])
{
	struct json_doc *d = calloc(1, sizeof *d);
	struct json_error e = { .line = 1, .column = 1, .what = "there is not enough memory" };
	if (!d || !json_tokenize(body, true, &d->tokens, &e)) {
		if (why)
			snprintf(why, 80, "invalid JSON, line %zu column %zu: %s", e.line, e.column, e.what);
		free(d);
		return NULL;
	}
	d->doc.ops = &json_ops;
	d->body = body;
	doc_cut_note(d->cut, body.len, total);
	if (!lay_out(d)) {
		if (why)
			snprintf(why, 80, "there is not enough memory");
		doc_free(&d->doc);
		return NULL;
	}
	d->doc.folds = true;
	if (d->tokens.values > 1)
		snprintf(d->doc.about, sizeof d->doc.about, "JSON, %zu values", d->tokens.values);
	else
		snprintf(d->doc.about, sizeof d->doc.about, "JSON");
	return &d->doc;
}

struct doc *doc_json(struct bytes body, uint64_t total)
{
	return doc_json_or(body, total, NULL);
}
