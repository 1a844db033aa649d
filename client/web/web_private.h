/* Inside of client/web: what its parts on the loop share. */
#pragma once

#include "client/inspect/inspect_deeds.h"
#include "client/inspect/inspect_source.h"
#include "client/web/web.h"
#include "client/web_server/web_events.h"
#include "client/web_server/web_exchange.h"
#include "client/web_views/web_read.h"
#include "client/web_server/web_server.h"
#include "client/web_views/web_shell.h"

struct web_watch;
struct web_deeds;
struct web_exports;

struct web {
	uv_loop_t *loop;
	struct web_options options;
	struct web_key key;
	struct inspect_source *source;
	struct inspect_deeds *inspect_deeds;
	struct web_events *events;
	struct web_server *server;
	struct web_watch *watch;
	struct web_deeds *deeds;
	struct web_exports *exports;
	struct web_head head;
	char url[160];
	int parts; /* to be closed */
	void (*closed)(void *user);
	void *closed_user;
};

/* Gives the exchange back to the server. */
void web_answer(struct web *w, struct web_exchange *x);
/* Reads the record for it on a worker, then answers. */
void web_read_and_answer(struct web *w, struct web_exchange *x, void (*work)(struct web_read *r));
