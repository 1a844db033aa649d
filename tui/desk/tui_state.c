#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tui/desk/tui_private.h"

/* A line each: "order newest-first", "time utc", "filter …" (the oldest first). */
static const char *const times[] = { "local", "utc", "ago" };

static char *path_of(const struct tui *t, const char *end)
{
	char *path = NULL;
	return t->state_dir && asprintf(&path, "%s/inspector%s", t->state_dir, end) > 0 ? path : NULL;
}

static void take_line(struct tui *t, const char *line)
{
	struct ui *ui = &t->screen.ui;
	if (strcmp(line, "order newest-first") == 0)
		ui->list.reversed = true;
	for (size_t i = 0; i < 3; i++)
		if (strncmp(line, "time ", 5) == 0 && strcmp(line + 5, times[i]) == 0)
			ui_set_time(ui, (enum time_mode)i);
	if (strncmp(line, "filter ", 7) == 0)
		history_add(&t->screen.prompt.filters, line + 7);
	if (strncmp(line, "search ", 7) == 0)
		history_add(&t->screen.prompt.searches, line + 7);
}

void tui_state_load(struct tui *t)
{
	char line[UI_FILTER_MAX + 16], *path = path_of(t, "");
	FILE *f = path ? fopen(path, "r") : NULL;
	while (f && fgets(line, sizeof line, f)) {
		line[strcspn(line, "\n")] = '\0';
		take_line(t, line);
	}
	if (f)
		fclose(f);
	free(path);
}

static bool write_history(FILE *f, const char *what, const struct history *h)
{
	for (size_t i = 0; i < h->count; i++)
		if (fprintf(f, "%s %s\n", what, h->at[i]) < 0)
			return false;
	return true;
}

/* Beside it and renamed, so that two inspectors never leave half a file; a failure costs a history, no word. */
void tui_state_save(struct tui *t)
{
	const struct ui *ui = &t->screen.ui;
	char *path = path_of(t, ""), *draft = path_of(t, ".new");
	mode_t mask = umask(077);
	FILE *f = draft ? fopen(draft, "w") : NULL;
	umask(mask);
	if (f) {
		bool fine = fprintf(f, "order %s\ntime %s\n", ui->list.reversed ? "newest-first" : "newest-last",
				    times[ui->time]) > 0 &&
			    write_history(f, "filter", &t->screen.prompt.filters) &&
			    write_history(f, "search", &t->screen.prompt.searches);
		fine = fclose(f) == 0 && fine;
		if (!fine || rename(draft, path))
			unlink(draft);
	}
	free(path);
	free(draft);
}
