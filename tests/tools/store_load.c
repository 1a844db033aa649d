/* Fills a store for the benches: store-load FILE fill COUNT | long COUNT | rate PER_SECOND | large BYTES | record COUNT
 * | whole COUNT | full COUNT | figures | index. `long` fills it with bodies of 64 KiB; `rate` goes on until it gets
 * SIGTERM, in commits of a twentieth of a second. `record` writes as a busy client does, 8 deliveries of 1 KiB in one
 * transaction and their attempts in the next, without the disk's syncs, and prints the CPU time of each; `whole` as one
 * with a journal does, 64 deliveries with their attempts in one transaction, `full` the same where each has to give way
 * to a later one (--max-size). `figures` does what a running client does for statistics when it has nothing else to do,
 * `index` what it does for the search index, and prints how long the write lock was held for each block, and the most
 * memory it took. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "shared/base/clock.h"
#include "shared/store/store.h"
#include "shared/stats/store_figures.h"
#include "shared/query/store_index.h"
#include "shared/query/store_part.h"
#include "shared/upkeep/store_bound.h"

#define BATCH 5000
#define COMMITS_PER_SECOND 20

static volatile sig_atomic_t stopped;

static void on_term(int number)
{
	(void)number;
	stopped = 1;
}

static void die(const struct error *e)
{
	fprintf(stderr, "store-load: %s\n", e->text);
	exit((int)e->code);
}

static const struct {
	const char *provider, *event, *target, *signature;
	int status;
} kinds[] = {
	{ "stripe", "invoice.paid", "/hooks/stripe", "valid", 200 },
	{ "stripe", "invoice.payment_failed", "/hooks/stripe?tenant=7", "valid", 500 },
	{ "github", "push", "/hooks/github", "valid", 200 },
	{ "github", "pull_request.opened", "/hooks/github", "valid", 204 },
	{ "shopify", "orders/create", "/hooks/shopify", "invalid", 401 },
	{ "slack", "event_callback", "/hooks/slack", "valid", 200 },
	{ "", "", "/hooks/legacy/orders", "none", 404 },
};

/* JSON that differs, of 3 to 26 lines of some 60 bytes, or of `lines`. */
static void make_body(struct buffer *out, uint64_t n, uint64_t lines)
{
	lines = lines ? lines : 3 + n * 7 % 24;
	out->len = 0;
	bool fine = buffer_printf(out, "{\"id\":\"evt_%llu\",\"object\":\"event\",\"data\":{\"lines\":[",
				  (unsigned long long)n);
	for (uint64_t i = 0; fine && i < lines; i++)
		fine = buffer_printf(out, "%s{\"sku\":\"s%llu\",\"amount\":%llu,\"note\":\"item %llu of it\"}",
				     i ? "," : "", (unsigned long long)((n + i) % 5000),
				     (unsigned long long)(n * i % 9973), (unsigned long long)i);
	if (!fine || !buffer_append_text(out, "]}}"))
		exit(1);
}

static void make(struct store_delivery *delivery, struct store_attempt *attempt, uint64_t n, uint64_t at_us,
		 struct bytes body)
{
	size_t kind = n * 31 % (sizeof kinds / sizeof *kinds);
	*delivery = (struct store_delivery){
		.received_at_us = at_us,
		.state = DELIVERY_SENDING,
		.has_body = true,
		.tunnel = bytes_of("bench"),
		.method = bytes_of("POST"),
		.target = bytes_of(kinds[kind].target),
		.prefix = bytes_of("/bench"),
		.peer = bytes_of("192.0.2.7:4711"),
		.provider = bytes_of(kinds[kind].provider),
		.event_type = bytes_of(kinds[kind].event),
		.signature = bytes_of(kinds[kind].signature),
		.headers =
		    bytes_of("Host: bench.example.dev\r\nContent-Type: application/json\r\n"
			     "User-Agent: Stripe/1.0 (+https://stripe.com/docs/webhooks)\r\n"
			     "Stripe-Signature: t=1764000151,v1=5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff\r\n"),
		.body = body,
		.body_size = body.len,
	};
	*attempt = (struct store_attempt){
		.result = ATTEMPT_OK,
		.status = kinds[kind].status,
		.started_at_us = at_us + 900,
		.connect_us = 110,
		.first_byte_us = 2000 + n % 30000,
		.total_us = 2100 + n % 30000,
		.url = bytes_of("http://localhost:3000/hooks"),
		.reason = bytes_of("OK"),
		.headers = bytes_of("Content-Type: application/json\r\nContent-Length: 15\r\n"),
		.body = bytes_of("{\"received\":1}\n"),
		.body_size = 15,
	};
	if (!uuid_make(delivery->event_id, at_us))
		exit(1);
}

