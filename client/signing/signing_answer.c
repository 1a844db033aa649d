#include "client/signing/signing_answer.h"

#include "client/common/limits.h"
#include "client/signing/judge.h"
#include "shared/base/clock.h"
#include "shared/providers/signature_sender.h"
#include "shared/providers/signature_sign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct work {
	const struct secrets *secrets;
	struct signature_sign_out out;
	struct signing answer; /* views into `out` */
	struct error error;
};

static const struct signature_provider *provider_of(const struct signing *asked)
{
	struct signature_origin origin = { 0 };
	char *name = asked->provider.len ? bytes_dup_text(asked->provider) : NULL;
	const struct signature_provider *p = name ? signature_find(name) : NULL;
	if (!asked->provider.len && signature_recognise(asked->headers, asked->body, &origin))
		p = origin.signature;
	buffer_free(&origin.event);
	free(name);
	return p;
}

static bool sign(struct work *w, const struct signing *asked, struct error *e)
{
	const struct signature_provider *p = provider_of(asked);
	size_t at = 0;
	const struct secret *secret = p ? secrets_next(w->secrets, p, &at) : NULL;
	if (!secret)
		return error_set(e, EXIT_USAGE, "the running client does not know the secret");
	struct signature_input in = {
		.headers = asked->headers,
		.body = asked->body,
		.method = asked->method,
		.url = asked->url,
		.secret = bytes_of(secret->text),
		.at = (int64_t)(clock_now_us() / 1000000),
	};
	if (!signature_sign(p, &in, &w->out, e))
		return false;
	w->answer.headers = buffer_view(&w->out.headers);
	if (w->out.has_body)
		w->answer.body = buffer_view(&w->out.body);
	w->answer.verdict = bytes_of("valid");
	return true;
}

static void on_asked(void *user, const struct signing *asked)
{
	struct work *w = user;
	bool fine = true;
	if (asked->wish == SIGNING_SIGN) {
		fine = sign(w, asked, &w->error);
	} else {
		const char *whose;
		struct judge_request r = {
			.headers = asked->headers,
			.body = asked->body,
			.method = asked->method,
			.url = asked->url,
			.at = (int64_t)(clock_now_us() / 1000000),
		};
		w->answer.verdict = bytes_of(signature_verdict_name(judge(w->secrets, provider_of(asked), &r, &whose)));
	}
	w->answer.state = fine ? SIGNING_DONE : SIGNING_FAILED;
	w->answer.error = bytes_of(fine ? "" : w->error.text);
}

static bool answer_one(struct store *s, const struct secrets *secrets, int64_t id, struct error *e)
{
	struct work w = { .secrets = secrets };
	bool found;
	bool fine =
	    store_get_signing(s, id, on_asked, &w, &found, e) && (!found || store_answer_signing(s, id, &w.answer, e));
	signature_sign_free(&w.out);
	return fine;
}

bool signing_answer_all(struct store *s, const struct secrets *secrets, struct error *e)
{
	int64_t id = 0;
	for (int i = 0; i < LIMIT_SIGNINGS; i++) {
		if (!store_next_signing(s, getpid(), clock_now_us() - UINT64_C(1000000) * LIMIT_SIGNING_AGE, &id, e))
			return false;
		if (!id)
			return true;
		if (!answer_one(s, secrets, id, e))
			return false;
	}
	return true;
}

bool signing_is_asked(struct store *s, bool *asked, struct error *e)
{
	int64_t id = 0;
	bool fine = store_next_signing(s, getpid(), clock_now_us() - UINT64_C(1000000) * LIMIT_SIGNING_AGE, &id, e);
	*asked = id != 0;
	return fine;
}
