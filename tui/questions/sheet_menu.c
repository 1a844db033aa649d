#include "tui/questions/sheet_menu.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "tui/views/columns.h"

void sheet_copy_menu(struct sheet *s, int64_t id, bool on_json)
{
	static const struct {
		key_code key;
		const char *label;
		enum copy_what what;
		bool json;
	} menu[] = {
		{ 'c', "curl, secret headers as $CREEL_... placeholders", COPY_CURL, false },
		{ 'C', "curl with its secrets", COPY_CURL_SECRETS, false },
		{ 'u', "URL", COPY_URL, false },
		{ 'b', "body", COPY_BODY, false },
		{ 'h', "header fields", COPY_HEADERS, false },
		{ 'r', "raw request", COPY_RAW, false },
		{ 'v', "value on this line", COPY_VALUE, true },
		{ 'p', "path to this line", COPY_PATH, true },
		{ 'i', "id", COPY_ID, false },
	};
	sheet_begin(s, "copy #%lld", (long long)id);
	for (size_t i = 0; i < sizeof menu / sizeof *menu; i++) {
		if (menu[i].json && !on_json)
			continue;
		struct effect *e = sheet_choice(s, menu[i].key, menu[i].label, EFFECT_COPY);
		e->copy = (struct effect_copy){ .id = id, .what = menu[i].what };
	}
}

void sheet_export_menu(struct sheet *s, const struct ui *ui, int64_t id)
{
	static const struct {
		key_code key;
		const char *label;
	} menu[EXPORT_COUNT] = { [EXPORT_CURL] = { 'c', "curl script" },
				 [EXPORT_HAR] = { 'h', "HAR, for browsers and other tools" },
				 [EXPORT_NDJSON] = { 'j', "JSON lines" },
				 [EXPORT_HTTP] = { 'r', "raw request (.http)" },
				 [EXPORT_POSTMAN] = { 'p', "Postman collection" },
				 [EXPORT_INSOMNIA] = { 'i', "Insomnia export" },
				 [EXPORT_BODY] = { 'b', "body only" } };
	bool one = !ui->list.mark_count;
	if (one)
		sheet_begin(s, "export #%lld to a file", (long long)id);
	else
		sheet_begin(s, "export %zu marked to a file", ui->list.mark_count);
	for (size_t i = 0; i < EXPORT_COUNT; i++) {
		if (i == EXPORT_BODY && !one)
			continue;
		struct effect *e = sheet_choice(s, menu[i].key, menu[i].label, EFFECT_ASK_PATH);
		e->export.format = (enum export_format)i;
		e->export.which = (struct which){ one ? WHICH_ONE : WHICH_MARKED, id };
	}
	for (size_t i = 0; one && ui->filter[0] && i < EXPORT_BODY; i++) {
		char label[100];
		snprintf(label, sizeof label, "%s, of all that match the filter", menu[i].label);
		struct effect *e = sheet_choice(s, menu[i].key - 'a' + 'A', label, EFFECT_ASK_PATH);
		e->export.format = (enum export_format)i;
		e->export.which.kind = WHICH_FILTERED;
	}
}

#define SAVED_SHOWN 9

void sheet_saved_menu(struct sheet *s, const struct ui *ui, const struct history *saved)
{
	bool is_saved = false;
	sheet_begin(s, "saved filters");
	if (!saved->count)
		sheet_sentence(s, ROLE_DIM,
			       ui->filter[0] ? "None yet."
					     : "None yet: filter the list (f), then come back here to save it.");
	for (size_t i = 0; i < saved->count; i++)
		is_saved = is_saved || strcmp(saved->at[i], ui->filter) == 0;
	for (size_t i = 0; i < saved->count && i < SAVED_SHOWN; i++) {
		const char *text = saved->at[saved->count - 1 - i];
		effect_filter(sheet_choice(s, (key_code)('1' + i), text, EFFECT_FILTER), text);
	}
	if (ui->filter[0]) {
		char label[100];
		snprintf(label, sizeof label, "%s  %.90s", is_saved ? "drop" : "save", ui->filter);
		struct effect *e = sheet_choice(s, is_saved ? 'd' : 's', label, EFFECT_SAVE_FILTER);
		snprintf(e->text, sizeof e->text, "%s", ui->filter);
	}
}

