/* Filters that ask for nothing but who sent a delivery, which event it is and its path. */
#include "shared/filter/filter_private.h"

#include <string.h>

/* FILTER_NAMES: another field. */
static enum filter_name name_of(const struct filter_field *f)
{
	static const char *const fields[FILTER_NAMES] = { "source", "event", "path" };
	size_t i = 0;
	while (i < FILTER_NAMES && strcmp(f->name ? f->name : "", fields[i]) != 0)
		i++;
	return (enum filter_name)i;
}

static bool collect(const struct filter_node *n, unsigned *used)
{
	if (n->kind == FILTER_TERM) {
		enum filter_name name = name_of(n->term.field);
		*used |= 1u << name;
		return name != FILTER_NAMES;
	}
	for (const struct filter_node *c = n->first; c; c = c->next)
		if (!collect(c, used))
			return false;
	return true;
}

bool filter_names_used(const struct filter *f, unsigned *used)
{
	*used = 0;
	return f->root && collect(f->root, used);
}

static bool fits(const struct filter_node *n, const struct bytes names[FILTER_NAMES], struct filter_stop *stop)
{
	if (n->kind == FILTER_NOT)
		return !fits(n->first, names, stop);
	bool all = n->kind == FILTER_AND;
	for (const struct filter_node *c = n->first; c; c = c->next)
		if (fits(c, names, stop) != all)
			return !all;
	if (n->kind == FILTER_TERM)
		for (size_t i = 0; i < n->term.count; i++)
			if (filter_test_text(&n->term.atoms[i], names[name_of(n->term.field)], stop))
				return true;
	return all;
}

bool filter_fits_names(const struct filter *f, const struct bytes names[FILTER_NAMES], struct filter_stop *stop)
{
	return fits(f->root, names, stop);
}
