#include "tui/questions/prompt.h"

#include <stdio.h>
#include <string.h>

#include "shared/filter/filter.h"
#include "tui/terminal/text.h"
#include "tui/views/bars.h"

#define POPUP_ROWS 10
#define NONE_CHOSEN SIZE_MAX /* of what is offered to a filter */

static struct history *history_of(struct prompt *p)
{
	switch (p->kind) {
	case PROMPT_FILTER:
		return &p->filters;
	case PROMPT_SEARCH:
		return &p->searches;
	case PROMPT_COMMAND:
		return &p->commands;
	default:
		return NULL;
	}
}

static void set_text(struct prompt *p, const char *text)
{
	snprintf(p->text, sizeof p->text, "%s", text);
	p->len = p->cursor = strlen(p->text);
}

static void check(struct prompt *p, const struct ui *ui)
{
	struct filter_error e;
	p->trouble[0] = '\0';
	p->trouble_column = 0;
	if (p->kind != PROMPT_FILTER)
		return;
	struct filter *f = filter_parse(p->text, ui->now_us, &e);
	if (!f) {
		snprintf(p->trouble, sizeof p->trouble, "%s", e.text);
		p->trouble_column = e.column;
	}
	filter_free(f);
}

/* After every change: the filter is checked, the palette looked through. */
static void changed(struct prompt *p, const struct ui *ui)
{
	p->suggestion = 0;
	p->suggestion_count = 0;
	check(p, ui);
	if (p->kind == PROMPT_COMMAND)
		p->suggestion_count =
		    palette_suggest(ui, p->context, p->have, p->text, p->suggestions, PROMPT_SUGGESTIONS);
}

void prompt_open(struct prompt *p, const struct ui *ui, enum prompt_kind kind, const char *text)
{
	struct history *h;
	p->kind = kind;
	p->pasting = false;
	set_text(p, text);
	h = history_of(p);
	p->history_at = h ? h->count : 0;
	changed(p, ui);
}

static void close_prompt(struct prompt *p)
{
	p->kind = PROMPT_NONE;
}

void prompt_free(struct prompt *p)
{
	history_free(&p->filters);
	history_free(&p->searches);
	history_free(&p->commands);
}

/* ---- editing ---- */

