#include "client/inspect/inspect_state.h"

#include "shared/base/clock.h"
#include "shared/base/process.h"
#include "shared/query/store_query.h"

#include <stdio.h>
#include <string.h>

static void copy_text(char *out, size_t size, struct bytes text)
{
	snprintf(out, size, "%.*s", text.len < size ? (int)text.len : (int)size - 1, (const char *)text.at);
}

static void add_names(char *out, size_t size, struct bytes names)
{
	size_t len = strlen(out);
	if (names.len && len + names.len + 2 < size)
		snprintf(out + len, size - len, "%s%.*s", len ? " " : "", (int)names.len, (const char *)names.at);
}

static void on_client(void *user, const struct client_status *c)
{
	struct client_state *out = user,
			    now = { .running = true, .confirmed_at_us = c->confirmed_at_us, .lag_us = c->lag_us };
	/* The row of a client that was killed stays on record. */
	if (!process_is_alive_since(c->pid, c->started_at_us))
		return;
	copy_text(now.state, sizeof now.state, c->state);
	copy_text(now.detail, sizeof now.detail, c->detail);
	copy_text(now.url, sizeof now.url, c->url);
	copy_text(now.target, sizeof now.target, c->target);
	copy_text(now.tunnel, sizeof now.tunnel, c->tunnel);
	copy_text(now.relay, sizeof now.relay, c->relay);
	uint64_t silent = clock_now_us() - c->confirmed_at_us;
	if (strcmp(now.state, "online") == 0 && (int64_t)silent > (int64_t)(2 * c->ping_interval_ms * 1000)) {
		snprintf(now.state, sizeof now.state, "offline");
		snprintf(now.detail, sizeof now.detail, "the relay has not confirmed the tunnel for %llu s",
			 (unsigned long long)(silent / 1000000));
	}
	/* Each client that knows a secret can be asked to sign. */
	add_names(out->secrets, sizeof out->secrets, c->secrets);
	memcpy(now.secrets, out->secrets, sizeof now.secrets);
	/* Takes the newest of several that are online. */
	if (!out->running || strcmp(now.state, "online") == 0 || strcmp(out->state, "online") != 0)
		*out = now;
}

void inspect_state_read(struct store *s, const struct secrets *own, struct client_state *out)
{
	struct error ignored;
	struct buffer names = { 0 };
	memset(out, 0, sizeof *out);
	if (!store_list_status(s, on_client, out, &ignored))
		memset(out, 0, sizeof *out);
	if (own && secrets_names(own, &names))
		add_names(out->secrets, sizeof out->secrets, buffer_view(&names));
	buffer_free(&names);
}
