#include "tui/detail/doc_attempts.h"
#include "tui/bodies/doc_body.h"

#include <stdio.h>
#include <string.h>

#include "tui/documents/doc_make.h"
#include "tui/documents/styled.h"
#include "tui/terminal/text.h"
#include "tui/state/words.h"
#include "shared/providers/signature_sender.h"

const struct attempt_row *doc_attempts_find(const struct document *d, int number)
{
	for (size_t i = 0; i < d->attempt_count; i++)
		if (d->attempts[i].number == number)
			return &d->attempts[i];
	return NULL;
}

/* Tenths below 10 ms: what a local app takes. */
void doc_attempts_took(char out[16], uint64_t us)
{
	char took[8];
	if (us < 10000) {
		snprintf(out, 16, "%u.%ums", (unsigned)(us / 1000), (unsigned)(us / 100 % 10));
		return;
	}
	text_took(took, (int64_t)us);
	snprintf(out, 16, "%s", took);
}

/* The table's columns; 0: not shown. */
struct plan {
	int result, connect, total;
	bool next;
};

static struct plan plan_of(int columns)
{
	if (columns < 60)
		return (struct plan){ .result = 14, .total = columns - 8 };
	if (columns < 78)
		return (struct plan){ .result = 22, .total = columns - 16, .next = true };
	return (struct plan){ .result = 22, .connect = columns < 90 ? 45 : 56, .next = true };
}

/* ---- what happened when ---- */

struct times {
	struct styled *s;
	const struct ui *ui;
	uint64_t begin_us;
	int columns;
};

static void put_time(const struct times *t, const char *what, uint64_t at_us)
{
	char clock[WORDS_LEN], since[8];
	words_clock(clock, t->ui, at_us);
	text_took(since, at_us >= t->begin_us ? (int64_t)(at_us - t->begin_us) : 0);
	styled_print(t->s, ROLE_NAME, "%s", what);
	styled_to(t->s, t->columns < 60 ? 13 : 20);
	styled_print(t->s, ROLE_NORMAL, "%s", clock);
	styled_print(t->s, ROLE_DIM, "   +%s", at_us > t->begin_us ? since : "0ms");
}

static const char *origin_words(enum delivery_origin origin)
{
	static const char *const words[] = {
		[ORIGIN_LIVE] = "",
		[ORIGIN_SPOOL] = "kept by the relay, its sender answered 202, until the client was there",
		[ORIGIN_REPLAY] = "",
		[ORIGIN_IMPORT] = "imported",
		[ORIGIN_TRIGGER] = "made by `creel trigger`"
	};
	return words[origin];
}

static void put_outcome(struct styled *s, const struct document *d)
{
	static const char *const words[] = { [DELIVERY_WAITING] = "waits to be sent",
					     [DELIVERY_SENDING] = "is being sent",
					     [DELIVERY_DELIVERED] = "delivered",
					     [DELIVERY_FAILED] = "failed",
					     [DELIVERY_HELD] = "held until the app is back" };
	const struct delivery_row *row = &d->item.row;
	styled_print(s, ROLE_NORMAL, "%s",
		     row->state == DELIVERY_REFUSED ? store_refusal_words(row->status) : words[row->state]);
	if (d->attempt_count)
		styled_print(s, ROLE_DIM, " after %zu attempt%s", d->attempt_count, d->attempt_count == 1 ? "" : "s");
	styled_end(s, 0);
}

/* 0: not known, or nobody waited for it. */
static uint64_t answered_at(const struct document *d)
{
	for (size_t i = 0; i < d->attempt_count; i++)
		if (d->attempts[i].answered_at_us)
			return d->attempts[i].answered_at_us;
	return 0;
}

/* The client does not learn when the relay answered the sender: this is when the last byte went to the relay. */
static void put_answered(const struct times *t, uint64_t at_us)
{
	put_time(t, t->columns >= 60 ? "Answer to relay" : "To relay", at_us);
	if (t->columns >= 60)
		styled_print(t->s, ROLE_DIM, "   all of it, on its way to the sender");
	styled_end(t->s, 0);
}

/* Whoever sent it may have gone by then. */
static void put_late(const struct times *t, const struct document *d, uint64_t answered)
{
	const struct delivery_row *row = &d->item.row;
	char text[SIGNATURE_WAITS_LEN];
	uint64_t from = row->reached_at_us ? row->reached_at_us : row->received_at_us;
	if (row->origin != ORIGIN_LIVE || answered <= from ||
	    !signature_waits_say(row->provider, answered - from, text))
		return;
	styled_print(t->s, ROLE_4XX, "  %s", text);
	styled_end(t->s, 0);
}