static bool continues(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

static size_t step_back(const struct prompt *p, size_t at)
{
	while (at > 0 && continues(p->text[--at]))
		;
	return at;
}

static size_t step_on(const struct prompt *p, size_t at)
{
	if (at < p->len)
		at++;
	while (at < p->len && continues(p->text[at]))
		at++;
	return at;
}

static void cut(struct prompt *p, size_t from, size_t to)
{
	memmove(p->text + from, p->text + to, p->len - to + 1);
	p->len -= to - from;
	p->cursor = from;
}

static void insert(struct prompt *p, const char *text, size_t len)
{
	if (p->len + len >= sizeof p->text)
		return;
	memmove(p->text + p->cursor + len, p->text + p->cursor, p->len - p->cursor + 1);
	memcpy(p->text + p->cursor, text, len);
	p->len += len;
	p->cursor += len;
}

static void insert_code(struct prompt *p, key_code c)
{
	char u[4];
	size_t len;
	if (c < 0x80)
		u[0] = (char)c, len = 1;
	else if (c < 0x800)
		u[0] = (char)(0xc0 | c >> 6), u[1] = (char)(0x80 | (c & 63)), len = 2;
	else if (c < 0x10000)
		u[0] = (char)(0xe0 | c >> 12), u[1] = (char)(0x80 | (c >> 6 & 63)), u[2] = (char)(0x80 | (c & 63)),
		len = 3;
	else
		u[0] = (char)(0xf0 | c >> 18), u[1] = (char)(0x80 | (c >> 12 & 63)),
		u[2] = (char)(0x80 | (c >> 6 & 63)), u[3] = (char)(0x80 | (c & 63)), len = 4;
	insert(p, u, len);
}

static size_t word_begin(const struct prompt *p)
{
	size_t at = p->cursor;
	while (at > 0 && p->text[at - 1] == ' ')
		at--;
	while (at > 0 && p->text[at - 1] != ' ')
		at--;
	return at;
}

static bool edit_key(struct prompt *p, key_code c)
{
	switch (c) {
	case TKEY_LEFT:
	case TKEY_CTRL('b'):
		p->cursor = step_back(p, p->cursor);
		return true;
	case TKEY_RIGHT:
	case TKEY_CTRL('f'):
		p->cursor = step_on(p, p->cursor);
		return true;
	case TKEY_HOME:
	case TKEY_CTRL('a'):
		p->cursor = 0;
		return true;
	case TKEY_END:
	case TKEY_CTRL('e'):
		p->cursor = p->len;
		return true;
	case TKEY_BACKSPACE:
		cut(p, step_back(p, p->cursor), p->cursor);
		return true;
	case TKEY_DELETE:
	case TKEY_CTRL('d'):
		cut(p, p->cursor, step_on(p, p->cursor));
		return true;
	case TKEY_CTRL('u'):
		cut(p, 0, p->cursor);
		return true;
	case TKEY_CTRL('k'):
		cut(p, p->cursor, p->len);
		return true;
	case TKEY_CTRL('w'):
		cut(p, word_begin(p), p->cursor);
		return true;
	default:
		break;
	}
	if (c < 0x20 || c == 0x7f || c >= 0x110000)
		return false;
	insert_code(p, c);
	return true;
}

static void go_history(struct prompt *p, int step)
{
	struct history *h = history_of(p);
	if (!h || (step < 0 && p->history_at == 0) || (step > 0 && p->history_at >= h->count))
		return;
	if (p->history_at == h->count)
		memcpy(p->kept, p->text, sizeof p->kept);
	p->history_at = step < 0 ? p->history_at - 1 : p->history_at + 1;
	set_text(p, p->history_at == h->count ? p->kept : h->at[p->history_at]);
}

/* ---- completion ---- */

/* What is typed of a filter becomes the first `len` bytes of the word. */
static void put_word(struct prompt *p, const char *word, size_t len)
{
	cut(p, p->found.from, p->cursor);
	insert(p, word, len);
}

/* A filter's word as far as there is one way on; then what it may be, one after the other. */
static void complete_word(struct prompt *p, const struct ui *ui, int step)
{
	struct completion *c = &p->found;
	size_t count = p->suggestion_count;
	if (count) {
		p->suggestion = p->suggestion == NONE_CHOSEN ? (step > 0 ? 0 : count - 1)
							     : (p->suggestion + count + (size_t)step) % count;
		put_word(p, c->words[p->suggestion], strlen(c->words[p->suggestion]));
		return;
	}
	complete_filter(ui, p->text, p->cursor, c);
	if (!c->count)
		return;
	if (c->common > p->cursor - c->from || c->count == 1)
		put_word(p, c->words[0], c->common);
	for (size_t i = 0; i < c->count && c->count > 1; i++)
		p->suggestions[p->suggestion_count++] = (struct suggestion){ .text = c->words[i], .help = c->help[i] };
	p->suggestion = NONE_CHOSEN;
}

static void complete(struct prompt *p, const struct ui *ui, int step)
{
	if (p->kind == PROMPT_FILTER) {
		complete_word(p, ui, step);
		check(p, ui);
	} else if (p->kind == PROMPT_COMMAND && p->suggestion < p->suggestion_count) {
		const struct suggestion *s = &p->suggestions[p->suggestion];
		set_text(p, s->action != ACTION_NONE ? action_info(s->action)->name : s->text);
		changed(p, ui);
	}
}

/* Keys of the words that are offered to a filter: true when it was one. */
static bool word_key(struct prompt *p, const struct ui *ui, key_code c)
{
	bool field = p->suggestion != NONE_CHOSEN && p->cursor && p->text[p->cursor - 1] == ':';
	if (p->kind != PROMPT_FILTER || !p->suggestion_count)
		return false;
	if (c == TKEY_ESCAPE) {
		changed(p, ui);
	} else if (c == TKEY_ENTER && field) { /* it wants a value first */
		changed(p, ui);
		complete(p, ui, 1);
	} else if (c == TKEY_DOWN || c == TKEY_UP || c == TKEY_CTRL('n') || c == TKEY_CTRL('p')) {
		complete(p, ui, c == TKEY_DOWN || c == TKEY_CTRL('n') ? 1 : -1);
	} else {
		return false;
	}
	return true;
}

/* ---- Enter ---- */

static void finish_command(struct prompt *p, struct effect *out)
{
	struct error e = { 0 };
	bool typed = strchr(p->text, ' ') != NULL;
	if (!typed && p->suggestion < p->suggestion_count) {
		const struct suggestion *s = &p->suggestions[p->suggestion];
		if (s->action == ACTION_NONE) { /* it wants an argument first */
			set_text(p, s->text);
			return;
		}
		history_add(&p->commands, action_info(s->action)->name);
		*out = (struct effect){ .kind = EFFECT_ACTION, .action = s->action };
	} else if (palette_run(p->text, out, &e)) {
		history_add(&p->commands, p->text);
	} else {
		snprintf(p->trouble, sizeof p->trouble, "%s", e.text);
		return;
	}
	close_prompt(p);
}

static void finish(struct prompt *p, struct effect *out)
{
	if (p->kind == PROMPT_COMMAND) {
		finish_command(p, out);
		return;
	}
	if (p->kind == PROMPT_FILTER && p->trouble[0])
		return;
	struct history *h = history_of(p);
	if (h)
		history_add(h, p->text);
	if (p->kind == PROMPT_FILTER) {
		effect_filter(out, p->text);
	} else if (p->text[0] && p->kind == PROMPT_SEARCH) {
		effect_search(out, p->text, false);
	} else if (p->text[0] && p->kind == PROMPT_OFFSET) {
		*out = (struct effect){ .kind = EFFECT_OFFSET };
		memcpy(out->text, p->text, sizeof out->text);
	} else if (p->text[0] && p->kind == PROMPT_PATH) {
		*out = (struct effect){ .kind = EFFECT_EXPORT,
					.export = { .which.kind = WHICH_ASKED, .format = p->format } };
		memcpy(out->export.path, p->text, sizeof out->export.path);
	} else if (p->kind == PROMPT_NOTE || p->kind == PROMPT_TAGS) { /* an empty one takes away what was there */
		*out =
		    (struct effect){ .kind = p->kind == PROMPT_NOTE ? EFFECT_NOTE : EFFECT_TAGS, .label.id = p->about };
		memcpy(out->label.text, p->text, sizeof out->label.text);
	}
	close_prompt(p);
}

/* A click on what is offered: a command is done, a filter's word is taken over. */
static void use_mouse(struct prompt *p, const struct ui *ui, const struct key *key, struct effect *out)
{
	int i = key->y - p->drawn.y + p->drawn.first;
	if (key->mouse != MOUSE_CLICK || key->y < p->drawn.y || key->y >= p->drawn.y + p->drawn.count ||
	    (size_t)i >= p->suggestion_count)
		return;
	p->suggestion = (size_t)i;
	if (p->kind == PROMPT_COMMAND) {
		set_text(p, "");
		finish_command(p, out);
		return;
	}
	const char *word = p->found.words[i];
	put_word(p, word, strlen(word));
	changed(p, ui);
	if (p->cursor && p->text[p->cursor - 1] == ':') /* it wants a value */
		complete(p, ui, 1);
}

void prompt_key(struct prompt *p, const struct ui *ui, const struct key *key, struct effect *out)
{
	key_code c = key->code;
	*out = (struct effect){ 0 };
	if (c == TKEY_MOUSE) {
		use_mouse(p, ui, key, out);
		return;
	}
	if (c == TKEY_PASTE_BEGIN || c == TKEY_PASTE_END) {
		p->pasting = c == TKEY_PASTE_BEGIN;
		return;
	}
	if (p->pasting) { /* a pasted line end is a blank, not Enter */
		edit_key(p, c == TKEY_ENTER || c == TKEY_TAB ? ' ' : c);
		changed(p, ui);
		return;
	}
	bool palette = p->kind == PROMPT_COMMAND && p->history_at == p->commands.count;
	if (word_key(p, ui, c))
		return;
	if (c == TKEY_ESCAPE || c == TKEY_CTRL('c') || c == TKEY_CTRL('g') ||
	    (c == TKEY_BACKSPACE && !p->len && p->kind != PROMPT_FILTER && p->kind != PROMPT_NOTE &&
	     p->kind != PROMPT_TAGS)) {
		close_prompt(p);
	} else if (c == TKEY_ENTER) {
		finish(p, out);
	} else if ((c == TKEY_DOWN || c == TKEY_CTRL('n')) && palette) {
		p->suggestion += p->suggestion + 1 < p->suggestion_count;
	} else if ((c == TKEY_UP || c == TKEY_CTRL('p')) && palette && (p->suggestion || p->len)) {
		p->suggestion -= p->suggestion > 0;
	} else if (c == TKEY_UP || c == TKEY_DOWN || c == TKEY_CTRL('p') || c == TKEY_CTRL('n')) {
		go_history(p, c == TKEY_UP || c == TKEY_CTRL('p') ? -1 : 1);
		changed(p, ui);
	} else if (c == TKEY_TAB || c == TKEY_BACKTAB) {
		complete(p, ui, c == TKEY_TAB ? 1 : -1);
	} else if (edit_key(p, c)) {
		changed(p, ui);
	}
}

/* ---- drawing ---- */

/* As many as fit of "k, Up", never a part of one. */
static void put_keys(struct surface *s, struct rect area, int y, const char *keys)
{
	int len = (int)strlen(keys);
	while (len > area.width) {
		do
			len--;
		while (len > 0 && keys[len] != ',');
		if (len == 0)
			return;
	}
	surface_print(s, area, area.x, y, ROLE_KEY, "%.*s", len, keys);
}

/* What is cut says so. */
static void put_help(struct surface *s, struct rect box, int x, int y, const char *help)
{
	int room = box.x + box.width - x;
	if (room < 12)
		return;
	int end = surface_print(s, box, x, y, ROLE_DIM, "%s", help);
	if (end >= box.x + box.width && text_columns(bytes_of(help), TEXT_LINE) > room)
		surface_print(s, box, box.x + box.width - 2, y, ROLE_DIM, "..");
}

static void draw_popup(struct prompt *p, struct surface *s, struct rect body)
{
	int count = (int)p->suggestion_count, rows = (count < POPUP_ROWS ? count : POPUP_ROWS) + 1;
	if (rows > body.height)
		rows = body.height;
	int chosen = p->suggestion == NONE_CHOSEN ? -1 : (int)p->suggestion;
	int top = chosen > rows - 2 ? chosen - (rows - 2) : 0;
	struct rect box = { body.x, body.y + body.height - rows, body.width, rows };
	surface_fill(s, box, ' ', ROLE_NORMAL);
	surface_fill(s, (struct rect){ box.x, box.y, box.width, 1 }, SURFACE_LINE, ROLE_DIM);
	if (count >= rows)
		surface_print(s, box, box.x + box.width - 10, box.y, ROLE_DIM, " %2d of %d ", chosen + 1, count);
	surface_ground(s, (struct rect){ box.x, box.y, box.width, 1 }, GROUND_HEAD);
	p->drawn.y = box.y + 1;
	p->drawn.first = top;
	p->drawn.count = rows - 1;
	for (int i = top; i - top + 1 < rows; i++) {
		const struct suggestion *g = &p->suggestions[i];
		int y = box.y + 1 + i - top, wide = box.width >= 60, keys = box.x + (wide ? 20 : 19);
		const char *name = g->action != ACTION_NONE ? action_info(g->action)->name : g->text;
		surface_print(s, box, box.x + 1, y, ROLE_TITLE, "%s", name);
		put_keys(s, (struct rect){ keys, y, wide ? 12 : box.width - 19, 1 }, y, g->keys);
		put_help(s, box, !g->keys[0] ? keys : wide ? box.x + 33 : box.x + box.width, y, g->help);
		if (i == chosen)
			surface_ground(s, (struct rect){ box.x, y, box.width, 1 }, GROUND_SELECTED);
	}
}

/* Above the line: the sentence, broken between words, and an arrow down to the column it names. */
static void draw_wrong(struct surface *s, struct rect body, const char *sentence, int x)
{
	struct rect arrow = { body.x, body.y + body.height - 1, body.width, 1 };
	struct rect above = { body.x, arrow.y - 1, body.width, 1 };
	surface_fill(s, arrow, ' ', ROLE_NORMAL);
	bars_draw_words(s, above, body.height > 4 ? 3 : 1, ROLE_4XX, sentence);
	surface_print(s, arrow, x, arrow.y, ROLE_4XX, "v");
}

/* Where the n-th character (from 1) stands on the line that shows the text from `from` on. */
static int column_of(const struct prompt *p, size_t from, int n, int x)
{
	size_t at = 0;
	for (int i = 1; i < n && at < p->len; i++)
		at = step_on(p, at);
	return at > from ? x + text_columns(bytes_make(p->text + from, at - from), TEXT_LINE) : x;
}

/* How many the filter finds, where it leaves room. */
static void draw_matches(const struct ui *ui, struct surface *s, struct rect line, int end)
{
	char matches[60];
	bars_matches(ui, matches, sizeof matches);
	if (end + (int)strlen(matches) + 2 <= line.x + line.width)
		bars_print_right(s, line, ROLE_DIM, matches);
}

void prompt_draw(struct prompt *p, const struct ui *ui, struct surface *s, struct rect line, struct rect body)
{
	static const char *const names[] = {
		"", " filter: ", [PROMPT_SEARCH] = " /", " :", " go to: ", " write to: ", " note: ", " tags: "
	};
	if (p->suggestion_count)
		draw_popup(p, s, body);
	surface_fill(s, line, ' ', ROLE_NORMAL);
	int x = surface_print(s, line, line.x, line.y, ROLE_KEY, "%s", names[p->kind]);
	/* The part with the cursor is shown; what is wrong with it stands after it, or in its place on a narrow screen.
	 */
	size_t from = 0;
	int room = line.width - (x - line.x) - 1;
	while (from < p->cursor && text_columns(bytes_make(p->text + from, p->cursor - from), TEXT_LINE) > room)
		from = step_on(p, from);
	int end = surface_text(s, line, x, line.y, bytes_make(p->text + from, p->len - from), ROLE_NORMAL);
	s->cursor_x = x + text_columns(bytes_make(p->text + from, p->cursor - from), TEXT_LINE);
	s->cursor_y = line.y;
	s->cursor_shown = true;
	if (p->kind == PROMPT_FILTER && p->suggestion_count)
		return; /* what is offered stands where the trouble would */
	if (p->trouble_column)
		draw_wrong(s, body, p->trouble, column_of(p, from, p->trouble_column, x));
	else if (p->trouble[0])
		surface_print(s, line, end + 2, line.y, ROLE_4XX, "%s", p->trouble);
	else if (p->kind == PROMPT_FILTER && !p->len)
		surface_print(s, line, end + 2, line.y, ROLE_DIM, "as status:5xx since:1h refund; Tab: all fields");
	else if (p->kind == PROMPT_FILTER && strcmp(p->text, ui->filter) == 0)
		draw_matches(ui, s, line, end);
	else if (p->kind == PROMPT_NOTE && !p->len)
		surface_print(s, line, end + 2, line.y, ROLE_DIM, "about #%lld; note:WORD finds it",
			      (long long)p->about);
	else if (p->kind == PROMPT_TAGS && !p->len)
		surface_print(s, line, end + 2, line.y, ROLE_DIM, "of #%lld, as: bug ask-anna", (long long)p->about);
	else if (p->kind == PROMPT_COMMAND && !p->len)
		surface_print(s, line, end + 2, line.y, ROLE_DIM, "type a command; Tab completes");
}
