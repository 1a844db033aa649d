/* What ingress.c (connections, daemons), ingress_request.c (one request) and ingress_answer.c (its answer) share. */
#pragma once

#include "relay/common/delivery.h"
#include "relay/common/http_rules.h"
#include "relay/senders/http_daemon.h"
#include "relay/senders/ingress.h"
#include "relay/common/throttle.h"
#include "relay/senders/passage.h"

enum sender_state { SENDER_IDLE, SENDER_HEAD, SENDER_BODY, SENDER_WAITING, SENDER_ANSWERING };

/* One connection of a sender. */
struct sender {
	struct ingress *in;
	struct http_daemon *daemon;
	struct MHD_Connection *connection;
	struct sender *next, **back;
	struct exchange *exchange;
	int fd;
	bool tls;
	enum sender_state state;
	uint64_t deadline;               /* loop time in ms */
	struct peer from;                /* of the socket, or of its PROXY header */
	bool forwarded;                  /* it is a trusted proxy: X-Forwarded-For says who the sender is */
	struct throttle_address address; /* counted as connected; unknown: nobody's */
	struct passage_wire wire;
	char peer[PEER_TEXT_LEN]; /* the request's sender; between two requests: `from` */
};

/* One request and its answer. */
struct exchange {
	struct sender *sender;
	struct delivery *delivery;
	struct tunnel *tunnel;
	struct passage *passage; /* after 101, or NULL */
	char *target;            /* raw, copied before MHD decodes it in place */
	const char *target_in_place;
	bool started, suspended, replied;
	bool gone;               /* the reader of an event stream */
	bool counted;            /* in metrics.in_flight */
	struct buffer fields;    /* of a refusal's answer, beside the standing ones */
	struct buffer page;      /* HTML that a refusal is, or empty */
	enum refusal after_body; /* the answer once the body is whole, or REFUSE_NOTHING */
	char *sentence;          /* what a refusal says in place of its standing sentence, or NULL */
	uint64_t received;
	uint64_t discard; /* bytes of a refused body still to be read; 0: not refused yet */
	bool discarding;
};

/* How many warnings were logged in this second, and how many were left out since the last line. */
struct warning_log {
	int64_t second;
	int written;
	int64_t unwritten;
};

struct ingress {
	struct relay *relay;
	struct http_daemon *plain, *tls;
	struct http_daemon
	    *old_tls[LIMIT_OLD_CERTIFICATES]; /* of earlier certificates, until their last connection ends */
	struct sender *senders;
	size_t count, busy;
	struct warning_log warnings;
	uv_timer_t sweep;
	struct uuid_random random; /* of the event ids */
	int closing;
	void (*closed)(void *user);
	void *closed_user;
};

/* How often it is asked whether the reader of a silent answer is still there. */
#define STILL_THERE_MS 5000

/* Notes what the connection is doing, and until when. */
void ingress_set_state(struct sender *s, enum sender_state state, int64_t timeout_ms);

/* Sets the sender to the connection's other end, until a request of a trusted proxy names another. */
void ingress_know_peer(struct sender *s);

/* ingress_request.c: MHD's callbacks of a request, `cls` is the ingress. */
void *ingress_on_request_line(void *cls, const char *uri, struct MHD_Connection *connection);
enum MHD_Result ingress_on_request(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
				   const char *version, const char *upload, size_t *upload_len, void **con_cls);
void ingress_on_completed(void *cls, struct MHD_Connection *connection, void **con_cls,
			  enum MHD_RequestTerminationCode code);

/* ingress_warning.c: whether the request was answered with the page of --browser-warning, or sent on from it. */
struct route;
bool ingress_warns(struct exchange *x, const struct http_head *head, const struct route *route, bool body_comes,
		   enum MHD_Result *result);

/* ---- ingress_answer.c ---- */

/* Each queues an answer to the request. MHD_NO: the connection is to be closed. */
enum MHD_Result ingress_reply_refusal(struct exchange *x, enum refusal why);
enum MHD_Result ingress_reply_answer(struct exchange *x);
enum MHD_Result ingress_reply_accepted(struct exchange *x);
/* Writes an answer to the socket where MHD 0.9.75 can give none; false when it could not be written. */
bool ingress_write_refusal(struct sender *s, enum refusal why);
/* The same for a request whose body will come nonetheless. The body is read and dropped, because closing with unread
 * bytes would reset the connection before the sender has read the answer. */
enum MHD_Result ingress_refuse_and_discard(struct exchange *x, enum refusal why);
