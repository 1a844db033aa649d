#include "shared/options/options.h"

#include "shared/text/text_distance.h"
#include "shared/options/ini_file.h"
#include "shared/options/quantity.h"

#include <ctype.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_OPTIONS 64
#define LONG_BASE 1000 /* getopt_long's result for the i-th row is this and i */

/* ---- what is handed out ---- */

/* Every string and list, freed together. */
struct options {
	char **owned;
	size_t owned_count;
	struct option_values *lists[MAX_OPTIONS];
	size_t list_count;
};

struct options *options_new(void)
{
	return calloc(1, sizeof(struct options));
}

void options_free(struct options *o)
{
	if (!o)
		return;
	for (size_t i = 0; i < o->owned_count; i++)
		free(o->owned[i]);
	free(o->owned);
	for (size_t i = 0; i < o->list_count; i++) {
		free(o->lists[i]->at);
		*o->lists[i] = (struct option_values){ 0 };
	}
	free(o);
}

static const char *keep(struct options *o, const char *value)
{
	char **owned = realloc(o->owned, (o->owned_count + 1) * sizeof *owned);
	if (!owned)
		return NULL;
	o->owned = owned;
	char *copy = strdup(value);
	if (copy)
		o->owned[o->owned_count++] = copy;
	return copy;
}

static bool add_to_list(struct options *o, struct option_values *list, const char *value)
{
	const char **at = realloc(list->at, (list->count + 1) * sizeof *at);
	if (!at)
		return false;
	bool known = false;
	for (size_t i = 0; i < o->list_count; i++)
		known = known || o->lists[i] == list;
	if (!known && o->list_count < MAX_OPTIONS)
		o->lists[o->list_count++] = list;
	list->at = at;
	return (list->at[list->count] = keep(o, value)) != NULL && ++list->count > 0;
}

/* ---- one call of options_parse ---- */

struct bound {
	const struct option_row *row;
	void *dest;
	const char *where; /* that set it last: "--timeout", "creel.ini: timeout"; NULL: it has its default */
};

struct parse {
	struct options *o;
	const struct options_source *source;
	struct bound at[MAX_OPTIONS];
	size_t count;
	bool listed[MAX_OPTIONS]; /* lists of which this source has given a value, which replaces the weaker sources' */
	struct error *e;
};

static bool no_memory(struct error *e)
{
	return error_set(e, EXIT_USAGE, "out of memory");
}

static bool bind(struct parse *p, const struct option_table *t, void *settings)
{
	for (size_t g = 0; g < t->count; g++) {
		for (size_t i = 0; i < t->groups[g].count; i++) {
			const struct option_row *row = &t->groups[g].rows[i];
			if (p->count == MAX_OPTIONS)
				return error_set(p->e, EXIT_USAGE, "too many options in the table of %s",
						 p->source->program);
			p->at[p->count++] = (struct bound){ row, (char *)settings + t->groups[g].at + row->at, NULL };
		}
	}
	return true;
}

static bool is_choice(const char *choices, const char *value)
{
	size_t len = strlen(value);
	for (const char *at = choices; at; at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL)
		if (strncmp(at, value, len) == 0 && (at[len] == '|' || at[len] == 0))
			return true;
	return false;
}

static bool parse_flag(const char *value, bool *out)
{
	static const char *const yes[] = { "1", "true", "yes", "on" }, *const no[] = { "0", "false", "no", "off" };
	for (size_t i = 0; i < 4; i++) {
		if (strcasecmp(value, yes[i]) == 0 || strcasecmp(value, no[i]) == 0) {
			*out = strcasecmp(value, yes[i]) == 0;
			return true;
		}
	}
	return false;
}

static bool keep_text(struct options *o, const char *value, const char **out, struct error *e)
{
	return (*out = keep(o, value)) != NULL || no_memory(e);
}

