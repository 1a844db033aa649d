#include "client/print/output.h"

#include "client/json/json_fields.h"
#include "client/json/row_json.h"
#include "client/print/row_line.h"
#include "shared/text/text.h"

#include <string.h>

const char *output_state_name(enum tunnel_state state)
{
	static const char *const names[] = { "connecting", "online", "offline" };
	return names[state];
}

static void print_json(json_t *o)
{
	struct error ignored;
	bool fine = row_json_print(stdout, o, &ignored);
	(void)fine;
}

static void print_sanitised(FILE *out, struct bytes text)
{
	struct buffer b = { 0 };
	if (text_sanitize(&b, text, TEXT_LINE))
		fwrite(b.at, 1, b.len, out);
	buffer_free(&b);
}

void output_ready(enum output_mode mode, const char *url, const char *tunnel, const char *target)
{
	if (mode == OUTPUT_JSON) {
		struct json_fields f = json_fields_begin("ready");
		json_fields_text(&f, "url", bytes_of(url));
		json_fields_text(&f, "tunnel", bytes_of(tunnel));
		print_json(json_fields_end(&f));
	} else if (mode == OUTPUT_LINES) {
		print_sanitised(stdout, bytes_of(url));
		printf(" -> %s\n", target);
		fflush(stdout);
	}
}

void output_route(enum output_mode mode, const char *route)
{
	if (mode != OUTPUT_LINES)
		return;
	fputs("  route ", stdout);
	print_sanitised(stdout, bytes_of(route));
	fputc('\n', stdout);
	fflush(stdout);
}

void output_state(enum output_mode mode, enum tunnel_state state, const char *detail, const char *url)
{
	if (mode == OUTPUT_JSON) {
		struct json_fields f = json_fields_begin("state");
		json_fields_text(&f, "state", bytes_of(output_state_name(state)));
		json_fields_text_or_null(&f, "detail", bytes_of(detail));
		json_fields_text_or_null(&f, "url", bytes_of(url));
		print_json(json_fields_end(&f));
		return;
	}
	if (mode == OUTPUT_QUIET || state == TUNNEL_CONNECTING)
		return;
	if (state == TUNNEL_ONLINE) {
		fputs("creel: online\n", stderr);
	} else {
		fputs("creel: offline: ", stderr);
		print_sanitised(stderr, bytes_of(detail));
		fputc('\n', stderr);
	}
}

static void print_row(FILE *out, const struct delivery_row *row, struct bytes chaos)
{
	struct row_line line;
	row_line_begin(&line, fileno(out));
	row_line_print(&line, out, row, chaos);
}

void output_row(FILE *out, const struct delivery_row *row)
{
	print_row(out, row, bytes_of(NULL));
}

void output_refusal(FILE *out, const struct delivery_row *row)
{
	if (row->state == DELIVERY_REFUSED)
		fprintf(out, "        %s\n", store_refusal_words(row->status));
}

void output_delivery(enum output_mode mode, const struct delivery_row *row)
{
	if (mode == OUTPUT_JSON)
		print_json(row_json_delivery("delivery", row));
	if (mode != OUTPUT_LINES || row->state != DELIVERY_REFUSED)
		return;
	output_row(stdout, row);
	output_refusal(stdout, row);
	fflush(stdout);
}

void output_attempt(enum output_mode mode, const struct delivery_row *row, const struct attempt_row *a)
{
	if (mode == OUTPUT_JSON) {
		print_json(row_json_attempt("attempt", row, a));
	} else if (mode == OUTPUT_LINES) {
		print_row(stdout, row, a->chaos);
		if (a->result != ATTEMPT_OK || a->skipped) {
			fputs("        ", stdout);
			print_sanitised(stdout, a->error);
			fputc('\n', stdout);
		}
		fflush(stdout);
	}
}

void output_trouble(enum output_mode mode, const char *sentence)
{
	(void)mode;
	fputs("creel: ", stderr);
	print_sanitised(stderr, bytes_of(sentence));
	fputc('\n', stderr);
}

void output_replays_left(enum output_mode mode, const struct replay_progress *p)
{
	char text[100];
	snprintf(text, sizeof text, "a replay goes on: %zu of %zu are sent", p->sent, p->total);
	if (p->total)
		output_trouble(mode, text);
}

/* For a single one the line of its attempt has said it. */
void output_replayed(enum output_mode mode, const struct replay_progress *p)
{
	char text[160];
	bool whole = p->sent == p->total;
	if (p->trouble)
		output_trouble(mode, p->trouble);
	snprintf(text, sizeof text, "%s: %zu of %zu sent, %zu ok, %zu failed",
		 whole ? "the replay is over" : "the replay was stopped", p->sent, p->total, p->ok, p->failed);
	if (p->total > 1 || (!whole && !p->trouble))
		output_trouble(mode, text);
}
