/* The providers: all that is known of each stands in its row of signature_table.def. */
#include "shared/signature/signature_private.h"

#include <pthread.h>
#include <string.h>
#include <strings.h>

#define HEX256 .algorithm = SIGN_SHA256, .form = FORM_HEX
#define BASE256 .algorithm = SIGN_SHA256, .form = FORM_BASE64
#define HEX1 .algorithm = SIGN_SHA1, .form = FORM_HEX
#define BASE1 .algorithm = SIGN_SHA1, .form = FORM_BASE64
#define TOKEN .content = "", .algorithm = SIGN_TOKEN
#define STANDARD                                                                                                       \
	.layout = LAYOUT_WORDS, .prefix = "v1,", .content = "%I.%T.%B", BASE256, .secret = SECRET_STANDARD,            \
	.unit = TIME_SECONDS, .age = FIVE_MINUTES, .future = true
#define PAIRS(key, time) .layout = LAYOUT_PAIRS, .prefix = (key), .time_key = (time)
#define FIVE_MINUTES 300
#define SECONDS *1000

const struct signature_provider signature_table[] = {
#include "shared/signature/signature_table.def"
};
const size_t signature_table_len = sizeof signature_table / sizeof *signature_table;

static const char *const other_names[][2] = {
	{ "clerk", "svix" },
	{ "resend", "svix" },
	{ "standardwebhooks", "standard" },
	{ "standard-webhooks", "standard" },
	{ "facebook", "meta" },
	{ "instagram", "meta" },
	{ "whatsapp", "meta" },
	{ "messenger", "meta" },
	{ "woo", "woocommerce" },
};

/* Rows name their other forms, and every delivery is asked for all of them: the first row of each name, by a hash. */
#define SLOTS 1024
_Static_assert(sizeof signature_table / sizeof *signature_table < SLOTS / 2, "most slots must be free");
_Static_assert(sizeof signature_table / sizeof *signature_table <= SIGNATURE_ROWS_MOST, "sets of rows have no more");

static const struct signature_provider *slots[SLOTS];
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Where a name is, or the free slot where it would be. FNV-1a, ASCII case folded. */
static const struct signature_provider **find_slot(const char *name)
{
	uint32_t hash = 2166136261u;
	for (const char *c = name; *c; c++)
		hash = (hash ^ ((uint8_t)*c | 0x20)) * 16777619u;
	size_t i = hash % SLOTS;
	while (slots[i] && strcasecmp(slots[i]->name, name) != 0)
		i = (i + 1) % SLOTS;
	return &slots[i];
}

static void fill_slots(void)
{
	for (size_t i = 0; i < signature_table_len; i++) {
		const struct signature_provider **slot = find_slot(signature_table[i].name);
		if (!*slot)
			*slot = &signature_table[i];
	}
}

const struct signature_provider *signature_find_row(const char *name)
{
	pthread_once(&once, fill_slots);
	return *find_slot(name);
}

const struct signature_provider *signature_next_form(const struct signature_provider *p,
						     const struct signature_provider *row)
{
	const char *name = row->also ? row->also : row == p ? p->keyed : NULL;
	return name ? signature_find_row(name) : NULL;
}

const struct signature_provider *signature_find(const char *name)
{
	for (size_t i = 0; i < sizeof other_names / sizeof *other_names; i++)
		if (strcasecmp(other_names[i][0], name) == 0)
			name = other_names[i][1];
	const struct signature_provider *p = signature_find_row(name);
	return p && !p->hidden && !p->unchecked ? p : NULL;
}

const struct signature_provider *signature_at(size_t i)
{
	for (size_t k = 0; k < signature_table_len; k++)
		if (!signature_table[k].hidden && !signature_table[k].unchecked && i-- == 0)
			return &signature_table[k];
	return NULL;
}

/* "X-…-1" is the row's field: also …-2 and so on. */
bool signature_is_numbered(const struct signature_provider *row, struct bytes name)
{
	size_t len = strlen(row->field) - 1;
	if (name.len <= len || name.len > len + 3 || strncasecmp((const char *)name.at, row->field, len) != 0)
		return false;
	for (size_t i = len; i < name.len; i++)
		if (name.at[i] < '0' || name.at[i] > '9')
			return false;
	return true;
}

static bool row_has_field(const struct signature_provider *row, struct bytes name)
{
	return (row->field &&
		(bytes_equal_nocase(name, row->field) || (row->numbered && signature_is_numbered(row, name)))) ||
	       (row->second && bytes_equal_nocase(name, row->second));
}

bool signature_find_field(const struct signature_provider *row, struct bytes headers, struct bytes *value)
{
	struct bytes name;
	if (row->field && headers_find(headers, row->field, value))
		return true;
	for (size_t pos = 0; (row->second || row->numbered) && headers_next(headers, &pos, &name, value);)
		if (row_has_field(row, name))
			return true;
	return false;
}

bool signature_is_field(struct bytes name)
{
	for (size_t i = 0; i < signature_table_len; i++)
		if (row_has_field(&signature_table[i], name))
			return true;
	return false;
}

const struct signature_provider *signature_owner(const struct signature_provider *row)
{
	size_t len = strcspn(row->name, " ");
	for (size_t i = 0; row->hidden && i < signature_table_len; i++)
		if (strncmp(signature_table[i].name, row->name, len) == 0 && !signature_table[i].name[len])
			return &signature_table[i];
	return row;
}

const char *signature_name(const struct signature_provider *p)
{
	return p->name;
}
