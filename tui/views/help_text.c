#include "tui/views/help_text.h"

#include <stdio.h>
#include <string.h>

#include "shared/filter/filter_text.h"
#include "tui/documents/styled.h"
#include "tui/state/words.h"

/* Two columns, the right one broken between words. */
struct columns {
	struct styled *s;
	int width, left; /* of all, of the left one */
};

static void put_row(const struct columns *c, enum role key, enum role role, const char *left, const char *right)
{
	size_t room = c->width > c->left + 10 ? (size_t)(c->width - c->left) : 10;
	styled_print(c->s, key, "%s", left);
	if ((int)strlen(left) >= c->left)
		styled_end(c->s, 0);
	do {
		size_t len = strlen(right);
		if (len > room)
			for (len = room; len > 1 && right[len] != ' '; len--)
				;
		styled_to(c->s, c->left);
		styled_print(c->s, role, "%.*s", (int)len, right);
		styled_end(c->s, 0);
		right += len + (right[len] == ' ');
	} while (*right);
}

static void put_heading(const struct columns *c, const char *text)
{
	styled_print(c->s, ROLE_TITLE, "%s", text);
	styled_end(c->s, 0);
}

struct help_row {
	const char *left, *right;
};

static void put_rows(const struct columns *c, const char *heading, const struct help_row *rows, size_t count)
{
	put_heading(c, heading);
	for (size_t i = 0; i < count; i++)
		put_row(c, ROLE_KEY, ROLE_NORMAL, rows[i].left, rows[i].right);
	styled_break(c->s);
}
#define PUT_ROWS(c, heading, rows) put_rows(c, heading, rows, sizeof(rows) / sizeof *(rows))

/* ---- what to begin with ---- */

#define BEGINNING_KEYS 3

struct beginning {
	enum context of;
	enum action actions[BEGINNING_KEYS]; /* their first keys */
	const char *what;
};
static const struct beginning beginnings[] = {
	{ CONTEXT_LIST, { ACTION_DOWN, ACTION_UP }, "choose a delivery" },
	{ CONTEXT_LIST, { ACTION_OPEN }, "see what came, and what the app answered" },
	{ CONTEXT_LIST, { ACTION_REPLAY, ACTION_EDIT }, "send it to the app again; change it in your editor first" },
	{ CONTEXT_LIST,
	  { ACTION_FILTER, ACTION_ONLY_FAILED, ACTION_LIKE },
	  "show only some; what failed; what is like this one" },
	{ CONTEXT_LIST, { ACTION_SORT, ACTION_OVERVIEW }, "the slowest or largest first; counts over time" },
	{ CONTEXT_LIST, { ACTION_DIFF }, "compare it with the last of its kind, or the two marked" },
	{ CONTEXT_LIST, { ACTION_COPY }, "copy it as a curl command, its body, its URL" },
	{ CONTEXT_LIST, { ACTION_BOTTOM }, "to the newest, and follow what comes" },
	{ CONTEXT_DETAIL, { ACTION_TAB_REQUEST, ACTION_TAB_RESPONSE }, "what came; what the app answered" },
	{ CONTEXT_DETAIL, { ACTION_TAB_ATTEMPTS }, "when it was sent, how long it took, and its replays" },
	{ CONTEXT_DETAIL, { ACTION_PREVIOUS, ACTION_NEXT }, "the delivery before; the next one" },
	{ CONTEXT_DETAIL, { ACTION_REPLAY }, "send it to the app again" },
	{ CONTEXT_DETAIL, { ACTION_COPY }, "copy it, or the value on the line" },
	{ CONTEXT_DETAIL, { ACTION_BACK }, "back to the list" },
};

static void put_beginning(const struct columns *c, const struct ui *ui, enum context of)
{
	char keys[BEGINNING_KEYS * (KEY_NAME_LEN + 1)];
	put_heading(c, "Begin with");
	for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
		const struct beginning *b = &beginnings[i];
		size_t len = 0;
		if (b->of != of)
			continue;
		keys[0] = '\0';
		for (size_t k = 0; k < BEGINNING_KEYS && b->actions[k] != ACTION_NONE; k++) {
			char name[KEY_NAME_LEN] = "";
			key_code key = keymap_key(&ui->keys, of, b->actions[k], false);
			if (key != TKEY_NONE)
				key_to_name(key, name);
			len += (size_t)snprintf(keys + len, sizeof keys - len, "%s%s", len && name[0] ? " " : "", name);
		}
		if (keys[0])
			put_row(c, ROLE_KEY, ROLE_NORMAL, keys, b->what);
	}
	styled_break(c->s);
}

/* ---- signs ---- */

static void put_signs_of_list(const struct columns *c)
{
	static const struct help_row signs[] = {
		{ ">", "the delivery that is chosen" },
		{ "*", "marked" },
		{ "n", "it has a note of yours" },
		{ "R", "a replay" },
		{ "+ ! -", "signature valid, not valid, not checked (no secret is known, or none is there)" },
		{ "200 404 500", "what the app answered" },
		{ "wait send", "recorded and not sent, on its way" },
		{ "ERR TIME", "no whole answer of the app, or not in time" },
		{ "HELD", "kept until the app is back" },
	};
	PUT_ROWS(c, "Signs of the list", signs);
}

