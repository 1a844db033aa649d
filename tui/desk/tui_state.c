/* What the inspector remembers from one run to the next. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/disk/file.h"
#include "tui/desk/tui_private.h"
#include "tui/views/columns.h"

/* A line each: "order newest-first", "time utc", "panes on", "panes below", "share 50", "filter …", "saved …" (the
 * oldest first). Then, of each record: "store PATH" and, for it alone, "columns 3ff" (bits), "column-order …", "sort
 * took down"; the one that was saved last is the last. */
#define OTHERS_MOST 50
static const char *const times[] = { "local", "utc", "ago" };

static char *path_of(const struct tui *t)
{
	char *path = NULL;
	return t->state_dir && asprintf(&path, "%s/inspector", t->state_dir) > 0 ? path : NULL;
}

/* Numbers of columns, each once; anything else is no order. */
static void take_order(const char *text, uint8_t order[COLUMN_COUNT])
{
	uint8_t read[COLUMN_COUNT];
	char *end;
	for (size_t i = 0; i < COLUMN_COUNT; i++, text = end) {
		unsigned long column = strtoul(text, &end, 10);
		if (end == text || column >= COLUMN_COUNT || memchr(read, (int)column, i))
			return;
		read[i] = (uint8_t)column;
	}
	memcpy(order, read, sizeof read);
}

static bool put_order(struct buffer *out, const uint8_t order[COLUMN_COUNT])
{
	bool fine = !order[0] && !order[1] ? true : buffer_append_text(out, "column-order");
	for (size_t i = 0; fine && (order[0] || order[1]) && i < COLUMN_COUNT; i++)
		fine = buffer_printf(out, " %u", order[i]);
	return fine && ((!order[0] && !order[1]) || buffer_put_u8(out, '\n'));
}

static void take_sort(struct list_model *m, const char *text)
{
	enum store_order_key key;
	char name[16];
	size_t len = strcspn(text, " ");
	snprintf(name, sizeof name, "%.*s", (int)len, text);
	if (store_order_parse(name, &key) && key != STORE_ORDER_TIME)
		list_sort(m, key, strcmp(text + len, " down") == 0);
}

static bool put_sort(struct buffer *out, const struct store_order *by)
{
	return by->key == STORE_ORDER_TIME ||
	       buffer_printf(out, "sort %s %s\n", store_order_name(by->key), by->descending ? "down" : "up");
}

static void take_line_of_store(struct ui *ui, const char *line)
{
	if (strncmp(line, "sort ", 5) == 0)
		take_sort(&ui->list, line + 5);
	if (strncmp(line, "columns ", 8) == 0)
		ui->columns = (unsigned)strtoul(line + 8, NULL, 16) & (COLUMN_BIT(COLUMN_COUNT) - 1);
	if (strncmp(line, "column-order ", 13) == 0)
		take_order(line + 13, ui->column_order);
}

static void take_line(struct tui *t, const char *line)
{
	struct ui *ui = &t->screen.ui;
	if (strcmp(line, "order newest-first") == 0)
		ui->list.reversed = true;
	if (strcmp(line, "panes on") == 0 || strcmp(line, "panes off") == 0) {
		ui->split_chosen = true;
		ui->split = strcmp(line, "panes on") == 0;
	}
	if (strcmp(line, "panes below") == 0)
		ui->below = true;
	if (strcmp(line, "share 50") == 0 || strcmp(line, "share 60") == 0)
		ui->share = line[6] == '5' ? 50 : 60;
	for (size_t i = 0; i < 3; i++)
		if (strncmp(line, "time ", 5) == 0 && strcmp(line + 5, times[i]) == 0)
			ui_set_time(ui, (enum time_mode)i);
	if (strncmp(line, "filter ", 7) == 0)
		history_add(&t->screen.prompt.filters, line + 7);
	if (strncmp(line, "saved ", 6) == 0)
		history_add(&t->saved, line + 6);
	if (strncmp(line, "search ", 7) == 0)
		history_add(&t->screen.prompt.searches, line + 7);
}

