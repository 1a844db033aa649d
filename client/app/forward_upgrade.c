/* A call that asks for an upgrade: after 101 bytes go both ways. libcurl 7.88 hands on what comes behind a 101 as body,
 * and sends what it is given as an upload without length. */
#include "client/app/forward_private.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

void forward_upgrade_prepare(struct forward *w)
{
	curl_easy_setopt(w->easy, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(w->easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)-1);
	curl_easy_setopt(w->easy, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(w->easy, CURLOPT_FORBID_REUSE, 1L);
}

/* Of several addresses that were tried, the socket that was connected: libcurl 7.88 tells its port alone while the
 * transfer lasts. */
static curl_socket_t connected_socket(const struct forward *w)
{
	long port = 0;
	size_t most = sizeof w->sockets / sizeof *w->sockets;
	curl_easy_getinfo(w->easy, CURLINFO_LOCAL_PORT, &port);
	if (port == 0)
		return CURL_SOCKET_BAD;
	for (size_t i = 0; i < w->socket_count && i < most; i++) {
		union {
			struct sockaddr any;
			struct sockaddr_in v4;
			struct sockaddr_in6 v6;
		} a;
		socklen_t len = sizeof a;
		memset(&a, 0, sizeof a);
		if (getsockname(w->sockets[i], &a.any, &len) != 0)
			continue;
		in_port_t own = a.any.sa_family == AF_INET6 ? a.v6.sin6_port : a.v4.sin_port;
		if (ntohs(own) == port)
			return w->sockets[i];
	}
	return CURL_SOCKET_BAD;
}

void forward_upgrade_started(struct forward *w)
{
	w->upgrade_next = w->forwarder->upgrades;
	w->forwarder->upgrades = w;
}

void forward_upgrade_begin(struct forward *w)
{
	struct forward_result so_far = { .result = ATTEMPT_OK };
	forward_fill_result(w, &so_far);
	curl_easy_setopt(w->easy, CURLOPT_TIMEOUT_MS, 0L);
	w->socket = connected_socket(w);
	w->ops->on_upgraded(w->user, &so_far);
}

size_t forward_upgrade_upload(struct forward *w, char *out, size_t most)
{
	if (w->head_given && !w->upgraded)
		return 0; /* another answer than 101: nothing goes up */
	size_t up = w->upgraded ? w->ops->on_upload(w->user, out, most) : 0;
	w->starved = up == 0;
	return up ? up : CURL_READFUNC_PAUSE;
}

static bool app_has_closed(const struct forward *w, curl_socket_t socket)
{
	char byte;
	return !w->paused && socket != CURL_SOCKET_BAD && recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* libcurl 7.88 ends no transfer whose upload is paused, be the answer whole or the connection closed. */
void forward_upgrade_check(struct forwarder *f)
{
	for (struct forward *w = f->upgrades, *next; w; w = next) {
		next = w->upgrade_next;
		if (w->upgraded && app_has_closed(w, w->socket))
			forward_finish(w, REASON_NONE);
		else if (!w->upgraded && w->head_given)
			forward_feed(w);
		else if (!w->upgraded && w->starved && app_has_closed(w, connected_socket(w)))
			forward_broke_off(w);
	}
}

void forward_upgrade_end(struct forward *w)
{
	struct forward **at = &w->forwarder->upgrades;
	while (*at && *at != w)
		at = &(*at)->upgrade_next;
	if (*at)
		*at = w->upgrade_next;
}

void forward_feed(struct forward *w)
{
	if (!w->starved)
		return;
	w->starved = false;
	curl_easy_pause(w->easy, w->paused ? CURLPAUSE_RECV : CURLPAUSE_CONT);
}

void forward_hang_up(struct forward *w)
{
	forward_finish(w, REASON_NONE);
}
