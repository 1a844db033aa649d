/* A relay or a proxy that took the connection and ended it without a word is looked at once more, on a thread, before
 * the tunnel says why it is offline: it may speak TLS, or anything but HTTP. */
#include "client/tunnel/tunnel_private.h"

#include <stdlib.h>

struct second_look {
	uv_work_t work;
	struct tunnel *tunnel; /* NULL: it is gone */
	enum reason why;
	int port;
	char host[NI_MAXHOST];
	enum relay_look seen;
	char shown[FIRST_BYTES_SHOWN];
};

static void on_work(uv_work_t *work)
{
	struct second_look *l = work->data;
	l->seen = relay_look(l->host, l->port, l->shown);
}

static void on_worked(uv_work_t *work, int status)
{
	struct second_look *l = work->data;
	struct tunnel *t = l->tunnel;
	if (t) {
		enum reason why = status == 0 ? tunnel_reason_of_look(t, l->why, l->seen, l->shown) : l->why;
		t->look = NULL;
		tunnel_offline(t, why);
	}
	free(l);
}

bool tunnel_look(struct tunnel *t, enum reason why)
{
	bool at_proxy = t->proxied && proxy_dial_is_vague(&t->proxy, why);
	if (!at_proxy && (t->proxied || (why != REASON_RELAY_BROKE_OFF && why != REASON_RELAY_TLS_BROKE_OFF)))
		return false;
	struct second_look *l = calloc(1, sizeof *l);
	if (!l)
		return false;
	l->work.data = l;
	l->tunnel = t;
	l->why = why;
	l->port = at_proxy ? t->proxy.port : t->port;
	snprintf(l->host, sizeof l->host, "%s", at_proxy ? t->proxy.host : t->dialed);
	if (uv_queue_work(t->loop, &l->work, on_work, on_worked) != 0) {
		free(l);
		return false;
	}
	t->look = l;
	return true;
}

enum reason tunnel_look_reason(const struct tunnel *t)
{
	return t->look ? t->look->why : REASON_NONE;
}

void tunnel_look_end(struct tunnel *t)
{
	if (t->look)
		t->look->tunnel = NULL;
	t->look = NULL;
}
