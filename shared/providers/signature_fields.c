#include "shared/providers/signature_fields.h"

#include <pthread.h>
#include <string.h>

#define OWN_FIELDS (sizeof((struct signature_provider *)0)->own_fields / sizeof(char *))
#define NAME_MOST 64
#define SLOTS 1024 /* for some 200 names */

/* A name that a row of the table has for a field. */
struct known {
	const char *name;
	struct signature_rows own, forms;
};

static struct known slots[SLOTS];
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Where a name is, or the free slot where it would be. FNV-1a, ASCII case folded. */
static struct known *find_slot(struct bytes name)
{
	uint32_t hash = 2166136261u;
	for (size_t i = 0; i < name.len; i++)
		hash = (hash ^ (name.at[i] | 0x20u)) * 16777619u;
	size_t i = hash % SLOTS;
	while (slots[i].name && !bytes_equal_nocase(name, slots[i].name))
		i = (i + 1) % SLOTS;
	return &slots[i];
}

static struct known *know(const char *name)
{
	struct known *k = find_slot(bytes_of(name));
	k->name = name;
	return k;
}

static void rows_add(struct signature_rows *rows, const struct signature_provider *row)
{
	size_t i = (size_t)(row - signature_table);
	rows->bits[i / 64] |= UINT64_C(1) << i % 64;
}

static void know_forms(const struct signature_provider *p)
{
	for (const struct signature_provider *row = p; row && (row == p || row->hidden);
	     row = signature_next_form(p, row)) {
		if (row->field)
			rows_add(&know(row->field)->forms, p);
		if (row->second)
			rows_add(&know(row->second)->forms, p);
	}
}

static void fill_slots(void)
{
	know("User-Agent");
	for (size_t i = 0; i < signature_table_len; i++) {
		const struct signature_provider *p = &signature_table[i];
		for (size_t k = 0; k < OWN_FIELDS && p->own_fields[k]; k++)
			rows_add(&know(p->own_fields[k])->own, p);
		if (!p->hidden)
			know_forms(p);
	}
}

/* Fields that are numbered stand in the table with a 1. */
static const struct known *find_numbered(struct bytes name)
{
	char first[NAME_MOST];
	size_t len = name.len;
	while (len && name.at[len - 1] >= '0' && name.at[len - 1] <= '9')
		len--;
	if (len == name.len || len + 1 > sizeof first)
		return NULL;
	memcpy(first, name.at, len);
	first[len] = '1';
	return find_slot(bytes_make(first, len + 1));
}

static const struct known *find_known(struct bytes name)
{
	const struct known *k = find_slot(name);
	if (!k->name)
		k = find_numbered(name);
	return k && k->name ? k : NULL;
}

void signature_fields_find(struct bytes headers, struct signature_fields *out)
{
	struct bytes name, value;
	pthread_once(&once, fill_slots);
	out->count = 0;
	out->own = out->forms = (struct signature_rows){ { 0 } };
	for (size_t pos = 0; out->count < SIGNATURE_FIELDS_MOST && headers_next(headers, &pos, &name, &value);) {
		const struct known *k = find_known(name);
		if (!k)
			continue;
		out->names[out->count] = name;
		out->values[out->count++] = value;
		for (size_t i = 0; i < SIGNATURE_ROWS_MOST / 64; i++) {
			out->own.bits[i] |= k->own.bits[i];
			out->forms.bits[i] |= k->forms.bits[i];
		}
	}
}

bool signature_fields_value(const struct signature_fields *f, const char *name, struct bytes *value)
{
	for (size_t i = 0; i < f->count; i++)
		if (bytes_equal_nocase(f->names[i], name)) {
			*value = f->values[i];
			return true;
		}
	return false;
}

const struct signature_provider *signature_rows_next(const struct signature_rows *rows, size_t *next)
{
	for (; *next < SIGNATURE_ROWS_MOST; *next = (*next / 64 + 1) * 64) {
		uint64_t left = rows->bits[*next / 64] >> *next % 64;
		if (!left)
			continue;
		*next += (size_t)__builtin_ctzll(left) + 1;
		return &signature_table[*next - 1];
	}
	return NULL;
}
