#include "tui/detail/doc_message.h"
#include "tui/bodies/doc_body.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/http/headers.h"
#include "tui/detail/doc_attempts.h"
#include "tui/detail/doc_decoded.h"
#include "tui/documents/doc_make.h"
#include "tui/documents/styled.h"
#include "tui/terminal/text.h"
#include "tui/state/words.h"
#include "shared/providers/signature_sender.h"

/* ---- the signature's verdict, beside its field ---- */

/* ", 1.2s old"; a sender whose clock is ahead of this one's signs in the future. */
static void put_age(const struct document *d, char *out, size_t room)
{
	const struct delivery_row *row = &d->item.row;
	int64_t at;
	char took[8];
	out[0] = '\0';
	if (!signature_signed_at(row->provider, buffer_view(&d->headers), buffer_view(&d->body), &at) || at <= 0 ||
	    at > INT64_MAX / 1000000)
		return;
	int64_t age_us = (int64_t)row->received_at_us - at * 1000000, days = age_us / INT64_C(86400000000);
	text_took(took, age_us < 0 ? -age_us : age_us);
	if (days > 3 || days < -3)
		snprintf(out, room, ", %lld days %s", (long long)(days < 0 ? -days : days), days < 0 ? "ahead" : "old");
	else
		snprintf(out, room, ", %s %s", took, age_us < 0 ? "ahead" : "old");
}

static enum role verdict(const struct document *d, char *out, size_t room)
{
	enum role role;
	char age[48];
	char sign = words_signature(&d->item.row, &role);
	put_age(d, age, sizeof age);
	if (sign == '+')
		snprintf(out, room, "[valid%s]", age);
	else if (d->item.row.redacted)
		snprintf(out, room, "[redacted: it cannot be checked]");
	else
		snprintf(out, room, "[%s]",
			 sign == '!' && *d->why ? "invalid"
			 : sign == '!'          ? "invalid: it is not of this body and the secret"
						: "not verified");
	return role;
}

/* The last field that looks like one: GitHub sends the better after the older. */
static size_t signature_field(struct bytes headers)
{
	struct bytes name, value;
	size_t found = SIZE_MAX, from = 0;
	for (size_t pos = 0, i = 0; headers_next(headers, &pos, &name, &value); from = pos, i++)
		if (headers_has_signature(bytes_make(headers.at + from, pos - from)))
			found = i;
	return found;
}

/* What `creel verify` says of it, cut into lines between words. */
static void put_why(struct styled *s, const struct document *d, int columns)
{
	size_t room = columns > 20 ? (size_t)columns - 6 : 14;
	for (struct bytes rest = bytes_of(d->why); rest.len;) {
		size_t len = rest.len;
		if (len > room)
			for (len = room; len > 0 && rest.at[len] != ' ';)
				len--;
		if (len == 0) /* a word longer than a line: the pager cuts or wraps it */
			len = rest.len;
		styled_to(s, 4);
		styled_put(s, ROLE_BAD_SIGNATURE, bytes_make(rest.at, len));
		styled_end(s, 0);
		rest = bytes_make(rest.at + len + (len < rest.len), rest.len - len - (len < rest.len));
	}
}

static void put_field(struct styled *s, const struct document *d, struct bytes name, struct bytes value, bool signature,
		      int columns)
{
	char words[80];
	enum role role = signature ? verdict(d, words, sizeof words) : ROLE_NORMAL;
	int taken = text_columns(name, TEXT_LINE) + text_columns(value, TEXT_LINE) + 4;
	if (signature && taken + (int)strlen(words) <= columns) {
		styled_put(s, ROLE_NAME, name);
		styled_put(s, ROLE_NORMAL, bytes_of(": "));
		styled_put(s, ROLE_NORMAL, value);
		styled_to(s, columns - (int)strlen(words));
		styled_print(s, role, "%s", words);
		styled_value(s, 2);
		styled_end(s, 0);
		return;
	}
	styled_field(s, name, ": ", value);
	if (signature) { /* under it, where it is seen without scrolling */
		styled_to(s, columns > (int)strlen(words) ? columns - (int)strlen(words) : 2);
		styled_print(s, role, "%s", words);
		styled_end(s, 0);
	}
}

static void put_fields(struct styled *s, const struct document *d, const struct buffer *block, bool request,
		       int columns)
{
	struct bytes headers = buffer_view(block), name, value;
	size_t signature = request ? signature_field(headers) : SIZE_MAX, pos = 0, i = 0;
	for (; headers_next(headers, &pos, &name, &value); i++) {
		put_field(s, d, name, value, i == signature, columns);
		if (i == signature)
			put_why(s, d, columns);
	}
	if (pos < headers.len) { /* malformed: as it is */
		styled_put(s, ROLE_NORMAL, bytes_make(headers.at + pos, headers.len - pos));
		styled_end(s, 0);
	}
}

