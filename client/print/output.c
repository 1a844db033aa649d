#include "client/print/output.h"

#include "client/print/json_fields.h"
#include "client/print/row_json.h"
#include "shared/text/text.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

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

void output_size(char text[16], uint64_t bytes)
{
	static const char units[] = "kMGT";
	double value = (double)bytes;
	size_t unit = 0;
	if (bytes < 1000) {
		snprintf(text, 16, "%" PRIu64, bytes);
		return;
	}
	for (value /= 1024; value >= 1000 && unit < 3; unit++)
		value /= 1024;
	snprintf(text, 16, value < 10 ? "%.1f%c" : "%.0f%c", value, units[unit]);
}

static void format_status(char text[16], const struct delivery_row *row)
{
	if (row->status && !row->broke_off)
		snprintf(text, 16, "%d", row->status);
	else if (row->state == DELIVERY_FAILED || row->state == DELIVERY_REFUSED)
		snprintf(text, 16, "%s", row->timed_out ? "TIME" : "ERR");
	else
		snprintf(text, 16, "%s",
			 row->state == DELIVERY_HELD        ? "HELD"
			 : row->state == DELIVERY_SENDING   ? "send"
			 : row->state == DELIVERY_DELIVERED ? "done" /* by a command (--exec) */
							    : "wait");
}

static void format_took(char text[24], int64_t us)
{
	if (us < 0)
		snprintf(text, 24, "-");
	else if (us < 1000000)
		snprintf(text, 24, us < 10000 ? "%.1fms" : "%.0fms", (double)us / 1000);
	else
		snprintf(text, 24, "%.1fs", (double)us / 1000000);
}

static void put_row(FILE *out, const struct delivery_row *row, struct bytes chaos)
{
	char at[16] = "--:--:--", status[16], took[24], size[16];
	time_t seconds = (time_t)(row->received_at_us / 1000000);
	struct tm local;
	if (localtime_r(&seconds, &local))
		strftime(at, sizeof at, "%H:%M:%S", &local);
	format_status(status, row);
	format_took(took, row->took_us);
	output_size(size, row->request_bytes);
	fprintf(out, "%6" PRId64 "  %s  %-4s  ", row->id, at, status);
	struct buffer method = { 0 };
	if (text_sanitize(&method, row->method, TEXT_LINE))
		fprintf(out, "%-6.*s  ", (int)method.len, (const char *)method.at);
	buffer_free(&method);
	fprintf(out, "%7s %6s  ", took, size);
	print_sanitised(out, row->target);
	if (bytes_equal(row->signature, bytes_of("valid")) || bytes_equal(row->signature, bytes_of("invalid")))
		fprintf(out, "  (signature %.*s)", (int)row->signature.len, (const char *)row->signature.at);
	if (row->redacted)
		fprintf(out, "  (redacted)");
	if (row->replay_of)
		fprintf(out, "  (replay of %" PRId64 ")", row->replay_of);
	if (chaos.len)
		fprintf(out, "  (chaos: %.*s)", (int)chaos.len, (const char *)chaos.at);
	fputc('\n', out);
}

void output_row(FILE *out, const struct delivery_row *row)
{
	put_row(out, row, bytes_of(NULL));
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
		put_row(stdout, row, a->chaos);
		if (a->result != ATTEMPT_OK) {
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