static void put_times(const struct times *t, const struct document *d)
{
	const struct delivery_row *row = &d->item.row;
	bool by_relay = row->origin == ORIGIN_LIVE || row->origin == ORIGIN_SPOOL;
	put_time(t, by_relay && t->columns >= 60 ? "Received by relay" : "Received", row->received_at_us);
	if (row->peer.len && t->columns >= 60) {
		styled_put(t->s, ROLE_DIM, bytes_of("   from "));
		styled_put(t->s, ROLE_DIM, row->peer);
	}
	styled_end(t->s, 0);
	if (*origin_words(row->origin)) {
		styled_print(t->s, ROLE_DIM, "  %s", origin_words(row->origin));
		styled_end(t->s, 0);
	}
	if (row->reached_at_us) {
		put_time(t, t->columns >= 60 ? "Reached client" : "Reached us", row->reached_at_us);
		if (t->columns >= 60 && row->tunnel.len) {
			styled_put(t->s, ROLE_DIM, bytes_of("   tunnel "));
			styled_put(t->s, ROLE_DIM, row->tunnel);
		}
		styled_end(t->s, 0);
	}
	if (d->attempt_count) {
		const struct attempt_row *first = &d->attempts[0], *last = &d->attempts[d->attempt_count - 1];
		put_time(t, "Sent to app", first->started_at_us);
		if (t->columns >= 60) {
			styled_print(t->s, ROLE_NORMAL, "   ");
			styled_put(t->s, ROLE_DIM, last->url);
		}
		styled_end(t->s, 0);
		uint64_t answered = answered_at(d), finished = last->started_at_us + last->total_us;
		if (answered && answered < finished)
			put_answered(t, answered);
		put_time(t, "Finished", finished);
		styled_end(t->s, 0);
		if (answered >= finished)
			put_answered(t, answered);
		put_late(t, d, answered);
	}
	put_outcome(t->s, d);
}

/* ---- the attempts ---- */

static void put_result(struct styled *s, const struct attempt_row *a, int columns)
{
	struct cell cells[64];
	size_t used;
	char status[16];
	if (a->status <= 0) {
		styled_print(s, ROLE_NO_ANSWER, "%s", a->result == ATTEMPT_TIMEOUT ? "TIME" : "ERR");
		styled_print(s, ROLE_NORMAL, " %s", store_result_name(a->result));
		return;
	}
	snprintf(status, sizeof status, "%d ", a->status);
	styled_print(s, words_status_role(a->status), "%s", status);
	int room = columns - (int)strlen(status);
	text_cells(a->reason, TEXT_LINE, ROLE_NORMAL, 0, cells, room > 0 && room < 64 ? (size_t)room : 1, &used);
	styled_put(s, ROLE_NORMAL, bytes_make(a->reason.at, used));
}

static void put_header(struct styled *s, const struct plan *p)
{
	styled_print(s, ROLE_DIM, "  ATT  AT");
	styled_to(s, p->result);
	styled_print(s, ROLE_DIM, "RESULT");
	styled_to(s, p->connect ? p->connect : p->total);
	styled_print(s, ROLE_DIM, "%s",
		     p->connect ? "CONNECT FIRST BYTE   TOTAL  RETRY"
		     : p->next  ? " TOTAL   RETRY"
				: " TOTAL");
	styled_end(s, 0);
}

/* As many pieces as the line has columns would be too many: what stands to the right is one. */
static void put_numbers(struct styled *s, const struct plan *p, const struct document *d, size_t i)
{
	const struct attempt_row *a = &d->attempts[i];
	char text[120], connect[16], first[16], total[16], next[16] = "none";
	doc_attempts_took(connect, a->connect_us);
	snprintf(first, sizeof first, "-");
	if (a->first_byte_us)
		doc_attempts_took(first, a->first_byte_us);
	doc_attempts_took(total, a->total_us);
	if (i + 1 < d->attempt_count) {
		uint64_t at = d->attempts[i + 1].started_at_us;
		text_took(next, at > a->started_at_us ? (int64_t)(at - a->started_at_us) : 0);
	}
	if (p->connect) {
		snprintf(text, sizeof text, "%7s %10s  %6s %6s", connect, first, total, next);
		styled_to(s, p->connect);
	} else if (p->next) {
		snprintf(text, sizeof text, "%6s  %6s", total, next);
		styled_to(s, p->total);
	} else {
		snprintf(text, sizeof text, "%6s", total);
		styled_to(s, p->total);
	}
	styled_print(s, ROLE_NORMAL, "%s", text);
}

static void put_attempts(struct styled *s, const struct document *d, int chosen, const struct ui *ui, int columns)
{
	struct plan p = plan_of(columns);
	put_header(s, &p);
	for (size_t i = 0; i < d->attempt_count; i++) {
		const struct attempt_row *a = &d->attempts[i];
		char clock[WORDS_LEN];
		words_clock(clock, ui, a->started_at_us);
		if (columns < 60)
			clock[5] = '\0';
		styled_print(s, a->number == chosen ? ROLE_TITLE : ROLE_NORMAL, "%s %2d  %s",
			     a->number == chosen ? ">" : " ", a->number, clock);
		styled_to(s, p.result);
		put_result(s, a, (p.connect ? p.connect : p.total) - p.result - 1);
		put_numbers(s, &p, d, i);
		styled_end(s, -a->number);
		if (a->error.len) {
			styled_print(s, ROLE_NORMAL, "     ");
			styled_put(s, ROLE_4XX, a->error);
			styled_end(s, -a->number);
		}
		if (a->cut) {
			styled_print(s, ROLE_DIM, "     not all of its answer: %s", store_cut_words(a->cut));
			styled_end(s, -a->number);
		}
		if (a->chaos.len) {
			styled_print(s, ROLE_DIM, "     made worse on purpose: ");
			styled_put(s, ROLE_DIM, a->chaos);
			styled_end(s, -a->number);
		}
	}
}

