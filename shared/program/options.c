#include "shared/program/options.h"

#include "shared/base/text_distance.h"
#include "shared/program/ini_file.h"
#include "shared/program/quantity.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_OPTIONS 64

/* Every string handed out, freed together. */
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

static bool add_to_list(struct options *o, struct option_values *list, const char *value)
{
	const char **at = realloc(list->at, (list->count + 1) * sizeof *at);
	if (!at)
		return false;
	if (list->count == 0 && o->list_count < MAX_OPTIONS)
		o->lists[o->list_count++] = list;
	list->at = at;
	return (list->at[list->count] = keep(o, value)) != NULL && ++list->count > 0;
}

/* Stores one value; `where` names its source in the error ("--timeout", "creel.ini: timeout"). */
static bool store_value(struct options *o, const struct option_spec *spec, const char *value, const char *where,
			struct error *e)
{
	switch (spec->type) {
	case OPTION_FLAG:
		return parse_flag(value, spec->dest) ||
		       error_set(e, EXIT_USAGE, "%s takes yes or no, not '%s'", where, value);
	case OPTION_TEXT:
		return (*(const char **)spec->dest = keep(o, value)) != NULL ||
		       error_set(e, EXIT_USAGE, "out of memory");
	case OPTION_LIST:
	case OPTION_SUM:
		return add_to_list(o, spec->dest, value) || error_set(e, EXIT_USAGE, "out of memory");
	case OPTION_DURATION:
		return quantity_parse_duration(value, spec->dest) ||
		       error_set(e, EXIT_USAGE, "%s takes a duration such as 500ms, 5s, 2m, 1h or 7d, not '%s'", where,
				 value);
	case OPTION_SIZE:
		return quantity_parse_size(value, spec->dest) ||
		       error_set(e, EXIT_USAGE, "%s takes a size such as 64KiB, 1MiB or 2GiB, not '%s'", where, value);
	case OPTION_COUNT:
		return quantity_parse_count(value, spec->dest) ||
		       error_set(e, EXIT_USAGE, "%s takes a whole number, not '%s'", where, value);
	case OPTION_CHOICE:
		if (!is_choice(spec->arg, value))
			return error_set(e, EXIT_USAGE, "%s is one of %s, not '%s'", where, spec->arg, value);
		return (*(const char **)spec->dest = keep(o, value)) != NULL ||
		       error_set(e, EXIT_USAGE, "out of memory");
	}
	return false;
}

static const char *nearest(const struct option_spec *specs, size_t count, const char *name)
{
	const char *best = NULL;
	size_t best_distance = 3;
	for (size_t i = 0; i < count; i++) {
		size_t d = text_distance(specs[i].name, name);
		if (d < best_distance) {
			best_distance = d;
			best = specs[i].name;
		}
	}
	return best;
}

struct ini_state {
	struct options *o;
	const struct option_spec *specs;
	size_t count;
	const struct options_source *source;
	const struct options_file *file;
	bool *listed; /* lists of this file replace those of earlier files */
};

static bool is_list(const struct ini_state *s, const char *name, size_t len)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->specs[i].type == OPTION_LIST && strlen(s->specs[i].name) == len &&
		    memcmp(s->specs[i].name, name, len) == 0)
			return true;
	return false;
}

/* A key that is the i-th option. */
static bool take_key(struct ini_state *s, size_t i, const char *key, const char *value, const char *where,
		     struct error *e)
{
	const struct option_spec *spec = &s->specs[i];
	const struct options_file *f = s->file;
	enum options_key verdict = f->judge ? f->judge(f->user, spec->name, key, value, e) : OPTIONS_KEY_TAKEN;
	if (verdict != OPTIONS_KEY_TAKEN)
		return verdict == OPTIONS_KEY_PASSED_OVER;
	if (spec->type == OPTION_LIST && !s->listed[i]) {
		((struct option_values *)spec->dest)->count = 0;
		s->listed[i] = true;
	}
	return store_value(s->o, spec, value, where, e);
}

static bool on_ini_key(void *user, const char *section, const char *key, const char *value, struct error *e)
{
	struct ini_state *s = user;
	bool own = s->source->ini_section && strcmp(section, s->source->ini_section) == 0;
	if (!own && *section)
		return true;
	char where[300], name[300], joined[600];
	const char *dot = strchr(key, '.');
	snprintf(where, sizeof where, "%s: %s", s->file->path, key);
	snprintf(name, sizeof name, "%s", key);
	if (dot && is_list(s, key, (size_t)(dot - key))) {
		/* "secret.github = @FILE" says the same as "secret = github=@FILE". */
		name[dot - key] = 0;
		if (snprintf(joined, sizeof joined, "%s=%s", dot + 1, value) >= (int)sizeof joined)
			return error_set(e, EXIT_USAGE, "%s is too long", where);
		value = joined;
	}
	for (size_t i = 0; i < s->count; i++)
		if (strcmp(s->specs[i].name, name) == 0 && strcmp(name, "help") != 0)
			return take_key(s, i, key, value, where, e);
	if (!own) /* keys outside sections may belong to other commands */
		return true;
	const char *hint = nearest(s->specs, s->count, name);
	return error_set(e, EXIT_USAGE, "%s is not a known key%s%s", where, hint ? "; did you mean " : "",
			 hint ? hint : "");
}