/* ---- first lines ---- */

/* What the user said of it. */
static void put_labels(struct styled *s, const struct delivery_row *row)
{
	if (!row->note.len && !row->tags.len)
		return;
	if (row->note.len) {
		styled_print(s, ROLE_OURS, "Note  ");
		styled_put(s, ROLE_NORMAL, row->note);
	}
	if (row->tags.len) {
		styled_print(s, ROLE_OURS, row->note.len ? "  Tags  " : "Tags  ");
		styled_put(s, ROLE_NORMAL, row->tags);
	}
	styled_end(s, 0);
}

static void put_request_line(struct styled *s, const struct document *d)
{
	put_labels(s, &d->item.row);
	styled_put(s, ROLE_TITLE, d->item.row.method);
	styled_put(s, ROLE_NORMAL, bytes_of(" "));
	styled_put(s, ROLE_TITLE, d->item.row.target);
	styled_put(s, ROLE_DIM, bytes_of(" HTTP/1.1"));
	styled_end(s, 0);
}

static void put_answer_line(struct styled *s, const struct document *d, const struct ui *ui)
{
	const struct attempt_row *a = doc_attempts_find(d, d->attempt);
	char clock[WORDS_LEN], took[16];
	if (!a) {
		styled_print(s, ROLE_OURS, "The app was not called yet: there is no answer.");
		styled_end(s, 0);
		return;
	}
	words_clock(clock, ui, a->started_at_us);
	doc_attempts_took(took, a->total_us);
	styled_print(s, ROLE_OURS, "Attempt %d of %zu  %s  %s%s", a->number, d->attempt_count, clock, took,
		     d->attempt_count > 1 ? "  ({ } others)" : "");
	styled_end(s, 0);
	if (a->status > 0) {
		styled_print(s, ROLE_DIM, "HTTP/1.1 ");
		styled_print(s, words_status_role(a->status), "%d ", a->status);
		styled_put(s, ROLE_TITLE, a->reason);
	} else {
		styled_print(s, ROLE_NO_ANSWER, "%s", a->result == ATTEMPT_TIMEOUT ? "TIME" : "ERR");
		styled_print(s, ROLE_NORMAL, " %s", store_result_name(a->result));
	}
	styled_end(s, 0);
	if (a->error.len) {
		styled_put(s, ROLE_4XX, a->error);
		styled_end(s, 0);
	}
	if (a->cut) {
		styled_print(s, ROLE_4XX, "not all of it is on record: %s", store_cut_words(a->cut));
		styled_end(s, 0);
	}
	if (a->url.len) {
		styled_print(s, ROLE_OURS, "from ");
		styled_put(s, ROLE_DIM, a->url);
		styled_end(s, 0);
	}
}

/* ---- bodies ---- */

/* An answer that could not be used: what came in its place. */
static bool is_unusable(const struct document *d)
{
	const struct attempt_row *a = doc_attempts_find(d, d->attempt);
	return d->raw.len > 0 && a && a->status == 0;
}

static bool put_cut(struct styled *s, const struct document *d, const char *rest)
{
	char cut[80];
	if (!doc_cut_note(cut, d->body.len, d->body_size))
		return false;
	styled_print(s, ROLE_4XX, "  %s, %s", cut, rest);
	return true;
}

static void put_body_line(struct styled *s, const struct document *d, const char *rest, const char *what,
			  const char *about, const char *how)
{
	char count[WORDS_LEN];
	words_count(count, d->body_size);
	styled_print(s, ROLE_OURS, "-- %s  %s byte%s", what, count, d->body_size == 1 ? "" : "s");
	if (!put_cut(s, d, rest) && d->body.len)
		styled_print(s, ROLE_OURS, "  %s", how);
	if (*about && strncmp(about, "hex", 3) != 0) /* that is seen */
		styled_print(s, ROLE_OURS, "  %s", about);
	styled_print(s, ROLE_OURS, " --");
	styled_end(s, 0);
}

static struct doc *make_body(const struct document *d, enum body_look look, int columns)
{
	struct bytes body = buffer_view(&d->body);
	if (is_unusable(d))
		return look == LOOK_HEX ? doc_hex(buffer_view(&d->raw), d->raw.len, columns)
					: doc_text(buffer_view(&d->raw), d->raw.len);
	if (body.len == 0)
		return d->body_size ? doc_note("(none of it is here)") : doc_note("(no body)");
	if (look == LOOK_HEX)
		return doc_hex(body, d->body_size, columns);
	if (look == LOOK_RAW)
		return doc_text(body, d->body_size);
	struct doc *forced = look == LOOK_FORCED ? doc_json_or(body, d->body_size, NULL) : NULL;
	if (look == LOOK_FORCED && !forced)
		forced = doc_markup(buffer_view(&d->headers), body, d->body_size, true);
	return forced ? forced : doc_body(buffer_view(&d->headers), body, d->body_size, columns);
}

