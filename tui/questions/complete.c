#include "tui/questions/complete.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "shared/filter/filter.h"

static void add(struct completion *c, const char *typed, size_t len, struct bytes word, const char *end,
		const char *help)
{
	char *out = c->words[c->count < COMPLETE_MOST ? c->count : 0];
	if (c->count == COMPLETE_MOST || word.len < len || word.len == 0 || word.len + strlen(end) >= COMPLETE_LEN ||
	    strncasecmp((const char *)word.at, typed, len) != 0)
		return;
	snprintf(out, COMPLETE_LEN, "%.*s%s", (int)word.len, (const char *)word.at, end);
	for (size_t i = 0; i < c->count; i++)
		if (strcasecmp(c->words[i], out) == 0)
			return;
	c->help[c->count++] = help;
}

/* Letters that mean nothing to the filter: what has others would have to be quoted, and may be anything. */
static bool plain(struct bytes b)
{
	for (size_t i = 0; i < b.len; i++) {
		char c = (char)b.at[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		if (!letter && (!c || !strchr("._-/:", c) || (i == 0 && c == '/' && b.at[b.len - 1] == '/')))
			return false;
	}
	return b.len > 0;
}

static struct bytes value_of(const struct delivery_row *row, const char *field, size_t len)
{
	static const struct {
		const char *name;
		size_t at;
	} fields[] = {
#define NOTHING SIZE_MAX
#define FROM_ROW(member) offsetof(struct delivery_row, member)
#define FIELD(name, offered, ...) { name, offered },
#include "shared/filter/filter_fields.def"
#undef FIELD
	};
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		if (fields[i].at != NOTHING && strlen(fields[i].name) == len &&
		    strncasecmp(fields[i].name, field, len) == 0)
			return *(const struct bytes *)(const void *)((const char *)row + fields[i].at);
	return (struct bytes){ 0 };
}

static void add_values(const struct ui *ui, const char *field, size_t len, const char *typed, size_t typed_len,
		       struct completion *c)
{
	const struct list_model *m = &ui->list;
	const char *word;
	for (size_t i = 0; (word = filter_field_word(field, len, i)); i++)
		add(c, typed, typed_len, bytes_of(word), "", "");
	for (size_t i = m->count; i-- > 0;) { /* the newest first */
		struct bytes value = value_of(&m->items[i].row, field, len);
		if (plain(value))
			add(c, typed, typed_len, value, "", "");
	}
}

static void find_common(struct completion *c)
{
	c->common = c->count ? strlen(c->words[0]) : 0;
	for (size_t i = 1; i < c->count; i++)
		for (size_t n = 0; n < c->common; n++)
			if ((c->words[i][n] | 0x20) != (c->words[0][n] | 0x20))
				c->common = n;
}

void complete_filter(const struct ui *ui, const char *text, size_t cursor, struct completion *out)
{
	size_t from = cursor;
	const char *name, *example;
	while (from > 0 && !strchr(" (", text[from - 1]))
		from--;
	while (from < cursor && text[from] == '-')
		from++;
	const char *colon = memchr(text + from, ':', cursor - from);
	out->count = 0;
	out->from = from;
	if (colon) {
		out->from = (size_t)(colon - text) + 1;
		for (size_t i = out->from; i < cursor; i++)
			if (text[i] == ',')
				out->from = i + 1;
		add_values(ui, text + from, (size_t)(colon - text) - from, text + out->from, cursor - out->from, out);
	} else {
		for (size_t i = 0; (name = filter_field_name(i, &example)); i++)
			add(out, text + from, cursor - from, bytes_of(name), ":", example);
	}
	find_common(out);
}