static void add(struct store *s, uint64_t n, uint64_t at_us, struct bytes body)
{
	struct store_delivery d;
	struct store_attempt a;
	struct error e;
	bool duplicate;
	make(&d, &a, n, at_us, body);
	if (!store_insert_delivery(s, &d, &a.delivery_id, &duplicate, &e) || !store_insert_attempt(s, &a, &e))
		die(&e);
}

static void add_batch(struct store *s, uint64_t from, uint64_t count, uint64_t at_us, uint64_t step_us, uint64_t lines,
		      struct buffer *body)
{
	struct error e;
	if (!store_batch_ops.begin(s, &e))
		die(&e);
	for (uint64_t n = from; n < from + count; n++) {
		make_body(body, n, lines);
		add(s, n, at_us + (n - from) * step_us, buffer_view(body));
	}
	if (!store_batch_ops.commit(s, &e))
		die(&e);
}

static uint64_t cpu_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

#define HELD_MOST 100000

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

/* How long the write lock was held, by the clock and by the CPU's; both are sorted. */
static void print_held(uint64_t *clock_us, uint64_t *cpu, size_t count)
{
	struct rusage used;
	if (count == 0 || getrusage(RUSAGE_SELF, &used) != 0)
		return;
	size_t p50 = count / 2, p99 = count - 1 - count / 100;
	qsort(clock_us, count, sizeof *clock_us, by_number);
	qsort(cpu, count, sizeof *cpu, by_number);
	printf(
	    "write lock ms, %zu blocks: p50 %.1f, p99 %.1f, max %.1f (CPU %.1f, %.1f, %.1f); peak of memory %.1f MiB\n",
	    count, (double)clock_us[p50] / 1e3, (double)clock_us[p99] / 1e3, (double)clock_us[count - 1] / 1e3,
	    (double)cpu[p50] / 1e6, (double)cpu[p99] / 1e6, (double)cpu[count - 1] / 1e6,
	    (double)used.ru_maxrss / 1024);
}

/* Read and made without the write lock, then written, as a running client does, which moves the log meanwhile. */
static void fill_index(struct store *s, const char *path)
{
	static uint64_t held_us[HELD_MOST], held_cpu[HELD_MOST];
	struct error e;
	struct store_index *x = store_index_new();
	uint64_t indexed = 0, before = 0, newest = 0, bytes = 0, begun = cpu_ns();
	size_t count = 0;
	struct store *own;
	if (!x || !store_index_state(s, &before, &newest, &e) || !store_sync_apart(s, &e) ||
	    !store_open(&own, path, STORE_READ_WRITE, &e) || !store_set_relaxed(own, &e))
		die(&e);
	do {
		if (!store_index_read(s, x, 0, STORE_INDEX_BOTH, &bytes, &e))
			die(&e);
		uint64_t from_us = clock_steady_us(), from_cpu = cpu_ns();
		if (bytes && (!store_sync_apart_ops.begin(s, &e) || !store_index_write(s, x, &e) ||
			      !store_sync_apart_ops.commit(s, &e)))
			die(&e);
		if (bytes && count < HELD_MOST) {
			held_us[count] = clock_steady_us() - from_us;
			held_cpu[count++] = cpu_ns() - from_cpu;
		}
		if (store_log_is_long(s))
			store_shorten_log(own, s);
	} while (store_index_has_more(x));
	store_index_free(x);
	store_close(own);
	if (!store_index_state(s, &indexed, &newest, &e))
		die(&e);
	printf("CPU us a delivery: %.1f indexed\n",
	       (double)(cpu_ns() - begun) / 1000 / (double)(indexed > before ? indexed - before : 1));
	print_held(held_us, held_cpu, count);
}

