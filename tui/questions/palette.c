#include "tui/questions/palette.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/views/columns.h"

/* What takes an argument; the help shows its form. */
static const struct {
	const char *name, *help;
} commands[] = {
	{ "filter ", "filter status:5xx since:1h" },
	{ "goto ", "goto 1000187: to a delivery by its number" },
	{ "export ", "export curl|har|ndjson|http|body FILE: of what is marked, else of this" },
	{ "note ", "note TEXT: on this delivery" },
	{ "tag ", "tag NAME: on what is marked, else on this" },
	{ "untag ", "untag NAME: takes it away again" },
	{ "target ", "target 4000: where what comes from now on is sent, a port or URL" },
	{ "sort ", "sort took: by a column, slowest first; also up, down; sort time: as it came" },
	{ "set ", "set mouse on|off, split on|off, order newest-first|newest-last, time local|utc|ago" },
};

_Static_assert(ACTION_COUNT + sizeof commands / sizeof *commands <= PROMPT_SUGGESTIONS, "the palette offers all");

/* How well the typed letters occur in the text in their order; 0: not at all. */
static int match(const char *typed, const char *text)
{
	int score = 1, run = 0;
	const char *begin = text;
	if (!*typed)
		return 1; /* all alike, in the order of the table */
	for (; *typed; typed++) {
		if (*typed == ' ')
			continue;
		const char *from = text;
		while (*text && tolower((unsigned char)*text) != tolower((unsigned char)*typed))
			text++;
		if (!*text)
			return 0;
		run = text == from ? run + 1 : 1;
		score += run * 2 + (text == begin || text[-1] == '-' || text[-1] == ' ' ? 6 : 0);
		text++;
	}
	/* Of two that match alike the shorter was meant. */
	return score * 64 - (int)strlen(begin) + 256;
}

static void place(struct suggestion *out, int *scores, size_t *count, size_t most, const struct suggestion *s,
		  int score)
{
	size_t at = *count;
	if (score <= 0)
		return;
	while (at > 0 && scores[at - 1] < score)
		at--;
	if (at >= most)
		return;
	size_t last = *count < most ? (*count)++ : most - 1;
	for (; last > at; last--) {
		out[last] = out[last - 1];
		scores[last] = scores[last - 1];
	}
	out[at] = *s;
	scores[at] = score;
}

size_t palette_suggest(const struct ui *ui, enum context c, unsigned have, const char *typed, struct suggestion *out,
		       size_t most)
{
	int scores[PROMPT_SUGGESTIONS];
	size_t count = 0;
	if (most > PROMPT_SUGGESTIONS)
		most = PROMPT_SUGGESTIONS;
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
		struct suggestion s = { .text = commands[i].name, .help = commands[i].help };
		size_t len = strlen(commands[i].name);
		int score = strncmp(typed, commands[i].name, len) == 0 ? 100000 : match(typed, s.text);
		place(out, scores, &count, most, &s, score);
	}
	for (int a = 1; a < ACTION_COUNT; a++) {
		struct suggestion s = { .action = (enum action)a, .help = action_info((enum action)a)->help };
		if (!action_enabled(s.action, c, have))
			continue;
		keymap_keys(&ui->keys, c, s.action, s.keys, sizeof s.keys);
		int score = match(typed, action_info(s.action)->name);
		if (!score) /* the help may know the word */
			score = strlen(typed) >= 3 && strcasestr(s.help, typed) ? 1 : 0;
		place(out, scores, &count, most, &s, score);
	}
	return count;
}

/* The word before the next blank; *text is moved past it. */
static size_t take_word(const char **text, char *out, size_t room)
{
	const char *from = *text + strspn(*text, " ");
	size_t len = strcspn(from, " ");
	snprintf(out, room, "%.*s", (int)len, from);
	*text = from + len + strspn(from + len, " ");
	return len;
}

static bool run_goto(const char *rest, struct effect *out, struct error *e)
{
	char *end;
	if (*rest == '#')
		rest++;
	long long id = strtoll(rest, &end, 10);
	if (id <= 0 || *end)
		return error_set(e, EXIT_USAGE, "goto takes a delivery's number, as in \"goto 187\"");
	*out = (struct effect){ .kind = EFFECT_GOTO, .id = id };
	return true;
}

