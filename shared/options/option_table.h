/* Tables of options: one row an option. From the rows come the command line, the keys of config files, the
 * environment's variables and the help text (options.h), and tests hold the man pages to them.
 *
 * A command's rows are a static const table; where a value goes is an offset into the command's settings, so that the
 * table can be read without running anything. Pure; any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_kind {
	OPTION_FLAG,     /* bool */
	OPTION_TEXT,     /* const char * */
	OPTION_LIST,     /* struct option_values; repeatable, each source replaces what the weaker ones said. In a file
			    the key may be repeated, too, and "name.x = y" is "name = x=y". */
	OPTION_SUM,      /* like OPTION_LIST, but each source adds to what the weaker ones said */
	OPTION_DURATION, /* int64_t, milliseconds */
	OPTION_SIZE,     /* uint64_t, bytes */
	OPTION_COUNT,    /* int64_t, not negative */
	OPTION_CHOICE,   /* const char *, one of the words of `arg` ("a|b|c") */
};

struct option_values {
	const char **at;
	size_t count;
};

/* Who may set an option. A row without any is a mistake that the tests find; nothing but the command line sets it. */
enum option_sources {
	OPTION_FROM_LINE = 1 << 0, /* always */
	OPTION_FROM_ENVIRONMENT = 1 << 1,
	OPTION_FROM_USER = 1 << 2,    /* a file of the user's own */
	OPTION_FROM_TRUSTED = 1 << 3, /* a project's file that the user trusts */
	OPTION_FROM_LOCAL = 1 << 4,   /* any project's file, where the value leads to this machine */
	OPTION_FROM_PROJECT = 1 << 5, /* any project's file */

	/* What rows say. */
	OPTION_BY_LINE = OPTION_FROM_LINE,
	OPTION_BY_CALLER = OPTION_FROM_LINE | OPTION_FROM_ENVIRONMENT,
	OPTION_BY_USER = OPTION_BY_CALLER | OPTION_FROM_USER | OPTION_FROM_TRUSTED,
	OPTION_BY_LOCAL = OPTION_BY_USER | OPTION_FROM_LOCAL,
	OPTION_BY_PROJECT = OPTION_BY_USER | OPTION_FROM_PROJECT,
	OPTION_BY_FILES = OPTION_FROM_USER | OPTION_FROM_TRUSTED | OPTION_FROM_LOCAL | OPTION_FROM_PROJECT,
};

struct option_row {
	const char *name; /* without the dashes */
	char letter;      /* or 0 */
	enum option_kind kind;
	size_t at; /* in the settings; OPTION_…_AT says kind and place together */
	unsigned sources;
	const char *arg;       /* its value's name in the help ("PORT"); of a choice "a|b|c" */
	const char *help;      /* one line; default and limits are added */
	const char *preset;    /* the default, as it would be written on the command line; NULL: none */
	const char *otherwise; /* what holds when nothing sets it, where that is no value ("a random one") */
	const char *bare;      /* its value when it is given without one, which it may be; a number that follows as the
				  next word belongs to it, any other value only after '=' */
	int64_t unset;         /* a number's value when there is neither a default nor anything that set it */
	int64_t least, most;   /* a number's limits, milliseconds or bytes; most 0: none */
	const char *zero;      /* what 0 means where it is allowed although it is less than `least` */
};

/* Kind and place of a row, after name and letter; the compiler refuses a field of another type. */
#define OPTION_AT(of_kind, of_type, settings, field)                                                                   \
	.kind = (of_kind),                                                                                             \
	.at = offsetof(settings, field) + 0 * sizeof(1 ? (of_type *)NULL : &((settings *)NULL)->field)
#define OPTION_FLAG_AT(settings, field) OPTION_AT(OPTION_FLAG, bool, settings, field)
#define OPTION_TEXT_AT(settings, field) OPTION_AT(OPTION_TEXT, const char *, settings, field)
#define OPTION_LIST_AT(settings, field) OPTION_AT(OPTION_LIST, struct option_values, settings, field)
#define OPTION_SUM_AT(settings, field) OPTION_AT(OPTION_SUM, struct option_values, settings, field)
#define OPTION_DURATION_AT(settings, field) OPTION_AT(OPTION_DURATION, int64_t, settings, field)
#define OPTION_SIZE_AT(settings, field) OPTION_AT(OPTION_SIZE, uint64_t, settings, field)
#define OPTION_COUNT_AT(settings, field) OPTION_AT(OPTION_COUNT, int64_t, settings, field)
#define OPTION_CHOICE_AT(settings, field) OPTION_AT(OPTION_CHOICE, const char *, settings, field)

/* Rows that several commands may share; `at` is where in the command's settings their own struct begins. */
struct option_group {
	const struct option_row *rows;
	size_t count, at;
};
#define OPTION_GROUP(rows, at)                                                                                         \
	{                                                                                                              \
		(rows), sizeof(rows) / sizeof *(rows), (at)                                                            \
	}

/* All options of a command. */
struct option_table {
	const struct option_group *groups;
	size_t count;
};

/* The i-th row, in the order of the help; NULL after the last. */
const struct option_row *option_table_row(const struct option_table *t, size_t i);
/* The row of that name; NULL: there is none. */
const struct option_row *option_table_find(const struct option_table *t, const char *name);
