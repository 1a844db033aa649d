#include "shared/providers/signature_marks.h"

#include <pthread.h>
#include <string.h>

#include "shared/json/json_body.h"
#include "shared/signature/place.h"
#include "shared/signature/signature_tools.h"

#define BODY_LEAST 20

/* Where the first mark of a row would be found. */
enum where { ANYWHERE, IN_FORM, IN_JSON };

struct marked {
	const struct signature_provider *row;
	enum where where;
	uint8_t name; /* of the JSON member, as name_number has it */
};

static struct marked marked[SIGNATURE_ROWS_MOST];
static size_t marked_count;
static pthread_once_t once = PTHREAD_ONCE_INIT;

bool signature_marks_hold(const struct signature_provider *row, const struct signature_input *in)
{
	for (size_t i = 0; i < sizeof row->marks / sizeof *row->marks && row->marks[i]; i++)
		if (!place_holds(row->marks[i], in))
			return false;
	return row->marks[0] != NULL;
}

/* Different for most names. */
static uint8_t name_number(struct bytes name)
{
	return (uint8_t)(name.at[0] * 31u + name.at[name.len - 1] * 7u + name.len);
}

static void mark_row(const struct signature_provider *row, struct marked *out)
{
	const char *mark = row->marks[0];
	size_t end = strcspn(mark, "=~"), start = end;
	*out = (struct marked){ .row = row };
	while (start && mark[start - 1] != '.' && mark[start - 1] != ']')
		start--;
	if (strncmp(mark, "form:", 5) == 0)
		out->where = IN_FORM;
	if (*mark == '!' || memchr(mark, ':', end) || start == end)
		return;
	out->where = IN_JSON;
	out->name = name_number(bytes_make(mark + start, end - start));
}

static void fill_marked(void)
{
	for (size_t i = 0; i < signature_table_len; i++)
		if (!signature_table[i].field && signature_table[i].marks[0])
			mark_row(&signature_table[i], &marked[marked_count++]);
}

/* ---- what a body has ---- */

struct names {
	uint64_t bits[4]; /* by name_number: of all that stands between two quotes */
};

static void find_names(struct bytes body, struct names *out)
{
	const uint8_t *end = body.at + body.len, *quote = memchr(body.at, '"', body.len);
	*out = (struct names){ { 0 } };
	while (quote) {
		const uint8_t *name = quote + 1;
		quote = memchr(name, '"', (size_t)(end - name));
		if (!quote || quote == name)
			continue;
		uint8_t number = name_number(bytes_make(name, (size_t)(quote - name)));
		out->bits[number / 64] |= UINT64_C(1) << number % 64;
	}
}

static bool has_fields(struct body *body)
{
	enum body_kind kind = body_kind(body);
	return kind == BODY_FORM || kind == BODY_MULTIPART;
}

const struct signature_provider *signature_marks_find(const struct signature_input *in, struct body *body)
{
	struct names names;
	if (in->body.len < BODY_LEAST)
		return NULL;
	pthread_once(&once, fill_marked);
	bool json = json_body_begins(in->body), fields = !json && has_fields(body);
	if (json)
		find_names(in->body, &names);
	for (const struct marked *m = marked; m < marked + marked_count; m++) {
		bool may_be = m->where == IN_FORM   ? fields
			      : m->where == IN_JSON ? json && (names.bits[m->name / 64] >> m->name % 64 & 1)
						    : true;
		if (may_be && signature_marks_hold(m->row, in))
			return m->row;
	}
	return NULL;
}