static void keep_figures(struct store *s)
{
	struct error e;
	bool more = true;
	if (!store_batch_ops.begin(s, &e))
		die(&e);
	while (more)
		if (!store_figures_keep_some(s, &more, &e))
			die(&e);
	if (!store_batch_ops.commit(s, &e))
		die(&e);
}

#define LONG_LINES 1040 /* 64 KiB, about */

/* Over the last 30 days. */
static void fill(struct store *s, uint64_t count, uint64_t lines, struct buffer *body)
{
	uint64_t step = UINT64_C(30) * 86400 * 1000000 / (count ? count : 1);
	uint64_t begin = clock_now_us() - step * count;
	for (uint64_t n = 0; n < count; n += BATCH)
		add_batch(s, n, count - n < BATCH ? count - n : BATCH, begin + n * step, step, lines, body);
}

static void go_on(struct store *s, uint64_t per_second, struct buffer *body)
{
	struct timespec next;
	uint64_t each = (per_second + COMMITS_PER_SECOND - 1) / COMMITS_PER_SECOND;
	clock_gettime(CLOCK_MONOTONIC, &next);
	for (uint64_t n = 0; !stopped; n += each) {
		add_batch(s, n, each, clock_now_us(), 1, 0, body);
		next.tv_nsec += 1000000000 / COMMITS_PER_SECOND;
		if (next.tv_nsec >= 1000000000) {
			next.tv_sec++;
			next.tv_nsec -= 1000000000;
		}
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
	}
}

/* ---- as a client does ---- */

#define TOGETHER 8
#define WHOLE_TOGETHER 64

struct spent {
	uint64_t deliveries, attempts, commits, checkpoints; /* ns */
	uint64_t since;
};

static void spend(struct spent *t, uint64_t *on)
{
	uint64_t now = cpu_ns();
	*on += now - t->since;
	t->since = now;
}

static bool insert_apart(struct store *s, struct store_delivery *d, struct store_attempt *a, struct spent *spent,
			 struct error *e)
{
	bool duplicate, fine = store_sync_apart_ops.begin(s, e);
	for (size_t i = 0; fine && i < TOGETHER; i++)
		fine = store_insert_delivery(s, &d[i], &a[i].delivery_id, &duplicate, e);
	spend(spent, &spent->deliveries);
	fine = fine && store_sync_apart_ops.commit(s, e);
	spend(spent, &spent->commits);
	fine = fine && store_sync_apart_ops.begin(s, e);
	for (size_t i = 0; fine && i < TOGETHER; i++)
		fine = store_insert_attempt(s, &a[i], e);
	spend(spent, &spent->attempts);
	return fine;
}

static bool insert_whole(struct store *s, struct store_delivery *d, struct store_attempt *a, struct spent *spent,
			 struct error *e)
{
	bool duplicate, fine = store_sync_apart_ops.begin(s, e);
	for (size_t i = 0; fine && i < WHOLE_TOGETHER; i++)
		fine = store_make_room(s, d[i].headers.len + d[i].body.len, e) &&
		       store_insert_whole(s, &d[i], &a[i], &a[i].delivery_id, &duplicate, e);
	spend(spent, &spent->deliveries);
	return fine;
}

static void record_some(struct store *s, uint64_t n, struct bytes body, bool whole, struct spent *spent)
{
	struct store_delivery d[WHOLE_TOGETHER];
	struct store_attempt a[WHOLE_TOGETHER];
	struct error e;
	for (size_t i = 0; i < (whole ? WHOLE_TOGETHER : TOGETHER); i++)
		make(&d[i], &a[i], n + i, clock_now_us(), body);
	spent->since = cpu_ns();
	if (!(whole ? insert_whole : insert_apart)(s, d, a, spent, &e) || !store_sync_apart_ops.commit(s, &e))
		die(&e);
	spend(spent, &spent->commits);
}