/* Stores one value; `where` names its source in the sentence ("--timeout", "creel.ini: timeout"). */
static bool store_value(struct options *o, const struct bound *b, const char *value, const char *where, struct error *e)
{
	switch (b->row->kind) {
	case OPTION_FLAG:
		return parse_flag(value, b->dest) ||
		       error_set(e, EXIT_USAGE, "%s takes yes or no, not '%s'", where, value);
	case OPTION_TEXT:
		return keep_text(o, value, b->dest, e);
	case OPTION_LIST:
	case OPTION_SUM:
		return add_to_list(o, b->dest, value) || no_memory(e);
	case OPTION_DURATION:
		return quantity_parse_duration(value, b->dest) ||
		       error_set(e, EXIT_USAGE, "%s takes a duration such as 500ms, 5s, 2m, 1h or 7d, not '%s'", where,
				 value);
	case OPTION_SIZE:
		return quantity_parse_size(value, b->dest) ||
		       error_set(e, EXIT_USAGE, "%s takes a size such as 64KiB, 1MiB or 2GiB, not '%s'", where, value);
	case OPTION_COUNT:
		return quantity_parse_count(value, b->dest) ||
		       error_set(e, EXIT_USAGE, "%s takes a whole number, not '%s'", where, value);
	case OPTION_CHOICE:
		return is_choice(b->row->arg, value)
			   ? keep_text(o, value, b->dest, e)
			   : error_set(e, EXIT_USAGE, "%s is one of %s, not '%s'", where, b->row->arg, value);
	}
	return false;
}

static bool set_default(struct parse *p, struct bound *b)
{
	switch (b->row->kind) {
	case OPTION_FLAG:
		*(bool *)b->dest = false;
		break;
	case OPTION_TEXT:
	case OPTION_CHOICE:
		*(const char **)b->dest = NULL;
		break;
	case OPTION_LIST:
	case OPTION_SUM:
		((struct option_values *)b->dest)->count = 0;
		break;
	case OPTION_DURATION:
	case OPTION_COUNT:
		*(int64_t *)b->dest = b->row->unset;
		break;
	case OPTION_SIZE:
		*(uint64_t *)b->dest = (uint64_t)b->row->unset;
		break;
	}
	return !b->row->preset || store_value(p->o, b, b->row->preset, b->row->name, p->e);
}

/* A value of a source; a list's first one there takes the place of what weaker sources said. */
static bool take(struct parse *p, size_t i, const char *value, const char *where)
{
	struct bound *b = &p->at[i];
	if (b->row->kind == OPTION_LIST && !p->listed[i])
		((struct option_values *)b->dest)->count = 0;
	p->listed[i] = true;
	b->where = keep(p->o, where);
	return b->where ? store_value(p->o, b, value, where, p->e) : no_memory(p->e);
}

static void begin_source(struct parse *p)
{
	memset(p->listed, 0, sizeof p->listed);
}

static const char *nearest(const struct parse *p, const char *name)
{
	const char *best = NULL;
	size_t best_distance = 3;
	for (size_t i = 0; i < p->count; i++) {
		size_t d = text_distance(p->at[i].row->name, name);
		if (d < best_distance) {
			best_distance = d;
			best = p->at[i].row->name;
		}
	}
	return best;
}

/* ---- files ---- */

struct ini_state {
	struct parse *p;
	const struct options_file *file;
};

static bool is_list(const struct parse *p, const char *name, size_t len)
{
	for (size_t i = 0; i < p->count; i++) {
		const struct option_row *row = p->at[i].row;
		if (row->kind == OPTION_LIST && strlen(row->name) == len && memcmp(row->name, name, len) == 0)
			return true;
	}
	return false;
}

static void variable_of(const struct parse *p, const struct option_row *row, char out[80])
{
	snprintf(out, 80, "%s%s", p->source->env_prefix, row->name);
	for (char *c = out; *c; c++)
		*c = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
}

