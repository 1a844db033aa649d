#include "client/mcp/mcp_show.h"

#include "client/mcp/mcp_redact.h"
#include "client/web_views/web_detail.h"
#include "shared/query/store_query.h"

/* Read whole, so that what is to be taken out is found, and cut then. */
#define READ_MOST (4u << 20)

static bool is_cut(const json_t *message)
{
	json_int_t shown = json_integer_value(json_object_get(message, "body_shown"));
	return shown < json_integer_value(json_object_get(message, "body_bytes"));
}

/* Secrets in a body that is not read to its end might not be recognised. */
static bool leave_out(json_t *message)
{
	if (!json_is_object(message) || !is_cut(message))
		return true;
	json_object_del(message, "body");
	json_object_del(message, "body_base64");
	return json_object_set_new(message, "body_shown", json_integer(0)) == 0 &&
	       json_object_set_new(message, "body_left_out",
				   json_string("too large to take secrets out of; with secrets: true its beginning is "
					       "shown")) == 0;
}

static bool without_secrets(json_t *delivery)
{
	return leave_out(json_object_get(delivery, "request")) && leave_out(json_object_get(delivery, "response")) &&
	       mcp_redact(delivery);
}

json_t *mcp_show(const char *db, const char *id, int attempt, size_t body_most, bool secrets, struct error *e)
{
	struct web_detail w = { .attempt = attempt, .body_most = secrets ? body_most + 4 : READ_MOST };
	json_t *out = NULL;
	if (store_open(&w.store, db, STORE_READ_ONLY, e) && store_resolve(w.store, id, &w.id, e))
		out = web_detail_json(&w, e);
	store_close(w.store);
	if (!out || ((secrets || without_secrets(out)) && mcp_redact_cut(out, body_most) &&
		     mcp_redact_bound(out, SIZE_MAX, MCP_LIST_MOST)))
		return out;
	json_decref(out);
	error_set(e, EXIT_STORE, "out of memory");
	return NULL;
}