/* As 2 GiB are kept to, except that the database itself may be as long only as 16,000 deliveries are. */
#define FULL_AT 16000
#define FULL_BYTES (30u << 20)

static void keep_full(struct store *s, struct buffer *body)
{
	struct store_bound bound = store_bound_of(UINT64_C(2) << 30, UINT64_C(64) << 20);
	struct error e;
	bound.database = FULL_BYTES;
	bound.requests = FULL_BYTES / 4 * 3;
	if (!store_keep_bound(s, &bound, &e))
		die(&e);
	for (uint64_t n = 0; n < FULL_AT; n += WHOLE_TOGETHER) {
		struct spent ignored = { 0 };
		record_some(s, n, buffer_view(body), true, &ignored);
	}
}

static void record(struct store *s, const char *path, uint64_t count, const char *how, struct buffer *body)
{
	bool whole = strcmp(how, "record") != 0;
	struct spent spent = { 0 };
	struct store *own;
	struct error e;
	if (!store_sync_apart(s, &e) || !store_open(&own, path, STORE_READ_WRITE, &e) || !store_set_relaxed(own, &e))
		die(&e);
	for (int i = 0; i < 1024; i++)
		if (!buffer_put_u8(body, 'x'))
			exit(1);
	if (strcmp(how, "full") == 0)
		keep_full(s, body);
	for (uint64_t n = 0; n < count; n += whole ? WHOLE_TOGETHER : TOGETHER) {
		record_some(s, n, buffer_view(body), whole, &spent);
		if (store_log_is_long(s))
			store_shorten_log(own, s);
		spend(&spent, &spent.checkpoints);
	}
	store_close(own);
	double each = (double)count * 1000;
	printf("CPU us a delivery: %.1f inserted, %.1f its attempt, %.1f commits, %.1f checkpoints; %.1f together\n",
	       (double)spent.deliveries / each, (double)spent.attempts / each, (double)spent.commits / each,
	       (double)spent.checkpoints / each,
	       (double)(spent.deliveries + spent.attempts + spent.commits + spent.checkpoints) / each);
}

static void add_large(struct store *s, uint64_t size)
{
	struct error e;
	char *at = malloc(size);
	if (!at || !store_batch_ops.begin(s, &e))
		exit(1);
	for (uint64_t i = 0; i < size; i++)
		at[i] = (char)(i % 80 == 79 ? '\n' : 'a' + i % 26);
	add(s, 0, clock_now_us(), bytes_make(at, size));
	if (!store_batch_ops.commit(s, &e))
		die(&e);
	free(at);
}

int main(int argc, char **argv)
{
	struct store *s;
	struct buffer body = { 0 };
	struct error e;
	bool figures = argc == 3 && strcmp(argv[2], "figures") == 0;
	bool index = argc == 3 && strcmp(argv[2], "index") == 0;
	uint64_t number = argc == 4 ? strtoull(argv[3], NULL, 10) : 0;
	if (!number && !figures && !index) {
		fputs("usage: store-load FILE fill COUNT | long COUNT | rate PER_SECOND | large BYTES | record COUNT | "
		      "whole COUNT | full COUNT | figures | index\n",
		      stderr);
		return EXIT_USAGE;
	}
	signal(SIGTERM, on_term);
	bool rate = strcmp(argv[2], "rate") == 0;
	if (!store_open(&s, argv[1], STORE_READ_WRITE, &e) || (!rate && !store_set_relaxed(s, &e)))
		die(&e);
	if (figures)
		keep_figures(s);
	else if (index)
		fill_index(s, argv[1]);
	else if (rate)
		go_on(s, number, &body);
	else if (strcmp(argv[2], "record") == 0 || strcmp(argv[2], "whole") == 0 || strcmp(argv[2], "full") == 0)
		record(s, argv[1], number, argv[2], &body);
	else if (strcmp(argv[2], "fill") == 0)
		fill(s, number, 0, &body);
	else if (strcmp(argv[2], "long") == 0)
		fill(s, number, LONG_LINES, &body);
	else
		add_large(s, number);
	store_close(s);
	buffer_free(&body);
	return 0;
}