static bool not_in_a_file(const struct parse *p, const struct option_row *row, const char *where)
{
	char variable[80] = "";
	bool has = p->source->env_prefix && (row->sources & OPTION_FROM_ENVIRONMENT);
	if (has)
		variable_of(p, row, variable);
	return error_set(p->e, EXIT_USAGE, "%s cannot be set in a config file: use --%s%s%s", where, row->name,
			 has ? " or " : "", variable);
}

/* A key that is the i-th option. */
static bool take_key(const struct ini_state *s, size_t i, const char *key, const char *value, const char *where)
{
	struct parse *p = s->p;
	const struct option_row *row = p->at[i].row;
	const struct options_file *f = s->file;
	if (!(row->sources & OPTION_BY_FILES))
		return not_in_a_file(p, row, where);
	enum options_key verdict = f->judge ? f->judge(f->user, row, key, value, p->e) : OPTIONS_KEY_TAKEN;
	if (verdict != OPTIONS_KEY_TAKEN)
		return verdict == OPTIONS_KEY_PASSED_OVER;
	return take(p, i, value, where);
}

static bool is_left_alone(const struct ini_state *s, const char *section, const char *key, const char *value)
{
	const struct options_source *source = s->p->source;
	const struct options_file *f = s->file;
	return !source->is_others || source->is_others(section, key) ||
	       (f->judge && f->judge(f->user, NULL, key, value, s->p->e) == OPTIONS_KEY_PASSED_OVER);
}

static bool on_ini_key(void *user, const char *section, const char *key, const char *value, struct error *e)
{
	const struct ini_state *s = user;
	const struct parse *p = s->p;
	bool own = p->source->ini_section && strcmp(section, p->source->ini_section) == 0;
	if (!own && *section)
		return is_left_alone(s, section, key, value) ||
		       error_set(e, EXIT_USAGE, "%s: [%s] is not a known section: %s", s->file->path, section,
				 p->source->sections);
	char where[300], name[300], joined[600];
	const char *dot = strchr(key, '.');
	snprintf(where, sizeof where, "%s: %s", s->file->path, key);
	snprintf(name, sizeof name, "%s", key);
	if (dot && is_list(p, key, (size_t)(dot - key))) {
		/* "secret.github = @FILE" says the same as "secret = github=@FILE". */
		name[dot - key] = 0;
		if (snprintf(joined, sizeof joined, "%s=%s", dot + 1, value) >= (int)sizeof joined)
			return error_set(e, EXIT_USAGE, "%s is too long", where);
		value = joined;
	}
	for (size_t i = 0; i < p->count; i++)
		if (strcmp(p->at[i].row->name, name) == 0)
			return take_key(s, i, key, value, where);
	if (!own && is_left_alone(s, "", name, value))
		return true;
	const char *hint = nearest(p, name);
	return error_set(e, EXIT_USAGE, "%s is not a known key%s%s", where, hint ? "; did you mean " : "",
			 hint ? hint : "");
}

static bool read_files(struct parse *p)
{
	for (size_t i = 0; i < p->source->file_count; i++) {
		const struct options_file *f = &p->source->files[i];
		struct ini_state s = { p, f };
		begin_source(p);
		if (!ini_file_parse(f->path, f->text, on_ini_key, &s, p->e))
			return false;
	}
	return true;
}

/* ---- environment ---- */

static bool read_environment(struct parse *p)
{
	begin_source(p);
	for (size_t i = 0; p->source->env_prefix && i < p->count; i++) {
		char name[80];
		if (!(p->at[i].row->sources & OPTION_FROM_ENVIRONMENT))
			continue;
		variable_of(p, p->at[i].row, name);
		const char *value = getenv(name);
		if (value && *value && !take(p, i, value, name))
			return false;
	}
	return true;
}

/* ---- command line ---- */

