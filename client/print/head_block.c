#include "client/print/head_block.h"

#include "client/print/output.h"
#include "client/print/row_line.h"
#include "shared/providers/signature_sender.h"
#include "shared/providers/signature_verify.h"
#include "shared/query/store_query.h"
#include "shared/text/text.h"
#include "shared/text/text_figures.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LABEL 10

/* A label, and the beginning of its text; more of it may follow on the line. */
static void begin(FILE *out, const char *label, struct bytes text)
{
	struct buffer safe = { 0 };
	fprintf(out, "  %-*s  ", LABEL, label);
	if (text_sanitize(&safe, text.len ? text : bytes_of("-"), TEXT_LINE) && safe.len > 0)
		fwrite(safe.at, 1, safe.len, out);
	buffer_free(&safe);
}

static void line(FILE *out, const char *label, struct bytes text)
{
	begin(out, label, text);
	fputc('\n', out);
}

static void print_ids(FILE *out, const struct delivery_row *row, const struct message *request)
{
	char id[UUID_TEXT_LEN + 1];
	struct buffer theirs = { 0 };
	uuid_format(row->event_id, id);
	line(out, "id", bytes_of(id));
	if (signature_event_id(row->provider, buffer_view(&request->headers), buffer_view(&request->body), &theirs))
		line(out, "their id", buffer_view(&theirs));
	buffer_free(&theirs);
}

/* ---- the signature ---- */

/* What can be seen without the secret: a field that is missing or malformed, or a time that was too old on arrival. */
static bool seen_reason(const struct delivery_row *row, const struct message *request, struct buffer *out)
{
	char *name = bytes_dup_text(row->provider);
	const struct signature_provider *p = name ? signature_find(name) : NULL;
	const int64_t at = (int64_t)(row->received_at_us / 1000000);
	struct signature_result r = { 0 };
	struct signature_stale stale;
	free(name);
	if (signature_is_stale(row->provider, buffer_view(&request->headers), buffer_view(&request->body), at,
			       &stale)) {
		char text[SIGNATURE_STALE_LEN];
		signature_say_stale(&stale, text);
		return buffer_printf(out, "when it was received: %s", text);
	}
	if (!p)
		return false;
	const struct signature_input in = { .headers = buffer_view(&request->headers),
					    .body = buffer_view(&request->body),
					    .method = row->method,
					    .secret = bytes_of("none"),
					    .at = at,
					    .tolerance = SIGNATURE_OWN_TOLERANCE };
	signature_verify(p, &in, &r);
	return (r.reason == SIGNATURE_MISSING || r.reason == SIGNATURE_MALFORMED) && buffer_append_text(out, r.text);
}

static void print_checked(FILE *out, const struct signature_result *checked)
{
	begin(out, "signature", bytes_of(signature_verdict_name(checked->verdict)));
	if (checked->verdict != SIGNATURE_VALID)
		fprintf(out, ": %s", checked->text);
	fputc('\n', out);
}

static void print_signature(FILE *out, const struct delivery_row *row, const struct message *request)
{
	struct buffer why = { 0 };
	struct bytes verdict = row->signature.len ? row->signature : bytes_of("unknown");
	begin(out, "signature", verdict);
	if (row->redacted)
		fputs(": its secrets were taken out, so that it cannot be checked", out);
	else if (bytes_equal(verdict, bytes_of("invalid")) && seen_reason(row, request, &why))
		fprintf(out, ": %.*s", (int)why.len, (const char *)why.at);
	else if (bytes_equal(verdict, bytes_of("invalid")))
		fprintf(out, ": another secret, or another body; creel verify %" PRId64 " --secret @FILE says which",
			row->id);
	else if (bytes_equal(verdict, bytes_of("none")))
		fputs(": it carries none", out);
	else if (!bytes_equal(verdict, bytes_of("valid")))
		fprintf(out, ": no secret was known to check it by; creel verify %" PRId64 " --secret @FILE checks it",
			row->id);
	fputc('\n', out);
	buffer_free(&why);
}

/* ---- attempts ---- */

static void on_attempt(void *user, const struct attempt_row *a)
{
	FILE *out = user;
	char at[ROW_LINE_TIME_LEN], took[TEXT_FIGURE_LEN], size[TEXT_FIGURE_LEN];
	struct buffer what = { 0 };
	row_line_time(a->started_at_us, at);
	text_took(took, (int64_t)a->total_us);
	text_size(size, a->response_bytes);
	bool fine = buffer_printf(&what, "%d  %s  %s", a->number, at, took);
	if (fine && a->status)
		fine = buffer_printf(&what, "  %d%s", a->status, a->reason.len ? " " : "") &&
		       buffer_append_bytes(&what, a->reason) &&
		       buffer_printf(&what, ", %s %s", size, a->response_bytes == 1 ? "byte" : "bytes");
	if (fine && a->result != ATTEMPT_OK)
		fine = buffer_printf(&what, "  %s: ", store_result_name(a->result)) &&
		       buffer_append_bytes(&what, a->error);
	if (fine && a->url.len)
		fine = buffer_append_text(&what, "  ") && buffer_append_bytes(&what, a->url);
	line(out, a->number == 1 ? "attempts" : "", fine ? buffer_view(&what) : bytes_of(NULL));
	buffer_free(&what);
}

static bool print_labels(FILE *out, struct store *s, int64_t id, struct error *e)
{
	struct store_labels labels = { 0 };
	bool fine = store_labels_get(s, id, &labels, e);
	if (fine && labels.note.len)
		line(out, "note", buffer_view(&labels.note));
	if (fine && labels.tags.len)
		line(out, "tags", buffer_view(&labels.tags));
	store_labels_free(&labels);
	return fine;
}

bool head_block_print(FILE *out, struct store *s, const struct item *item, const struct message *request,
		      const struct signature_result *checked, bool https, struct error *e)
{
	const struct delivery_row *row = &item->row;
	struct row_line columns;
	row_line_begin(&columns, STDOUT_FILENO); /* where it ends up, though `out` may be memory */
	row_line_print(&columns, out, row, bytes_of(NULL));
	output_refusal(out, row);
	fputc('\n', out);
	line(out, "event", row->event_type);
	line(out, "provider", row->provider);
	begin(out, "from", row->peer);
	fputs(https ? ", over TLS\n" : "\n", out);
	line(out, "tunnel", row->tunnel);
	print_ids(out, row, request);
	if (row->replay_of)
		fprintf(out, "  %-*s  %" PRId64 "\n", LABEL, "replay of", row->replay_of);
	if (checked)
		print_checked(out, checked);
	else
		print_signature(out, row, request);
	return print_labels(out, s, row->id, e) && store_list_attempts(s, row->id, on_attempt, out, e);
}
