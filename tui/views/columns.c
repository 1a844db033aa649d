#include "tui/views/columns.h"

#include "tui/state/words.h"
#include "tui/terminal/text.h"

#include <ctype.h>
#include <string.h>

static const struct {
	const char *name;
	bool chosen;
	enum store_order_key order;
} columns[COLUMN_COUNT] = {
	[COLUMN_TIME] = { "TIME", false, STORE_ORDER_TIME },
	[COLUMN_STATUS] = { "STAT", false, STORE_ORDER_STATUS },
	[COLUMN_METHOD] = { "METHOD", true, STORE_ORDER_METHOD },
	[COLUMN_SOURCE] = { "SOURCE", true, STORE_ORDER_SOURCE },
	[COLUMN_EVENT] = { "EVENT / PATH", false, STORE_ORDER_EVENT },
	[COLUMN_PATH] = { NULL, true, STORE_ORDER_PATH },
	[COLUMN_ATTEMPTS] = { "ATT", true, STORE_ORDER_ATTEMPTS },
	[COLUMN_TOOK] = { "TOOK", true, STORE_ORDER_TOOK },
	[COLUMN_SIZE] = { "SIZE", true, STORE_ORDER_SIZE },
	[COLUMN_ID] = { "ID", true, STORE_ORDER_TIME },
	[COLUMN_TUNNEL] = { "TUNNEL", true, STORE_ORDER_TUNNEL },
	[COLUMN_PEER] = { "PEER", true, STORE_ORDER_PEER },
	[COLUMN_REPLAY_OF] = { "REPLAY OF", true, STORE_ORDER_REPLAY_OF },
	[COLUMN_HOST] = { "HOST", true, STORE_ORDER_HOST },
	[COLUMN_TAG] = { "TAG", true, STORE_ORDER_TAG },
};

const char *columns_name(enum column column)
{
	return columns[column].name;
}

bool columns_chosen(enum column column)
{
	return columns[column].chosen;
}

static void widen(int *width, struct bytes text)
{
	int wide = text_columns(text, TEXT_LINE);
	*width = wide > *width ? wide : *width;
}

struct column_plan columns_plan(const struct ui *ui, int width)
{
	struct list_row rows[256];
	struct column_wish wish = { .shown = ui->columns ? ui->columns : COLUMNS_USUAL, .order = ui->column_order };
	int height = ui->list.height < 256 ? ui->list.height : 256;
	list_rows(&ui->list, rows, height);
	for (int i = 0; i < height; i++) {
		const struct delivery_row *row = rows[i].item ? &rows[i].item->row : NULL;
		if (!row)
			continue;
		widen(&wish.source, words_source(row));
		if (wish.shown & COLUMN_BIT(COLUMN_HOST))
			widen(&wish.host, row->host);
		if (wish.shown & COLUMN_BIT(COLUMN_TAG))
			widen(&wish.tags, row->tags);
	}
	return layout_columns(width, &wish);
}

/* "REPLAY OF" as replay-of. */
static bool is_named(enum column column, const char *word, size_t len)
{
	const char *name = column == COLUMN_EVENT ? "EVENT" : column == COLUMN_PATH ? "PATH" : columns[column].name;
	if (!name || strlen(name) != len)
		return false;
	for (size_t i = 0; i < len; i++)
		if (tolower((unsigned char)word[i]) != (name[i] == ' ' ? '-' : tolower((unsigned char)name[i])))
			return false;
	return true;
}

static enum column find(const char *word, size_t len)
{
	for (int c = 1; c < COLUMN_COUNT; c++)
		if (is_named((enum column)c, word, len))
			return (enum column)c;
	return COLUMN_COUNT;
}

/* Those that are not named: before EVENT, and so to the left, where they usually are; EVENT itself at the end. */
static void put_rest(uint8_t order[COLUMN_COUNT], size_t count)
{
	const uint8_t *usual = layout_usual_order();
	uint8_t named[COLUMN_COUNT], all = 0;
	memcpy(named, order, count);
	for (size_t i = 0; i < COLUMN_COUNT; i++) {
		bool front = usual[i] == COLUMN_FLAGS || usual[i] == COLUMN_TIME || usual[i] == COLUMN_STATUS;
		if (front && !memchr(named, usual[i], count))
			order[all++] = usual[i];
	}
	memcpy(order + all, named, count);
	all = (uint8_t)(all + count);
	for (size_t i = 0; i < COLUMN_COUNT; i++)
		if (!memchr(order, usual[i], all))
			order[all++] = usual[i];
}

bool columns_read(const char *names, unsigned *shown, uint8_t order[COLUMN_COUNT], struct error *e)
{
	size_t count = 0;
	*shown = 0;
	for (const char *at = names; *(at += strspn(at, " ,"));) {
		size_t len = strcspn(at, " ,");
		enum column c = find(at, len);
		if (c == COLUMN_COUNT)
			return error_set(e, EXIT_USAGE,
					 "no column is called \"%.*s\": time stat method source event path "
					 "att took size id tunnel peer replay-of host tag",
					 (int)len, at);
		if (!(*shown & COLUMN_BIT(c)))
			order[count++] = (uint8_t)c;
		*shown |= COLUMN_BIT(c);
		at += len;
	}
	*shown |=
	    COLUMN_BIT(COLUMN_FLAGS) | COLUMN_BIT(COLUMN_TIME) | COLUMN_BIT(COLUMN_STATUS) | COLUMN_BIT(COLUMN_EVENT);
	put_rest(order, count);
	return true;
}

/* ---- the order ---- */

enum store_order_key columns_order(enum column column)
{
	return columns[column].order;
}

bool columns_tag_at(const struct ui *ui, int width, int x, struct bytes *tag)
{
	struct column_plan plan = columns_plan(ui, width);
	const struct item *item = list_chosen(&ui->list);
	int from = plan.at[COLUMN_TAG].x, end = from + plan.at[COLUMN_TAG].width;
	if (!item || x < from || x >= end)
		return false;
	struct bytes rest = item->row.tags;
	while (rest.len) {
		const uint8_t *blank = memchr(rest.at, ' ', rest.len);
		struct bytes word = { rest.at, blank ? (size_t)(blank - rest.at) : rest.len };
		int wide = text_columns(word, TEXT_LINE);
		if (x < from + wide) {
			*tag = word;
			return word.len > 0;
		}
		from += wide + 1;
		rest = bytes_make(rest.at + word.len + (blank ? 1 : 0), rest.len - word.len - (blank ? 1 : 0));
	}
	return false;
}