/* ---- where the time went ---- */

static void put_bar(struct styled *s, const char *what, uint64_t us, uint64_t of_us, int width)
{
	char took[16];
	unsigned most = (unsigned)width * 8, eighths = of_us ? (unsigned)((us * most + of_us - 1) / of_us) : 0;
	doc_attempts_took(took, us);
	styled_print(s, ROLE_NAME, "  %-8s", what);
	styled_meter(s, ROLE_NAME, eighths < most ? eighths : most);
	styled_to(s, 11 + width);
	styled_print(s, ROLE_NORMAL, "%8s", took);
	styled_end(s, 0);
}

static void put_bars(struct styled *s, const struct attempt_row *a, int columns)
{
	int width = columns - 24;
	width = width > 56 ? 56 : width < 1 ? 1 : width;
	uint64_t first = a->first_byte_us > a->connect_us ? a->first_byte_us - a->connect_us : 0;
	uint64_t rest = a->total_us > a->first_byte_us ? a->total_us - a->first_byte_us : 0;
	if (!a->first_byte_us) { /* no answer began */
		first = a->total_us > a->connect_us ? a->total_us - a->connect_us : 0;
		rest = 0;
	}
	styled_break(s);
	styled_print(s, ROLE_DIM, "Attempt %d", a->number);
	styled_end(s, 0);
	put_bar(s, "connect", a->connect_us, a->total_us, width);
	put_bar(s, "wait", first, a->total_us, width);
	put_bar(s, "read", rest, a->total_us, width);
}

/* "  #194  14:02:15.480  200  2ms" */
static void put_replay(struct styled *s, const struct delivery_row *row, const struct ui *ui)
{
	char status[8], took[8], clock[WORDS_LEN];
	styled_print(s, ROLE_NORMAL, "  #%-8lld", (long long)row->id);
	if (row->received_at_us) {
		enum role role = words_status(status, row);
		words_clock(clock, ui, row->received_at_us);
		text_took(took, row->took_us);
		styled_print(s, ROLE_DIM, "  %s", clock);
		styled_print(s, role, "  %-4s", status);
		styled_print(s, ROLE_NORMAL, "  %s", row->state == DELIVERY_SENDING ? "..." : took);
	}
	styled_end(s, row->id);
}

static void put_kin(struct styled *s, const struct document *d, const struct ui *ui)
{
	if (!d->item.row.replay_of && !d->replay_count)
		return;
	styled_break(s);
	if (d->item.row.replay_of) {
		styled_print(s, ROLE_NORMAL, "A replay of #%lld", (long long)d->item.row.replay_of);
		styled_print(s, ROLE_OURS, "  (Enter opens it)");
		styled_end(s, d->item.row.replay_of);
	}
	if (d->replay_count) {
		styled_print(s, ROLE_NORMAL, "Replays of this delivery: %zu", d->replay_count);
		styled_print(s, ROLE_OURS, "  (Enter opens one)");
		styled_end(s, 0);
	}
	for (size_t i = 0; i < d->replay_count; i++)
		put_replay(s, &d->replays[i].row, ui);
}

/* "Response body of attempt 2, 61 bytes:", and the body. */
static struct doc *with_answer(struct doc *top, const struct document *answer, int columns)
{
	char amount[32];
	struct styled *s = styled_new();
	styled_break(s);
	doc_amount(amount, answer->body_size);
	styled_print(s, ROLE_DIM, "Response body of attempt %d, %s:", answer->attempt, amount);
	styled_end(s, 0);
	struct doc *parts[] = { top, styled_doc(s),
				doc_body(buffer_view(&answer->headers), buffer_view(&answer->body), answer->body_size,
					 columns) };
	return doc_join(parts, 3);
}

struct doc *doc_attempts(const struct document *d, const struct document *answer, int chosen, const struct ui *ui,
			 int columns)
{
	struct times t = { styled_new(), ui, d->item.row.received_at_us, columns };
	const struct attempt_row *a = doc_attempts_find(d, chosen);
	put_times(&t, d);
	styled_break(t.s);
	if (d->attempt_count)
		put_attempts(t.s, d, chosen, ui, columns);
	if (a && a->total_us)
		put_bars(t.s, a, columns);
	put_kin(t.s, d, ui);
	struct doc *top = styled_doc(t.s);
	if (top && answer && answer->attempt == chosen && answer->body_size)
		return with_answer(top, answer, columns);
	return top;
}

/* Lines of the answer's body come after those with tags, and have none. */
int64_t doc_attempts_tag(struct doc *d, size_t line)
{
	return styled_tag(doc_join_first(d), line);
}
