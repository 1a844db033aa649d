#include "tui/views/columns.h"

#include "tui/state/words.h"
#include "tui/terminal/text.h"

static const struct {
	const char *name;
	bool chosen;
} columns[COLUMN_COUNT] = {
	[COLUMN_TIME] = { "TIME", false },          [COLUMN_STATUS] = { "STAT", false },
	[COLUMN_METHOD] = { "METHOD", true },       [COLUMN_SOURCE] = { "SOURCE", true },
	[COLUMN_EVENT] = { "EVENT / PATH", false }, [COLUMN_PATH] = { NULL, true },
	[COLUMN_ATTEMPTS] = { "ATT", true },        [COLUMN_TOOK] = { "TOOK", true },
	[COLUMN_SIZE] = { "SIZE", true },           [COLUMN_ID] = { "ID", true },
	[COLUMN_TUNNEL] = { "TUNNEL", true },       [COLUMN_PEER] = { "PEER", true },
	[COLUMN_REPLAY_OF] = { "REPLAY OF", true },
};

const char *columns_name(enum column column)
{
	return columns[column].name;
}

bool columns_chosen(enum column column)
{
	return columns[column].chosen;
}

struct column_plan columns_plan(const struct ui *ui, int width)
{
	struct list_row rows[256];
	struct column_wish wish = { .shown = ui->columns ? ui->columns : COLUMNS_USUAL };
	int height = ui->list.height < 256 ? ui->list.height : 256;
	list_rows(&ui->list, rows, height);
	for (int i = 0; i < height; i++) {
		int source = rows[i].item ? text_columns(words_source(&rows[i].item->row), TEXT_LINE) : 0;
		wish.source = source > wish.source ? source : wish.source;
	}
	return layout_columns(width, &wish);
}
