/* Writes deliveries to a file that the user names. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/disk/file.h"
#include "tui/deeds/tui_deeds.h"
#include "tui/questions/sheet_confirm.h"
#include "tui/questions/sheet_menu.h"

void tui_export_menu(struct tui *t, const struct effect *e)
{
	sheet_export_menu(&t->screen.sheet, &t->screen.ui, e->id);
}

static void ask_path(struct tui *t, const struct effect *e)
{
	char path[UI_FILTER_MAX];
	const struct effect_export *export = &e->export;
	if (export->path[0])
		memcpy(path, export->path, sizeof path);
	else
		export_format_propose(path, sizeof path, export->format, t->ids.at, t->ids.count);
	t->screen.prompt.format = export->format;
	tui_prompt_open(t, PROMPT_PATH, path);
}

void tui_export_ask_path(struct tui *t, const struct effect *e)
{
	tui_gather(t, &e->export.which, e, ask_path);
}

static char *whole_path(const char *typed)
{
	const char *home = getenv("HOME");
	char *path = NULL;
	if (strncmp(typed, "~/", 2) != 0 || !home || !*home)
		return strdup(typed);
	return asprintf(&path, "%s%s", home, typed + 1) > 0 ? path : NULL;
}

/* In the place of one that is there: written beside it first, so that it stays when that fails. */
static bool export_over(struct tui *t, const char *format, const char *path, struct error *e)
{
	struct stat s;
	char *draft = NULL;
	if (stat(path, &s) == 0 && !S_ISREG(s.st_mode))
		return error_set(e, EXIT_NO, "%s is not a file", path);
	if (asprintf(&draft, "%s.%lld.new", path, (long long)getpid()) < 0)
		return error_set(e, EXIT_NO, "out of memory");
	bool fine = t->deps.deeds->export(t->deps.deeds_self, t->ids.at, t->ids.count, format, draft, NULL, e);
	if (fine && !file_place(draft, path))
		fine = error_set(e, EXIT_NO, "cannot write %s: %s", path, strerror(errno));
	free(draft);
	return fine;
}

/* Writes them, or asks about a file that is there. False and *e when they cannot be written. */
static bool write_file(struct tui *t, const struct effect_export *export, const char *path, bool *asked,
		       struct error *e)
{
	const char *format = export_format_names[export->format];
	struct stat s;
	if (lstat(path, &s) != 0)
		return t->deps.deeds->export(t->deps.deeds_self, t->ids.at, t->ids.count, format, path, NULL, e);
	if (export->overwrite)
		return export_over(t, format, path, e);
	struct effect_export again = *export;
	again.which = (struct which){ .kind = WHICH_ASKED };
	sheet_overwrite(&t->screen.sheet, &again);
	*asked = true;
	return true;
}

static void export_gathered(struct tui *t, const struct effect *e)
{
	char *path = whole_path(e->export.path);
	struct error err = { 0 };
	bool asked = false;
	bool fine = path ? write_file(t, &e->export, path, &asked, &err) : error_set(&err, EXIT_NO, "out of memory");
	if (!fine)
		tui_warn(t, "%s", err.text);
	else if (!asked && t->ids.count == 1)
		tui_say(t, "#%lld is in %s", (long long)t->ids.at[0], e->export.path);
	else if (!asked)
		tui_say(t, "%zu deliveries are in %s", t->ids.count, e->export.path);
	free(path);
}

void tui_export(struct tui *t, const struct effect *e)
{
	tui_gather(t, &e->export.which, e, export_gathered);
}
