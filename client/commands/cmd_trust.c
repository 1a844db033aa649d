/* `creel trust`: the user accepts a project's file as it is. */
#include "client/options/command.h"
#include "client/options/project_file.h"
#include "shared/text/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void print_path(const char *before, const char *path, const char *after)
{
	struct buffer shown = { 0 };
	if (text_sanitize(&shown, bytes_of(path), TEXT_LINE))
		printf("%s%.*s%s", before, (int)shown.len, (const char *)shown.at, after);
	buffer_free(&shown);
}

/* ---- one file ---- */

/* The project's file that is meant: of this folder, of the folder named, or the file itself. The caller frees. */
static char *name_of(const char *argument, struct error *e)
{
	struct stat st;
	struct buffer b = { 0 };
	const char *slash = argument ? strrchr(argument, '/') : NULL;
	const char *last = slash ? slash + 1 : argument;
	bool folder = argument && (!*last || (stat(argument, &st) == 0 && S_ISDIR(st.st_mode)));
	if (argument && !folder && strcmp(last, "creel.ini") != 0) {
		error_set(e, EXIT_USAGE, "%s is not a project's file: only one named creel.ini is read in its folder",
			  argument);
		return NULL;
	}
	if ((folder ? buffer_printf(&b, "%s%screel.ini", argument, *last ? "/" : "")
		    : buffer_append_text(&b, argument ? argument : PROJECT_FILE)) &&
	    buffer_put_u8(&b, 0))
		return (char *)b.at;
	buffer_free(&b);
	error_set(e, EXIT_USAGE, "out of memory");
	return NULL;
}

static void count_key(void *user, const char *section, const char *key, const char *value)
{
	(void)section;
	(void)key;
	(void)value;
	++*(size_t *)user;
}

static bool give(const char *name, struct error *e)
{
	struct project_file p;
	size_t count = 0;
	bool fine = project_file_read(&p, name, e);
	if (fine && !p.file.there)
		fine = error_set(e, EXIT_USAGE, "there is no %s to trust", name);
	fine = fine && project_file_each_bound(&p, count_key, &count, e) && project_file_may_trust(&p, e);
	if (fine && count == 0) {
		print_path("", name, " sets nothing that a project may not: it needs no trust\n");
	} else if (fine) {
		print_path("", p.path, " sets what no project may unasked:\n");
		fine = project_file_print(&p, stdout, e) && trust_give(p.path, buffer_view(&p.file.text), e);
		if (fine)
			puts("It is trusted as it is now; after any change it is asked about again.");
	}
	project_file_free(&p);
	return fine;
}

/* The exit status. */
static int take_back(const char *name, struct error *e)
{
	char *path = project_file_path(name);
	bool was = false;
	const char *of = path ? path : name; /* its folder may be gone */
	int status = !trust_take_back(of, &was, e) ? (int)e->code : was ? EXIT_DONE : EXIT_NO;
	if (status == EXIT_DONE)
		print_path("", of, " is no longer trusted\n");
	else if (status == EXIT_NO)
		error_set(e, EXIT_NO, "%s was not trusted", of);
	free(path);
	return status;
}

/* ---- all of them ---- */

struct records {
	char **at;
	size_t count;
};

static bool keep_record(void *user, const char *path, const char *hash)
{
	struct records *r = user;
	(void)hash;
	char **at = realloc(r->at, (r->count + 1) * sizeof *at);
	if (at)
		r->at = at;
	if (at && (at[r->count] = strdup(path)))
		r->count++;
	return true;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static const char *state_of(const char *path)
{
	struct project_file p;
	struct error e;
	const char *state = !project_file_read(&p, path, &e) ? "not readable  "
			    : !p.file.there                  ? "gone          "
			    : p.trust == TRUST_GIVEN         ? "trusted       "
							     : "changed since ";
	project_file_free(&p);
	return state;
}

static bool list(struct error *e)
{
	struct records r = { 0 };
	bool fine = trust_each(keep_record, &r, e);
	if (r.count)
		qsort(r.at, r.count, sizeof *r.at, by_path);
	for (size_t i = 0; i < r.count; i++) {
		print_path(state_of(r.at[i]), r.at[i], "\n");
		free(r.at[i]);
	}
	free(r.at);
	return fine;
}

struct trust_options {
	bool list, remove;
};

#define AT struct trust_options

static const struct option_row rows[] = {
	{ "list", 'l', OPTION_FLAG_AT(AT, list), OPTION_BY_USER, NULL,
	  "the files that are trusted, and whether they still are" },
	{ "remove", 0, OPTION_FLAG_AT(AT, remove), OPTION_BY_USER, NULL, "trust FILE no longer" },
};

static int run(struct command_call *call, struct error *e)
{
	const struct trust_options *o = call->settings;
	if (call->argc > 1 || (o->list && (o->remove || call->argc > 0))) {
		error_set(e, EXIT_USAGE, "trust takes one folder or its creel.ini, or --list alone");
		return EXIT_USAGE;
	}
	if (o->list)
		return list(e) ? EXIT_DONE : (int)e->code;
	char *name = name_of(call->argc == 1 ? call->argv[0] : NULL, e);
	int status = !name ? EXIT_USAGE : o->remove ? take_back(name, e) : give(name, e) ? EXIT_DONE : (int)e->code;
	free(name);
	return status;
}

const struct command command_trust = {
	"trust",
	"creel trust [FOLDER|FILE] [--remove] | --list",
	"accept this folder's creel.ini as it is",
	"A project's ./creel.ini may set names, routes to ports of this machine, time limits, filters and how things "
	"are\n"
	"printed. Anything else (what runs a command, writes a file, leads elsewhere or holds a secret) has no effect\n"
	"until you trust the file: read it first. This shows what it sets of that kind, and keeps the SHA-256 of the\n"
	"file's bytes; a changed file has to be trusted again. Programs and files that it names are not checked.\n\n"
	"Example: creel trust",
	COMMAND_OPTIONS(rows, struct trust_options),
	.files = COMMAND_READS_NONE, /* what stands in one has no say in what is trusted */
	.run = run,
};