static bool read_environment(struct options *o, const struct option_spec *specs, size_t count, const char *prefix,
			     struct error *e)
{
	for (size_t i = 0; i < count; i++) {
		char name[80];
		snprintf(name, sizeof name, "%s%s", prefix, specs[i].name);
		for (char *c = name; *c; c++)
			*c = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
		const char *value = getenv(name);
		if (!value || !*value || strcmp(specs[i].name, "help") == 0)
			continue;
		if (specs[i].type == OPTION_LIST)
			((struct option_values *)specs[i].dest)->count = 0;
		if (!store_value(o, &specs[i], value, name, e))
			return false;
	}
	return true;
}

static bool bad_option(const struct option_spec *specs, size_t count, const struct options_source *source, char **argv,
		       int result, int tried, struct error *e)
{
	const char *word = tried > 0 ? argv[tried] : "";
	if (result == ':') {
		if (strncmp(word, "--", 2) == 0)
			return error_set(e, EXIT_USAGE, "%s needs a value; see %s --help", word, source->program);
		return error_set(e, EXIT_USAGE, "-%c needs a value; see %s --help", optopt, source->program);
	}
	if (strncmp(word, "--", 2) != 0)
		return error_set(e, EXIT_USAGE, "-%c is not an option; see %s --help", optopt, source->program);
	char name[64];
	snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 2, "="), word + 2);
	for (size_t i = 0; i < count; i++)
		if (strchr(word, '=') && strcmp(specs[i].name, name) == 0)
			return error_set(e, EXIT_USAGE, "--%s takes no value; see %s --help", name, source->program);
	const char *hint = nearest(specs, count, name);
	return error_set(e, EXIT_USAGE, "--%s is not an option%s%s; see %s --help", name,
			 hint ? ", did you mean --" : "", hint ? hint : "", source->program);
}

static bool read_arguments(struct options *o, const struct option_spec *specs, size_t count,
			   const struct options_source *source, int argc, char **argv, int *first, struct error *e)
{
	struct option longs[MAX_OPTIONS + 1] = { 0 };
	char shorts[2 * MAX_OPTIONS + 2] = ":";
	bool listed[MAX_OPTIONS] = { false };
	size_t at = 1;
	for (size_t i = 0; i < count; i++) {
		bool takes = specs[i].type != OPTION_FLAG;
		longs[i] =
		    (struct option){ specs[i].name, takes ? required_argument : no_argument, NULL, (int)(1000 + i) };
		if (specs[i].letter) {
			shorts[at++] = specs[i].letter;
			if (takes)
				shorts[at++] = ':';
		}
	}
	shorts[at] = 0;
#ifdef __GLIBC__
	optind = 0; /* getopt keeps state; 0 makes glibc start anew */
#else
	optind = optreset = 1;
#endif
	opterr = 0;
	for (;;) {
		int tried = optind ? optind : 1;
		int c = getopt_long(argc, argv, shorts, longs, NULL);
		if (c == -1)
			break;
		size_t i = c >= 1000 ? (size_t)(c - 1000) : 0;
		if (c == '?' || c == ':')
			/* With permutation the offending word stands right before optind. */
			return bad_option(specs, count, source, argv, c, optind > tried ? optind - 1 : tried, e);
		if (c < 1000)
			while (specs[i].letter != c)
				i++;
		char where[80];
		snprintf(where, sizeof where, "--%s", specs[i].name);
		if (specs[i].type == OPTION_LIST && !listed[i]) {
			((struct option_values *)specs[i].dest)->count = 0;
			listed[i] = true;
		}
		if (specs[i].type == OPTION_FLAG)
			*(bool *)specs[i].dest = true;
		else if (!store_value(o, &specs[i], optarg, where, e))
			return false;
	}
	*first = optind;
	return true;
}

bool options_parse(struct options *o, const struct option_spec *specs, size_t count,
		   const struct options_source *source, int argc, char **argv, int *first, struct error *e)
{
	if (count > MAX_OPTIONS)
		return error_set(e, EXIT_USAGE, "too many options in the table of %s", source->program);
	for (size_t i = 0; i < source->file_count; i++) {
		const struct options_file *f = &source->files[i];
		bool listed[MAX_OPTIONS] = { false };
		struct ini_state s = { o, specs, count, source, f, listed };
		if (!ini_file_parse(f->path, f->text, on_ini_key, &s, e))
			return false;
	}
	if (source->env_prefix && !read_environment(o, specs, count, source->env_prefix, e))
		return false;
	return read_arguments(o, specs, count, source, argc, argv, first, e);
}

void options_print(FILE *out, const struct option_spec *specs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char left[80];
		snprintf(left, sizeof left, "%s%c%s--%s%s%s", specs[i].letter ? "-" : " ",
			 specs[i].letter ? specs[i].letter : ' ', specs[i].letter ? ", " : "  ", specs[i].name,
			 specs[i].type == OPTION_FLAG ? "" : " ",
			 specs[i].type == OPTION_FLAG || !specs[i].arg ? "" : specs[i].arg);
		if (strlen(left) > 30)
			fprintf(out, "  %s\n  %-30s  %s\n", left, "", specs[i].help);
		else
			fprintf(out, "  %-30s  %s\n", left, specs[i].help);
	}
}