typedef char state_line[UI_FILTER_MAX + 16];

static bool read_line(FILE *f, state_line line)
{
	if (!f || !fgets(line, sizeof(state_line), f))
		return false;
	line[strcspn(line, "\n")] = '\0';
	return true;
}

static bool begins_store(const char *line)
{
	return strncmp(line, "store ", 6) == 0;
}

static bool is_of(const struct tui *t, const char *line)
{
	return strcmp(line + 6, t->store) == 0;
}

void tui_state_load(struct tui *t)
{
	state_line line;
	char *path = path_of(t);
	FILE *f = path ? fopen(path, "r") : NULL;
	/* What stands before the first of them was written when there was one choice for all. */
	for (bool mine = true; read_line(f, line);) {
		if (begins_store(line))
			mine = is_of(t, line);
		else if (mine)
			take_line_of_store(&t->screen.ui, line);
		take_line(t, line);
	}
	if (f)
		fclose(f);
	free(path);
}

/* How many records beside this one the file knows. */
static size_t count_others(const struct tui *t, FILE *f)
{
	state_line line;
	size_t count = 0;
	while (read_line(f, line))
		count += begins_store(line) && !is_of(t, line);
	rewind(f);
	return count;
}

/* As they are in the file now: another inspector may have written it since. */
static bool put_others(struct buffer *out, const struct tui *t, const char *path)
{
	state_line line;
	FILE *f = fopen(path, "r");
	size_t count = f ? count_others(t, f) : 0, skip = count > OTHERS_MOST ? count - OTHERS_MOST : 0;
	bool fine = true, other = false;
	while (fine && read_line(f, line)) {
		if (begins_store(line)) {
			other = !is_of(t, line) && !skip;
			skip -= !is_of(t, line) && skip;
		}
		fine = !other || buffer_printf(out, "%s\n", line);
	}
	if (f)
		fclose(f);
	return fine;
}

static bool put_store(struct buffer *out, const struct tui *t)
{
	const struct ui *ui = &t->screen.ui;
	const struct store_order *by = &ui->list.sorting.by;
	if (!ui->columns && !ui->column_order[0] && !ui->column_order[1] && by->key == STORE_ORDER_TIME)
		return true;
	return buffer_printf(out, "store %s\n", t->store) &&
	       (!ui->columns || buffer_printf(out, "columns %x\n", ui->columns)) && put_order(out, ui->column_order) &&
	       put_sort(out, by);
}

static bool put_history(struct buffer *out, const char *what, const struct history *h)
{
	for (size_t i = 0; i < h->count; i++)
		if (!buffer_printf(out, "%s %s\n", what, h->at[i]))
			return false;
	return true;
}

static bool put_panes(struct buffer *out, const struct ui *ui)
{
	return (!ui->split_chosen || buffer_printf(out, "panes %s\n", ui->split ? "on" : "off")) &&
	       (!ui->below || buffer_append_text(out, "panes below\n")) &&
	       (!ui->share || buffer_printf(out, "share %d\n", ui->share));
}

void tui_state_save(struct tui *t)
{
	const struct ui *ui = &t->screen.ui;
	struct buffer text = { 0 };
	char *path = path_of(t);
	bool fine = path &&
		    buffer_printf(&text, "order %s\ntime %s\n", ui->list.reversed ? "newest-first" : "newest-last",
				  times[ui->time]) &&
		    put_panes(&text, ui) && put_history(&text, "filter", &t->screen.prompt.filters) &&
		    put_history(&text, "saved", &t->saved) &&
		    put_history(&text, "search", &t->screen.prompt.searches) && put_others(&text, t, path) &&
		    put_store(&text, t) && file_replace(path, buffer_view(&text), FILE_PRIVATE);
	(void)fine;
	buffer_free(&text);
	free(path);
}

void tui_state_remember(struct tui *t, const struct effect *e)
{
	(void)e;
	tui_state_save(t);
}