static void put_signs_of_bodies(const struct columns *c)
{
	static const struct help_row signs[] = {
		{ "v >", "what begins here is open, or folded" },
		{ "^[ <9b>", "a byte that a terminal would act upon, by its name" },
		{ "~", "the line before goes on" },
		{ "-- words --", "creel's own, which did not come" },
	};
	PUT_ROWS(c, "Signs of bodies", signs);
}

/* ---- filters ---- */

#define VALUE_MOST 60 /* bytes; an example is to be read */

/* A term for exactly this value, as a row; false when there is no such value. */
static bool put_term(const struct columns *c, const char *field, struct bytes value, const char *what)
{
	struct buffer term = { 0 };
	bool fine =
	    value.len && value.len <= VALUE_MOST && filter_text_put(&term, field, value) && buffer_put_u8(&term, 0);
	if (fine)
		put_row(c, ROLE_KEY, ROLE_NORMAL, (const char *)term.at, what);
	buffer_free(&term);
	return fine;
}

/* Examples are of the delivery that is chosen, so that each finds something. */
static void put_filters(const struct columns *of, const struct ui *ui)
{
	static const struct help_row always[] = {
		{ "status:5xx", "server errors; 4xx,5xx,err,timeout is all that failed" },
		{ "took:>1s size:>10k", "both: slower than a second, and larger" },
		{ "source:github OR sig:bad", "either" },
		{ "-source:github", "all others" },
		{ "since:1h", "the last hour; also on:yesterday, before:2026-11-20" },
		{ "json:data.object.id=cus_1", "a value within a body of JSON" },
		{ "header:x-request-id=abc", "a header field" },
		{ "body:\"two words\"", "words in the body; without body: in paths and events too" },
	};
	struct columns wide = { of->s, of->width, of->width < 60 ? of->left : 32 };
	const struct item *item = list_chosen(&ui->list);
	char key[80], heading[120];
	keymap_keys(&ui->keys, CONTEXT_LIST, ACTION_FILTER, key, sizeof key);
	snprintf(heading, sizeof heading, "Filters%s%s", key[0] ? ": type them after " : "", key);
	put_heading(&wide, heading);
	if (item) {
		const struct delivery_row *row = &item->row;
		put_term(&wide, "event", row->event_type, "this event");
		put_term(&wide, "source", row->provider, "this sender");
		put_term(&wide, "path", row->path, "this path; * stands for anything: path:/hooks/*");
	}
	for (size_t i = 0; i < sizeof always / sizeof *always; i++)
		put_row(&wide, ROLE_KEY, ROLE_NORMAL, always[i].left, always[i].right);
	styled_break(of->s);
}

/* ---- all keys and commands ---- */

static void put_action(const struct columns *c, const struct ui *ui, enum context of, unsigned have, enum action a)
{
	char keys[80], name[60];
	const struct action_info *info = action_info(a);
	bool enabled = action_enabled(a, of, have);
	keymap_keys(&ui->keys, of, a, keys, sizeof keys);
	snprintf(name, sizeof name, ":%s", info->name);
	put_row(c, enabled ? ROLE_KEY : ROLE_DIM, enabled ? ROLE_NORMAL : ROLE_DIM, keys[0] ? keys : name, info->help);
}

static void put_actions(const struct columns *c, const struct ui *ui, enum context of, unsigned have)
{
	put_heading(c, "All keys");
	for (int bound = 1; bound >= 0; bound--) { /* what has a key first */
		for (int a = 1; a < ACTION_COUNT; a++) {
			bool has = keymap_key(&ui->keys, of, (enum action)a, false) != TKEY_NONE;
			if ((action_info((enum action)a)->contexts & of) && has == (bound == 1))
				put_action(c, ui, of, have, (enum action)a);
		}
	}
	styled_break(c->s);
}

static void put_commands(const struct columns *c)
{
	static const struct help_row commands[] = {
		{ ":filter F", "as `creel list --filter F`" },
		{ ":goto N", "to delivery #N" },
		{ ":export FORMAT FILE", "curl, har, ndjson, http, postman, insomnia or body" },
		{ ":sort took", "by a column; :sort took up, :sort time" },
		{ ":set mouse on", "also split, order, time" },
	};
	put_heading(c, "Commands");
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		put_row(c, ROLE_KEY, ROLE_NORMAL, commands[i].left, commands[i].right);
}

struct doc *help_text(enum context of, unsigned have, const struct ui *ui, int columns)
{
	struct columns c = { styled_new(), columns, columns < 60 ? 12 : 20 };
	if (of == CONTEXT_LIST || of == CONTEXT_DETAIL)
		put_beginning(&c, ui, of);
	if (of == CONTEXT_LIST) {
		put_signs_of_list(&c);
		put_filters(&c, ui);
	} else if (of == CONTEXT_DETAIL) {
		put_signs_of_bodies(&c);
	}
	put_actions(&c, ui, of, have);
	put_commands(&c);
	return styled_doc(c.s);
}
