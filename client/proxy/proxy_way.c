#include "client/proxy/proxy_way.h"

#include "client/common/curl_loop.h"
#include "client/proxy/ferry.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The life of a way; each state is left for the next, or for ENDING.
 *
 *	ASKING     libcurl speaks with the proxy
 *	WAITING    the way stands, libwebsockets is to connect to `door`
 *	CARRYING   it has; the ferry carries
 *	ENDING     handles are being closed */
enum proxy_way_state { WAY_ASKING, WAY_WAITING, WAY_CARRYING, WAY_ENDING };

struct proxy_way {
	uv_loop_t *loop;
	const struct proxy_way_ops *ops;
	void *user;
	enum proxy_way_state state;
	struct curl_loop *curls;
	CURL *curl;
	uv_poll_t door;
	int door_fd;
	in_port_t expected; /* the port that libwebsockets connects from, in network order; 0: not known yet */
	struct ferry *ferry;
	bool door_open, curls_open;
	bool let_go; /* proxy_way_end was called */
};

static void free_at_end(struct proxy_way *w)
{
	if (w->let_go && w->state == WAY_ENDING && !w->door_open && !w->curls_open && !w->ferry)
		free(w);
}

static void on_curls_closed(void *user)
{
	struct proxy_way *w = user;
	w->curls_open = false;
	free_at_end(w);
}

static void on_door_closed(uv_handle_t *h)
{
	struct proxy_way *w = h->data;
	w->door_open = false;
	free_at_end(w);
}

static void close_door(struct proxy_way *w)
{
	if (w->door_fd < 0)
		return;
	uv_close((uv_handle_t *)&w->door, on_door_closed);
	close(w->door_fd);
	w->door_fd = -1;
}

static void end_all(struct proxy_way *w)
{
	w->state = WAY_ENDING;
	close_door(w);
	if (w->curl) {
		curl_multi_remove_handle(curl_loop_multi(w->curls), w->curl);
		curl_easy_cleanup(w->curl);
		w->curl = NULL;
		curl_loop_close(w->curls, on_curls_closed, w);
	}
	free_at_end(w);
}

static void on_ferry_over(void *user)
{
	struct proxy_way *w = user;
	w->ferry = NULL;
	end_all(w);
}

/* ---- the door ---- */

/* An open door without anybody's name on it: a port of this machine that the system chooses. */
static int make_door(in_port_t *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd >= 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0 &&
	    bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && listen(fd, 1) == 0 &&
	    getsockname(fd, (struct sockaddr *)&at, &len) == 0) {
		*port = at.sin_port;
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

static void on_knock(uv_poll_t *h, int status, int events)
{
	struct proxy_way *w = h->data;
	struct sockaddr_in from = { 0 };
	socklen_t len = sizeof from;
	int fd = accept(w->door_fd, (struct sockaddr *)&from, &len);
	(void)status;
	(void)events;
	if (fd < 0)
		return;
	if (from.sin_port != w->expected) {
		close(fd);
		return;
	}
	close_door(w);
	w->ferry = ferry_new(w->loop, w->curl, fd, on_ferry_over, w);
	if (w->ferry)
		w->state = WAY_CARRYING;
	else
		end_all(w); /* the door was shut on libwebsockets, which says that its connection ended */
}

static bool open_door(struct proxy_way *w, int *port)
{
	in_port_t bound = 0;
	w->door_fd = make_door(&bound);
	if (w->door_fd < 0)
		return false;
	if (uv_poll_init_socket(w->loop, &w->door, w->door_fd) != 0) {
		close(w->door_fd);
		w->door_fd = -1;
		return false;
	}
	w->door.data = w;
	w->door_open = true;
	*port = ntohs(bound);
	return uv_poll_start(&w->door, UV_READABLE, on_knock) == 0;
}

void proxy_way_expect(struct proxy_way *w, int fd)
{
	struct sockaddr_in from = { 0 };
	socklen_t len = sizeof from;
	if (getsockname(fd, (struct sockaddr *)&from, &len) == 0 && from.sin_family == AF_INET)
		w->expected = from.sin_port;
}

/* ---- the proxy ---- */

static void on_asked(struct proxy_way *w, CURLcode code)
{
	char room[PROXY_DIAL_DETAIL];
	struct facts seen = { 0 };
	int port = 0;
	enum reason why = REASON_TUNNEL_DESCRIPTORS;
	if (code != CURLE_OK)
		why = proxy_dial_reason(w->curl, code, &seen, room);
	else if (open_door(w, &port))
		why = REASON_NONE;
	w->state = WAY_WAITING;
	if (why == REASON_NONE)
		w->ops->opened(w->user, port);
	else
		w->ops->failed(w->user, why, &seen);
}

static void on_progress(void *user)
{
	struct proxy_way *w = user;
	int left;
	CURLMsg *m = curl_multi_info_read(curl_loop_multi(w->curls), &left);
	if (m && m->msg == CURLMSG_DONE && w->state == WAY_ASKING)
		on_asked(w, m->data.result);
}

struct proxy_way *proxy_way_new(uv_loop_t *loop, const struct proxy_dial *to, const struct proxy_way_ops *ops,
				void *user)
{
	struct proxy_way *w = calloc(1, sizeof *w);
	if (!w)
		return NULL;
	w->loop = loop;
	w->ops = ops;
	w->user = user;
	w->door_fd = -1;
	w->curl = curl_easy_init();
	w->curls = w->curl ? curl_loop_new(loop, 1, on_progress, w) : NULL;
	if (!w->curls) {
		curl_easy_cleanup(w->curl);
		free(w);
		return NULL;
	}
	w->curls_open = true;
	proxy_dial_prepare(w->curl, to);
	curl_loop_adopt(w->curls, w->curl);
	if (curl_multi_add_handle(curl_loop_multi(w->curls), w->curl) == CURLM_OK)
		return w;
	w->let_go = true;
	end_all(w);
	return NULL;
}

void proxy_way_end(struct proxy_way *w)
{
	if (!w)
		return;
	w->let_go = true;
	if (w->state == WAY_CARRYING)
		ferry_end(w->ferry);
	else if (w->state == WAY_ENDING)
		free_at_end(w);
	else
		end_all(w);
}
