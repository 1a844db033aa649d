#include "tui/views/columns.h"

#include "tui/state/words.h"
#include "tui/terminal/text.h"

static const struct {
	const char *name;
	bool chosen;
} columns[COLUMN_COUNT] = {
	[COLUMN_TIME] = { "TIME", false },
	[COLUMN_STATUS] = { "STAT", false },
	[COLUMN_METHOD] = { "METHOD", true },
	[COLUMN_SOURCE] = { "SOURCE", true },
	[COLUMN_EVENT] = { "EVENT / PATH", false },
	[COLUMN_PATH] = { NULL, true },
	[COLUMN_ATTEMPTS] = { "ATT", true },
	[COLUMN_TOOK] = { "TOOK", true },
	[COLUMN_SIZE] = { "SIZE", true },
	[COLUMN_ID] = { "ID", true },
	[COLUMN_TUNNEL] = { "TUNNEL", true },
	[COLUMN_PEER] = { "PEER", true },
	[COLUMN_REPLAY_OF] = { "REPLAY OF", true },
	[COLUMN_HOST] = { "HOST", true },
	[COLUMN_TAG] = { "TAG", true },
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
	struct column_wish wish = { .shown = ui->columns ? ui->columns : COLUMNS_USUAL };
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
