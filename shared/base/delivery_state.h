/* What became of a delivery, and where it came from: what the store records and a filter asks for. Plain values. */
#pragma once

/* A delivery's life on the client. Text forms (JSON, column `state`) in store_state_name. */
enum delivery_state {
	DELIVERY_WAITING = 0,   /* "waiting": recorded, the app not yet called */
	DELIVERY_SENDING = 1,   /* "sending": a call is under way */
	DELIVERY_DELIVERED = 2, /* "delivered": the app answered below 400 */
	DELIVERY_FAILED = 3,    /* "failed": the app answered 400 or above, or no answer came */
	DELIVERY_HELD = 4,      /* "held": to be sent when the app is back (--hold) */
	DELIVERY_REFUSED = 5, /* "refused": it never came whole (too large, its sender hung up); for the record only */
};

enum delivery_origin { ORIGIN_LIVE, ORIGIN_SPOOL, ORIGIN_REPLAY, ORIGIN_IMPORT, ORIGIN_TRIGGER };