static bool bad_option(const struct parse *p, char **argv, int result, int tried)
{
	const char *word = tried > 0 ? argv[tried] : "", *program = p->source->program;
	if (result == ':') {
		if (strncmp(word, "--", 2) == 0)
			return error_set(p->e, EXIT_USAGE, "%s needs a value; see %s --help", word, program);
		return error_set(p->e, EXIT_USAGE, "-%c needs a value; see %s --help", optopt, program);
	}
	if (strncmp(word, "--", 2) != 0)
		return error_set(p->e, EXIT_USAGE, "-%c is not an option; see %s --help", optopt, program);
	char name[64];
	snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 2, "="), word + 2);
	for (size_t i = 0; i < p->count; i++)
		if (strchr(word, '=') && strcmp(p->at[i].row->name, name) == 0)
			return error_set(p->e, EXIT_USAGE, "--%s takes no value; see %s --help", name, program);
	char instead[OPTIONS_INSTEAD_LEN];
	const char *equals = strchr(word, '='), *next = argv[tried + 1];
	if (p->source->instead && p->source->instead(name, equals ? equals + 1 : next, instead))
		return error_set(p->e, EXIT_USAGE, "--%s is not an option: %s; see %s --help", name, instead, program);
	const char *hint = nearest(p, name);
	return error_set(p->e, EXIT_USAGE, "--%s is not an option%s%s; see %s --help", name,
			 hint ? ", did you mean --" : "", hint ? hint : "", program);
}

struct getopt_tables {
	struct option longs[MAX_OPTIONS + 1];
	char shorts[3 * MAX_OPTIONS + 2];
};

static void fill_tables(const struct parse *p, struct getopt_tables *t)
{
	size_t at = 0;
	t->shorts[at++] = ':';
	for (size_t i = 0; i < p->count; i++) {
		const struct option_row *row = p->at[i].row;
		int takes = row->kind == OPTION_FLAG ? no_argument : row->bare ? optional_argument : required_argument;
		t->longs[i] = (struct option){ row->name, takes, NULL, (int)(LONG_BASE + i) };
		if (!row->letter)
			continue;
		t->shorts[at++] = row->letter;
		for (int colons = takes; colons > 0; colons = colons == optional_argument ? 1 : 0)
			t->shorts[at++] = ':';
	}
}

/* The value of an option on the command line; "3" of "--last 3", which getopt leaves alone. */
static const char *value_of(const struct option_row *row, int argc, char **argv)
{
	const char *next = optind < argc ? argv[optind] : "";
	if (row->kind == OPTION_FLAG)
		return "yes";
	if (optarg || !row->bare)
		return optarg;
	if (row->kind != OPTION_COUNT || !*next || next[strspn(next, "0123456789")])
		return row->bare;
	optind++;
	return next;
}

static bool read_arguments(struct parse *p, int argc, char **argv, int *first)
{
	struct getopt_tables t = { 0 };
	fill_tables(p, &t);
	begin_source(p);
#ifdef __GLIBC__
	optind = 0; /* getopt keeps state; 0 makes glibc start again */
#else
	optind = optreset = 1;
#endif
	opterr = 0;
	for (;;) {
		int tried = optind ? optind : 1;
		int c = getopt_long(argc, argv, t.shorts, t.longs, NULL);
		if (c == -1)
			break;
		if (c == '?' || c == ':')
			/* With permutation the offending word stands right before optind. */
			return bad_option(p, argv, c, optind > tried ? optind - 1 : tried);
		size_t i = c >= LONG_BASE ? (size_t)(c - LONG_BASE) : 0;
		while (c < LONG_BASE && i < p->count && p->at[i].row->letter != c)
			i++;
		if (i >= p->count)
			return bad_option(p, argv, '?', optind);
		char where[80];
		snprintf(where, sizeof where, "--%s", p->at[i].row->name);
		if (!take(p, i, value_of(p->at[i].row, argc, argv), where))
			return false;
	}
	*first = optind;
	return true;
}

