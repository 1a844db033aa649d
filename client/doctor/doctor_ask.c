#include "client/doctor/doctor_ask.h"

#include "client/app/forwarder.h"
#include "shared/program/loop.h"

struct asking {
	uv_loop_t *loop;
	struct doctor_asked *asked;
};

static void on_head(void *user, int status, struct bytes reason, struct bytes headers, uint64_t body_len)
{
	struct asking *a = user;
	(void)reason;
	(void)headers;
	(void)body_len;
	a->asked->status = status;
}

static void on_raw(void *user, struct bytes raw)
{
	struct asking *a = user;
	first_bytes_show(raw, a->asked->raw);
}

static bool on_body(void *user, struct bytes piece)
{
	(void)user;
	(void)piece;
	return true;
}

static void on_done(void *user, const struct forward_result *result)
{
	struct asking *a = user;
	a->asked->reason = result->reason;
	snprintf(a->asked->detail, sizeof a->asked->detail, "%s", result->detail ? result->detail : "");
	uv_stop(a->loop); /* a connection that is kept for the next call would hold it up */
}

static void start(uv_loop_t *loop, const struct doctor *d, const char *base, struct doctor_asked *out)
{
	static const struct forward_ops ops = {
		.on_head = on_head, .on_raw = on_raw, .on_body = on_body, .on_done = on_done
	};
	const struct forward_options options = {
		.timeout_ms = DOCTOR_MS,
		.no_forwarded = true,
		.allow_remote_target = true,
		.insecure = d->insecure,
		.gate = d->gate,
		.ca = d->target_ca,
	};
	const struct forward_request request = {
		.once = true,
		.method = bytes_of("HEAD"),
		.target = bytes_of("/"),
		.headers = bytes_of("Host: localhost\r\nUser-Agent: creel-doctor\r\nAccept: */*\r\n"),
	};
	struct asking asking = { .loop = loop, .asked = out };
	struct error e;
	struct forwarder *f = forwarder_new(loop, &options, &e);
	if (!f)
		return;
	if (forward_start(f, base, &request, &ops, &asking, &e))
		uv_run(loop, UV_RUN_DEFAULT);
	forwarder_close(f, NULL, NULL);
	uv_run(loop, UV_RUN_DEFAULT);
}

void doctor_ask(const struct doctor *d, const char *base, struct doctor_asked *out)
{
	uv_loop_t loop;
	*out = (struct doctor_asked){ .reason = REASON_APP_DESCRIPTORS };
	if (!loop_open(&loop, EXIT_TARGET, NULL))
		return;
	out->reason = REASON_APP_MEMORY;
	start(&loop, d, base, out);
	uv_loop_close(&loop);
}
