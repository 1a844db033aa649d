/* The tunnel's callbacks, and a link as the way out. */
#include "client/delivery/session.h"

static void on_state(void *session, const struct tunnel_news *news)
{
	void *user;
	const struct session_events *events = session_events(session, &user);
	if (news->state == TUNNEL_ONLINE)
		session_online(session);
	events->on_state(user, news);
}

static void on_welcome(void *session, struct link *l, const struct wire_welcome *welcome)
{
	session_welcome(session, (struct wire_out){ &wire_out_ops, l }, welcome);
}

/* The link is the one of WELCOME. */
static bool on_frame(void *session, struct link *l, const struct wire_frame *f)
{
	(void)l;
	return session_take_frame(session, f);
}

static void on_credit(void *session)
{
	session_take_credit(session);
}

static void on_lost(void *session, bool may_resume)
{
	session_lost(session, may_resume);
}

static void on_stop(void *session, const struct error *why, enum wire_notice code)
{
	void *user;
	const struct session_events *events = session_events(session, &user);
	(void)code;
	events->on_stop(user, why);
}

static void on_warning(void *session, const char *sentence)
{
	void *user;
	const struct session_events *events = session_events(session, &user);
	events->on_trouble(user, sentence);
}

const struct tunnel_ops session_tunnel_ops = {
	on_state, on_welcome, on_frame, on_credit, on_lost, on_stop, on_warning
};
