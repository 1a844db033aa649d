/* Between forwarder.c, a call, and forward_upgrade.c, what is other after 101. */
#pragma once

#include <curl/curl.h>

#include "client/app/answer_head.h"
#include "client/app/curl_loop.h"
#include "client/app/forwarder.h"
#include "client/reason/reason.h"

#define HANDLE_POOL 256

struct forwarder {
	uv_loop_t *loop;
	struct curl_loop *curl;
	struct forward_options options;
	struct forward *upgrades; /* calls that ask for one, by upgrade_next */
	CURL *pool[HANDLE_POOL];  /* easy handles with the settings that never change */
	size_t pooled;
	bool closing;
	void (*closed)(void *user);
	void *closed_user;
};

struct forward {
	struct forwarder *forwarder;
	struct forward_request request;
	const struct forward_ops *ops;
	void *user;
	CURL *easy;
	struct curl_slist *headers;
	char *url, *authority;
	uint64_t deadline_ms, wait_until_ms;
	uint64_t started_at_us;
	int64_t backoff_ms;
	uv_timer_t retry;
	bool retry_open;
	uint64_t body_at; /* of a body that libcurl asks for in pieces */
	struct answer_head answer;
	bool head_given, paused, refused_address, too_large;
	bool ends_at_head;      /* a HEAD with a body */
	bool upgraded, starved; /* 101 came; on_upload had nothing */
	struct forward *upgrade_next;
	curl_socket_t sockets[4], socket; /* those opened last; after 101: the one it is */
	size_t socket_count;
	int socket_error; /* why none could be opened, an errno */
};

/* What is known of the call so far; not its end's sentence. */
void forward_fill_result(const struct forward *w, struct forward_result *r);
/* The end of the call, REASON_NONE when all went well: calls on_done and frees. */
void forward_finish(struct forward *w, enum reason why);
/* The end of a call whose app closed the connection too early. */
void forward_broke_off(struct forward *w);

/* ---- forward_target.c ---- */

/* libcurl's, which opens a connection's socket. */
curl_socket_t forward_open_socket(void *user, curlsocktype purpose, struct curl_sockaddr *address);

/* ---- forward_limit.c ---- */

/* The time limit of a call that begins, and of what follows its answer's head. */
void forward_limit_begin(struct forward *w);
void forward_limit_body(struct forward *w);
/* Which limit it was that ended the call. */
enum reason forward_limit_reason(const struct forward *w);

/* ---- forward_upgrade.c ---- */

/* The settings of a call that asks for an upgrade. */
void forward_upgrade_prepare(struct forward *w);
/* The call is under way. */
void forward_upgrade_started(struct forward *w);
/* 101 came. */
void forward_upgrade_begin(struct forward *w);
/* libcurl's read callback. */
size_t forward_upgrade_upload(struct forward *w, char *out, size_t most);
/* Ends those whose app has closed, and the upload of those that were answered otherwise; after each turn of libcurl. */
void forward_upgrade_check(struct forwarder *f);
/* Before on_done. */
void forward_upgrade_end(struct forward *w);
