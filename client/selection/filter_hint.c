#include "client/selection/filter_hint.h"

#include "shared/filter/filter_fields.h"

#include <stdio.h>
#include <string.h>

/* Names of other tools for what fields say. */
static const struct {
	const char *name, *field;
} others[] = {
	{ "until", "before" }, { "after", "since" },   { "from", "since" },  { "type", "event" },
	{ "date", "on" },      { "code", "status" },   { "url", "path" },    { "ip", "peer" },
	{ "query", "target" }, { "duration", "took" }, { "larger", "size" }, { "header-contains", "header" },
};

/* A value that can stand in a term as it is, and that is no other option. */
static bool is_plain(const char *value)
{
	size_t len = value ? strlen(value) : 0;
	return len > 0 && len <= 40 && *value != '-' &&
	       strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:*/_-<>=,+") == len;
}

static bool put(const char *before, const char *name, const char *value, char out[OPTIONS_INSTEAD_LEN])
{
	const struct filter_field *f = filter_field_find(name, strlen(name), &name);
	for (size_t i = 0; !f && i < sizeof others / sizeof *others; i++)
		if (strcmp(others[i].name, name) == 0)
			f = filter_field_find(others[i].field, strlen(others[i].field), &name);
	if (!f)
		return false;
	if (is_plain(value))
		snprintf(out, OPTIONS_INSTEAD_LEN, "write %s%s:%s", before, f->name, value);
	else
		snprintf(out, OPTIONS_INSTEAD_LEN, "write %ssuch as %s", before, f->example);
	return true;
}

bool filter_hint(const char *name, const char *value, char out[OPTIONS_INSTEAD_LEN])
{
	return put("it as a filter, ", name, value, out);
}

bool filter_hint_where(const char *name, const char *value, char out[OPTIONS_INSTEAD_LEN])
{
	return put("it as a filter after --where, ", name, value, out);
}