/* ---- limits ---- */

static void format_number(const struct option_row *row, int64_t value, char out[QUANTITY_LEN])
{
	if (row->kind == OPTION_DURATION)
		quantity_format_duration(value, out);
	else if (row->kind == OPTION_SIZE)
		quantity_format_size((uint64_t)value, out);
	else
		snprintf(out, QUANTITY_LEN, "%" PRId64, value);
}

static bool is_number(const struct option_row *row)
{
	return row->kind == OPTION_DURATION || row->kind == OPTION_SIZE || row->kind == OPTION_COUNT;
}

static bool check_limits(const struct parse *p)
{
	char limit[QUANTITY_LEN];
	for (size_t i = 0; i < p->count; i++) {
		const struct option_row *row = p->at[i].row;
		if (!p->at[i].where || !is_number(row))
			continue;
		int64_t value = row->kind == OPTION_SIZE ? (int64_t) * (const uint64_t *)p->at[i].dest
							 : *(const int64_t *)p->at[i].dest;
		bool low = value < row->least && !(value == 0 && row->zero), high = row->most && value > row->most;
		if (!low && !high)
			continue;
		format_number(row, low ? row->least : row->most, limit);
		return error_set(p->e, EXIT_USAGE, "%s must be at %s %s%s%s", p->at[i].where, low ? "least" : "most",
				 limit, row->zero ? ", or 0: " : "", row->zero ? row->zero : "");
	}
	return true;
}

bool options_parse(struct options *o, const struct option_table *table, void *settings,
		   const struct options_source *source, int argc, char **argv, int *first, struct error *e)
{
	struct parse p = { .o = o, .source = source, .e = e };
	if (!bind(&p, table, settings))
		return false;
	for (size_t i = 0; i < p.count; i++)
		if (!set_default(&p, &p.at[i]))
			return false;
	return read_files(&p) && read_environment(&p) && read_arguments(&p, argc, argv, first) && check_limits(&p);
}

/* ---- help ---- */

/* "(default 30s; at least 1s; 0: no limit; again for more)" */
static void print_notes(FILE *out, const struct option_row *row)
{
	char limit[QUANTITY_LEN];
	const char *before = " (";
	if (row->preset) {
		fprintf(out, "%sdefault %s", before, row->preset);
		before = "; ";
	}
	if (row->otherwise) {
		fprintf(out, "%sdefault: %s", before, row->otherwise);
		before = "; ";
	}
	if (is_number(row) && row->least > 1) {
		format_number(row, row->least, limit);
		fprintf(out, "%sat least %s", before, limit);
		before = "; ";
	}
	if (is_number(row) && row->most) {
		format_number(row, row->most, limit);
		fprintf(out, "%sat most %s", before, limit);
		before = "; ";
	}
	if (row->zero) {
		fprintf(out, "%s0: %s", before, row->zero);
		before = "; ";
	}
	if (row->kind == OPTION_LIST || row->kind == OPTION_SUM) {
		fprintf(out, "%sagain for more", before);
		before = "; ";
	}
	fputs(*before == ' ' ? "\n" : ")\n", out);
}

void options_print(FILE *out, const struct option_table *table)
{
	const struct option_row *row;
	for (size_t i = 0; (row = option_table_row(table, i)); i++) {
		char left[80];
		bool shows = row->kind != OPTION_FLAG && row->arg;
		snprintf(left, sizeof left, "%s%c%s--%s%s%s", row->letter ? "-" : " ", row->letter ? row->letter : ' ',
			 row->letter ? ", " : "  ", row->name, shows && strncmp(row->arg, "[=", 2) != 0 ? " " : "",
			 shows ? row->arg : "");
		if (strlen(left) > 30)
			fprintf(out, "  %s\n  %-30s  %s", left, "", row->help);
		else
			fprintf(out, "  %-30s  %s", left, row->help);
		print_notes(out, row);
	}
}
