#include "client/origin/confirm.h"

#include "client/common/limits.h"
#include "client/common/curl_loop.h"
#include "client/common/curl_trust.h"
#include "client/proxy/curl_reason.h"
#include "client/proxy/proxy.h"

#include <stdio.h>
#include <stdlib.h>

struct confirm {
	struct curl_loop *curl;
	CURL *calls[LIMIT_CONFIRMS];
	void (*tell)(void *user, const char *sentence);
	void *user;
};

static size_t drop(char *at, size_t size, size_t count, void *user)
{
	(void)at;
	(void)user;
	return size * count;
}

static void end_call(struct confirm *c, CURL *easy)
{
	for (size_t i = 0; i < LIMIT_CONFIRMS; i++)
		if (c->calls[i] == easy)
			c->calls[i] = NULL;
	curl_multi_remove_handle(curl_loop_multi(c->curl), easy);
	curl_easy_cleanup(easy);
}

static void say_failure(enum reason reason, char *out, size_t size)
{
	char why[300];
	const struct facts facts = { .peer = "the server of its SubscribeURL", .limit_ms = LIMIT_CONFIRM_TIME * 1000L };
	reason_sentence(reason, &facts, why, sizeof why);
	snprintf(out, size, "the SNS subscription could not be confirmed: %s", why);
}

static void on_progress(void *user)
{
	struct confirm *c = user;
	CURLMsg *m;
	int left;
	while ((m = curl_multi_info_read(curl_loop_multi(c->curl), &left))) {
		char text[400];
		long status = 0;
		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_RESPONSE_CODE, &status);
		if (m->data.result != CURLE_OK)
			say_failure(curl_reason(m->easy_handle, m->data.result), text, sizeof text);
		else
			snprintf(text, sizeof text, "the SNS subscription was confirmed with status %ld", status);
		end_call(c, m->easy_handle);
		c->tell(c->user, text);
	}
}

struct confirm *confirm_new(uv_loop_t *loop, void (*tell)(void *user, const char *sentence), void *user)
{
	struct confirm *c = calloc(1, sizeof *c);
	if (!c || !(c->curl = curl_loop_new(loop, 1, on_progress, c))) {
		free(c);
		return NULL;
	}
	c->tell = tell;
	c->user = user;
	return c;
}

void confirm_fetch(struct confirm *c, const char *url)
{
	size_t i = 0;
	while (i < LIMIT_CONFIRMS && c->calls[i])
		i++;
	CURL *easy = i < LIMIT_CONFIRMS ? curl_easy_init() : NULL;
	if (!easy) {
		c->tell(c->user, "an SNS subscription was not confirmed: too many at once");
		return;
	}
	struct error e;
	if (!proxy_set_for(easy, url, &e)) {
		curl_easy_cleanup(easy);
		c->tell(c->user, e.text);
		return;
	}
	curl_loop_adopt(c->curl, easy);
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https");
	curl_trust(easy, NULL);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, LIMIT_CONFIRM_TIME * 1000L);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "creel/" CREEL_VERSION);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, drop);
	if (curl_multi_add_handle(curl_loop_multi(c->curl), easy) != CURLM_OK)
		curl_easy_cleanup(easy);
	else
		c->calls[i] = easy;
}

static void on_closed(void *user)
{
	free(user);
}

void confirm_close(struct confirm *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < LIMIT_CONFIRMS; i++)
		if (c->calls[i])
			end_call(c, c->calls[i]);
	curl_loop_close(c->curl, on_closed, c);
}