static bool run_export(const char *rest, struct effect *out, struct error *e)
{
	char format[16];
	take_word(&rest, format, sizeof format);
	for (size_t i = 0; i < EXPORT_COUNT; i++) {
		if (strcmp(format, export_format_names[i]) != 0)
			continue;
		*out = (struct effect){ .kind = *rest ? EFFECT_EXPORT : EFFECT_ASK_PATH,
					.export = { .which.kind = WHICH_MARKED, .format = (enum export_format)i } };
		snprintf(out->export.path, sizeof out->export.path, "%s", rest);
		return true;
	}
	return error_set(e, EXIT_USAGE, "export takes curl, har, ndjson, http or body, and a file's name");
}

static bool run_set(const char *rest, struct effect *out, struct error *e)
{
	static const struct {
		const char *words;
		struct effect_set set;
	} known[] = {
		{ "mouse on", { SETTING_MOUSE, true } },           { "mouse off", { SETTING_MOUSE, false } },
		{ "split on", { SETTING_SPLIT, true } },           { "split off", { SETTING_SPLIT, false } },
		{ "order newest-first", { SETTING_ORDER, true } }, { "order newest-last", { SETTING_ORDER, false } },
		{ "time local", { SETTING_TIME, TIMES_LOCAL } },   { "time utc", { SETTING_TIME, TIMES_UTC } },
		{ "time ago", { SETTING_TIME, TIMES_AGO } },
	};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strcmp(rest, known[i].words) == 0) {
			*out = (struct effect){ .kind = EFFECT_SET, .set = known[i].set };
			return true;
		}
	if (strncmp(rest, "columns ", 8) == 0) {
		*out = (struct effect){ .kind = EFFECT_COLUMNS };
		snprintf(out->text, sizeof out->text, "%s", rest + 8);
		return true;
	}
	return error_set(e, EXIT_USAGE,
			 "set takes mouse, split (on, off), order (newest-first, newest-last) or time "
			 "(local, utc, ago), columns and their names in order");
}

static bool run_sort(const char *rest, struct effect *out, struct error *e)
{
	char name[20], way[10];
	enum store_order_key key;
	take_word(&rest, name, sizeof name);
	take_word(&rest, way, sizeof way);
	bool up = strcmp(way, "up") == 0, down = strcmp(way, "down") == 0;
	if (*rest || !store_order_parse(name, &key) || (way[0] && !up && !down))
		return error_set(e, EXIT_USAGE,
				 "sort takes time, stat, method, source, event, path, att, took, size, tunnel, peer, "
				 "replay-of, host or tag, and up or down");
	if (!way[0])
		down = store_order_descends(key);
	effect_sort(out, key, down ? SORT_DOWN : SORT_UP);
	return true;
}

static bool run_label(const char *name, const char *rest, struct effect *out, struct error *e)
{
	bool note = strcmp(name, "note") == 0;
	if (!*rest)
		return error_set(e, EXIT_USAGE, note ? "note takes a text" : "%s takes a name, as in \"%s bug\"", name,
				 name);
	*out = (struct effect){ .kind = note ? EFFECT_NOTE : EFFECT_TAG, .label.off = *name == 'u' };
	snprintf(out->label.text, sizeof out->label.text, "%s", rest);
	return true;
}

bool palette_run(const char *typed, struct effect *out, struct error *e)
{
	char name[40];
	const char *rest = typed;
	take_word(&rest, name, sizeof name);
	*out = (struct effect){ 0 };
	if (strcmp(name, "filter") == 0) {
		effect_filter(out, rest);
		return true;
	}
	if (strcmp(name, "target") == 0 && *rest) {
		*out = (struct effect){ .kind = EFFECT_TARGET };
		snprintf(out->text, sizeof out->text, "%s", rest);
		return true;
	}
	if (*rest && strcmp(name, "sort") == 0)
		return run_sort(rest, out, e);
	if (strcmp(name, "goto") == 0)
		return run_goto(rest, out, e);
	if (strcmp(name, "export") == 0)
		return run_export(rest, out, e);
	if (*rest && (strcmp(name, "note") == 0 || strcmp(name, "tag") == 0 || strcmp(name, "untag") == 0))
		return run_label(name, rest, out, e);
	if (strcmp(name, "set") == 0)
		return run_set(rest, out, e);
	enum action a = action_of_name(bytes_of(name));
	if (a == ACTION_NONE || *rest)
		return error_set(e, EXIT_USAGE, "no command is called \"%.40s\": Tab and the arrows choose one", typed);
	*out = (struct effect){ .kind = EFFECT_ACTION, .action = a };
	return true;
}
