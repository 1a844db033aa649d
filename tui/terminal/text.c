#include "tui/terminal/text.h"

static struct cell plain(uint32_t code, enum role role)
{
	return (struct cell){ .base = code, .width = 1, .role = (uint8_t)role };
}

/* Columns the unit takes when it begins in this one. */
static size_t unit_columns(const struct text_unit *u, int column)
{
	if (u->kind == TEXT_TAB)
		return (size_t)(8 - column % 8);
	return u->kind == TEXT_DROPPED || u->kind == TEXT_MARK ? 0 : (size_t)u->width;
}

static void put_unit(const struct text_unit *u, enum role role, size_t columns, struct cell *out)
{
	if (u->kind == TEXT_PLAIN) {
		out[0] = (struct cell){ .base = u->code, .width = (uint8_t)u->width, .role = (uint8_t)role };
		if (u->width == 2)
			out[1] = (struct cell){ .role = (uint8_t)role };
		return;
	}
	for (size_t i = 0; i < columns; i++)
		out[i] = u->kind == TEXT_TAB ? plain(' ', role) : plain((uint8_t)u->name[i], ROLE_ESCAPE);
}

/* The mark goes onto the character before, which is the last cell, or the one before a wide one's right half. */
static void put_mark(struct cell *out, size_t count, uint32_t mark)
{
	struct cell *base = &out[count - 1];
	if (!base->base && count > 1)
		base--;
	base->mark[base->mark[0] != 0] = mark;
}

size_t text_cells(struct bytes in, enum text_mode mode, enum role role, int column, struct cell *out, size_t most,
		  size_t *used)
{
	int marks = TEXT_NO_BASE;
	size_t count = 0, i = 0;
	while (i < in.len) {
		struct text_unit u = text_next(bytes_make(in.at + i, in.len - i), mode, &marks);
		size_t columns = unit_columns(&u, column + (int)count);
		if (u.kind == TEXT_NEWLINE || columns > most - count)
			break;
		if (u.kind == TEXT_MARK)
			put_mark(out, count, u.code);
		else
			put_unit(&u, role, columns, out + count);
		count += columns;
		i += u.len;
	}
	*used = i;
	return count;
}

int text_columns(struct bytes in, enum text_mode mode)
{
	int marks = TEXT_NO_BASE, columns = 0;
	for (size_t i = 0; i < in.len;) {
		struct text_unit u = text_next(bytes_make(in.at + i, in.len - i), mode, &marks);
		if (u.kind == TEXT_NEWLINE)
			break;
		columns += (int)unit_columns(&u, columns);
		i += u.len;
	}
	return columns;
}