void sheet_columns_menu(struct sheet *s, const struct ui *ui)
{
	static const char keys[COLUMN_COUNT] = {
		[COLUMN_METHOD] = 'm', [COLUMN_SOURCE] = 's',    [COLUMN_PATH] = 'p', [COLUMN_ATTEMPTS] = 'a',
		[COLUMN_TOOK] = 't',   [COLUMN_SIZE] = 'z',      [COLUMN_ID] = 'i',   [COLUMN_TUNNEL] = 'u',
		[COLUMN_PEER] = 'f',   [COLUMN_REPLAY_OF] = 'r', [COLUMN_HOST] = 'h', [COLUMN_TAG] = 'g'
	};
	unsigned shown = ui->columns ? ui->columns : COLUMNS_USUAL;
	sheet_begin(s, "columns of the list, where there is room");
	for (int i = 0; i < COLUMN_COUNT; i++) {
		char label[60];
		const char *name = columns_name((enum column)i);
		if (!columns_chosen((enum column)i))
			continue;
		snprintf(label, sizeof label, "[%c] %s", shown & COLUMN_BIT(i) ? 'x' : ' ',
			 name ? name : "PATH beside EVENT");
		sheet_choice(s, (key_code)(unsigned char)keys[i], label, EFFECT_SET)->set =
		    (struct effect_set){ .setting = SETTING_COLUMN, .value = i };
	}
	sheet_choice(s, 'o', "sort by a column", EFFECT_SORT_MENU);
}

void sheet_sort_menu(struct sheet *s, const struct ui *ui)
{
	static const struct {
		key_code key;
		const char *first, *other;
	} menu[STORE_ORDER_COUNT] = {
		[STORE_ORDER_TIME] = { 'c', "newest last", "newest first" },
		[STORE_ORDER_STATUS] = { 's', "what failed first", "what failed last" },
		[STORE_ORDER_METHOD] = { 'm', "A to Z", "Z to A" },
		[STORE_ORDER_SOURCE] = { 'p', "A to Z", "Z to A" },
		[STORE_ORDER_EVENT] = { 'e', "A to Z", "Z to A" },
		[STORE_ORDER_PATH] = { 'a', "A to Z", "Z to A" },
		[STORE_ORDER_ATTEMPTS] = { 'n', "most first", "fewest first" },
		[STORE_ORDER_TOOK] = { 't', "slowest first", "quickest first" },
		[STORE_ORDER_SIZE] = { 'z', "largest first", "smallest first" },
		[STORE_ORDER_TUNNEL] = { 'u', "A to Z", "Z to A" },
		[STORE_ORDER_PEER] = { 'f', "A to Z", "Z to A" },
		[STORE_ORDER_REPLAY_OF] = { 'r', "replays of the newest first", "replays of the oldest first" },
		[STORE_ORDER_HOST] = { 'h', "A to Z; reads every header", "Z to A; reads every header" },
		[STORE_ORDER_TAG] = { 'g', "A to Z", "Z to A" },
	};
	const struct store_order *by = &ui->list.sorting.by;
	sheet_begin(s, "sort the list");
	for (int i = 0; i < STORE_ORDER_COUNT; i++) {
		enum store_order_key key = (enum store_order_key)i;
		bool is = by->key == key;
		bool other = is && (i ? by->descending == store_order_descends(key) : !ui->list.reversed);
		char label[80], name[16];
		snprintf(name, sizeof name, "%s", store_order_name(key));
		for (char *c = name; *c; c++)
			*c = *c == '-' ? ' ' : (char)toupper((unsigned char)*c);
		snprintf(label, sizeof label, "%c %-10s %s", is ? '*' : ' ', name,
			 other ? menu[i].other : menu[i].first);
		effect_sort(sheet_choice(s, menu[i].key, label, EFFECT_SORT), key, SORT_AS_USUAL);
	}
}