static bool join(const struct document *d, struct doc *head, struct doc *body, struct doc *tail, struct doc_made *out)
{
	struct doc *parts[3] = { head, body, tail };
	*out = (struct doc_made){ .shown = d->body.len };
	if (head)
		out->body_line = head->ops->count(head);
	if (body) {
		memcpy(out->about, body->about, sizeof out->about);
		out->bytes = strncmp(body->about, "hex", 3) == 0;
		out->folds = body->folds;
	}
	out->doc = doc_join(parts, tail ? 3 : 2);
	return out->doc != NULL;
}

/* What stands above the body. */
static struct doc *make_head(const struct message_look *l, const char *about)
{
	static const char *const how[] = { "pretty (p: raw)", "pretty (p: raw)", "raw (p: pretty)", "hex (p: pretty)" };
	const struct document *d = l->document;
	struct styled *s = styled_new();
	bool bytes = l->look == LOOK_PRETTY && strncmp(about, "hex", 3) == 0;
	if (l->answer)
		put_answer_line(s, d, l->ui);
	else
		put_request_line(s, d);
	put_fields(s, d, &d->headers, !l->answer, l->columns);
	if (!l->answer)
		doc_decoded_put(s, d->item.row.target, buffer_view(&d->headers));
	if (is_unusable(d)) {
		styled_print(s, ROLE_OURS, "-- What came, and is not an answer  %zu byte%s  %s --", d->raw.len,
			     d->raw.len == 1 ? "" : "s", how[l->look]);
		styled_end(s, 0);
	} else if (!l->answer || doc_attempts_find(d, d->attempt))
		put_body_line(s, d, l->rest, "Body", about, bytes ? "bytes (p: as text)" : how[l->look]);
	return styled_doc(s);
}

static struct doc *make_trailers(const struct document *d, int columns)
{
	struct styled *s = styled_new();
	styled_print(s, ROLE_OURS, "-- Trailers --");
	styled_end(s, 0);
	put_fields(s, d, &d->trailers, false, columns);
	return styled_doc(s);
}

bool doc_message(const struct message_look *l, struct doc_made *out)
{
	const struct document *d = l->document;
	*out = (struct doc_made){ 0 };
	if (l->answer && !doc_attempts_find(d, d->attempt)) {
		out->doc = make_head(l, "");
		return out->doc != NULL;
	}
	struct doc *tail = d->trailers.len ? make_trailers(d, l->columns) : NULL;
	struct doc *body = make_body(d, l->look, l->columns);
	if (!body || (d->trailers.len && !tail)) {
		doc_free(body);
		doc_free(tail);
		return false;
	}
	return join(d, make_head(l, body->about), body, tail, out);
}

/* The body keeps its folds. */
bool doc_message_widen(const struct message_look *l, struct doc_made *made)
{
	struct doc *head = make_head(l, made->about);
	if (!head)
		return false;
	doc_join_replace_first(made->doc, head);
	made->body_line = head->ops->count(head);
	return true;
}

/* Shown as the record has them: lines that end in CR LF, or the whole head where creel put fields right. */
static struct doc *recorded_headers(const struct document *d, int columns)
{
	struct styled *s = styled_new();
	bool mended = d->raw.len > 0 && !is_unusable(d);
	struct bytes bytes = buffer_view(mended ? &d->raw : &d->headers);
	styled_print(s, ROLE_OURS, "-- %s  %zu bytes --", mended ? "The head as it came" : "Header fields", bytes.len);
	styled_end(s, 0);
	struct doc *parts[] = { styled_doc(s), doc_hex(bytes, bytes.len, columns) };
	return doc_join(parts, 2);
}

bool doc_recorded(const struct message_look *l, struct doc_made *out)
{
	const struct document *d = l->document;
	struct styled *s = styled_new();
	put_body_line(s, d, l->rest, l->answer ? "Response body" : "Request body", "",
		      l->look == LOOK_HEX ? "p: as text" : "p: hex");
	struct doc *tail = recorded_headers(d, l->columns);
	if (!tail) {
		doc_free(styled_doc(s));
		return false;
	}
	return join(d, styled_doc(s), make_body(d, l->look, l->columns), tail, out);
}
