#include "shared/options/option_table.h"

#include <string.h>

const struct option_row *option_table_row(const struct option_table *t, size_t i)
{
	for (size_t g = 0; g < t->count; i -= t->groups[g++].count)
		if (i < t->groups[g].count)
			return &t->groups[g].rows[i];
	return NULL;
}

const struct option_row *option_table_find(const struct option_table *t, const char *name)
{
	const struct option_row *row;
	for (size_t i = 0; (row = option_table_row(t, i)); i++)
		if (strcmp(row->name, name) == 0)
			return row;
	return NULL;
}
