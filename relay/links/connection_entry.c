#include "relay/links/connection_entry.h"

#include "relay/names/tokens.h"
#include "relay/tunnels/connection.h"
#include "shared/program/log.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

static void take_out(struct entries *all, struct entry *e)
{
	DL_DELETE(all->list, e);
	e->of->entry = NULL;
}

static void free_entry(struct entry *e)
{
	buffer_free(&e->hello);
	free(e);
}

static void on_settle(uv_idle_t *h)
{
	struct entries *all = h->data;
	struct error why;
	uv_idle_stop(h);
	const bool fine = tokens_settle(all->tokens, &why);
	if (!fine)
		log_event(LOG_WARN, "names_not_written", "failure", why.text, NULL);
	while (all->list) {
		struct entry *e = all->list;
		take_out(all, e);
		all->over(e, fine);
		free_entry(e);
	}
}

void connection_entry_init(struct entries *all, uv_loop_t *loop, struct tokens *tokens,
			   void (*over)(const struct entry *e, bool fine))
{
	*all = (struct entries){ .tokens = tokens, .over = over };
	uv_idle_init(loop, &all->settle);
	all->settle.data = all;
}

void connection_entry_settle_soon(struct entries *all)
{
	if (!uv_is_closing((uv_handle_t *)&all->settle))
		uv_idle_start(&all->settle, on_settle);
}

bool connection_entry_wait(struct entries *all, const struct entry *is, struct bytes hello)
{
	struct entry *e = malloc(sizeof *e);
	if (!e)
		return false;
	*e = *is;
	e->hello = (struct buffer){ 0 };
	if (!buffer_append_bytes(&e->hello, hello)) {
		free_entry(e);
		return false;
	}
	DL_APPEND(all->list, e);
	e->of->entry = e;
	connection_entry_settle_soon(all);
	return true;
}

bool connection_entry_is_waiting(const struct entries *all, const char *name)
{
	for (const struct entry *e = all->list; e; e = e->next)
		if (strcmp(e->name, name) == 0)
			return true;
	return false;
}

void connection_entry_leave(struct entries *all, struct connection *c)
{
	struct entry *e = c->entry;
	if (!e)
		return;
	take_out(all, e);
	free_entry(e);
}

void connection_entry_close(struct entries *all)
{
	if (!uv_is_closing((uv_handle_t *)&all->settle))
		uv_close((uv_handle_t *)&all->settle, NULL);
}
