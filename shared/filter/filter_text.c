#include "shared/filter/filter_text.h"

#include <string.h>

#include "shared/filter/filter_private.h"

/* Terms side by side were read as one term or group each; an OR of them at the top was not. */
static bool is_factor(const struct filter_node *n)
{
	return n->to > 0;
}

static bool is_blank_text(const char *text)
{
	return text[strspn(text, " \t\r\n")] == '\0';
}

bool filter_text_narrow(struct buffer *out, const char *text, const char *term, uint64_t now_us)
{
	struct filter_error e;
	if (is_blank_text(text))
		return buffer_append_text(out, term);
	struct filter *f = filter_parse(text, now_us, &e);
	/* What cannot be parsed is wrong with or without parentheses. */
	bool wrap = !f || (f->root && f->root->kind == FILTER_OR && !is_factor(f->root));
	filter_free(f);
	return buffer_printf(out, wrap ? "(%s) %s" : "%s %s", text, term);
}

/* Letters that mean nothing to a filter, and no word that does. */
static bool is_plain(struct bytes value)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/";
	for (size_t i = 0; i < value.len; i++)
		if (!value.at[i] || !strchr(letters, value.at[i]))
			return false;
	return value.len && value.at[value.len - 1] != '/' && !bytes_equal_nocase(value, "none") &&
	       !bytes_equal_nocase(value, "other");
}

bool filter_text_put(struct buffer *out, const char *field, struct bytes value)
{
	bool plain = is_plain(value);
	bool fine = buffer_printf(out, plain ? "%s:" : "%s:\"", field);
	for (size_t i = 0; fine && i < value.len; i++) {
		bool escape = value.at[i] == '"' || value.at[i] == '\\';
		fine = (!escape || buffer_put_u8(out, '\\')) && buffer_put_u8(out, value.at[i]);
	}
	return fine && (plain || buffer_put_u8(out, '"'));
}

static const struct filter_node *last_factor(const struct filter_node *root, const struct filter_node **before)
{
	const struct filter_node *last = root;
	*before = NULL;
	if (is_factor(root))
		return root;
	if (root->kind != FILTER_AND)
		return NULL;
	for (last = root->first; last->next; last = last->next)
		*before = last;
	return last;
}

/* From the first factor to the end of `last`; a group that stands alone goes without its parentheses. */
static struct bytes others(const char *text, const struct filter_node *first, const struct filter_node *last)
{
	size_t from = first->from, to = last->to;
	if (first == last && text[from] == '(') {
		from++;
		to--;
	}
	return bytes_make(text + from, to - from);
}

bool filter_text_widen(struct buffer *out, const char *text, const char *term, uint64_t now_us)
{
	struct filter_error e;
	struct filter *f = filter_parse(text, now_us, &e);
	const struct filter_node *before = NULL, *last = f && f->root ? last_factor(f->root, &before) : NULL;
	bool found = last && bytes_equal(bytes_make(text + last->from, last->to - last->from), bytes_of(term));
	bool fine = found && (!before || buffer_append_bytes(out, others(text, f->root->first, before)));
	filter_free(f);
	return fine;
}
