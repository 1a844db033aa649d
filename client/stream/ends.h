/* The two other ends of a delivery, the app and the store, as tables of functions, so that a test can take their place.
 * The functions are those of client/app/forwarder.h and client/record/recorder.h, which say what each does. */
#pragma once

#include "client/app/forwarder.h"
#include "client/record/recorder.h"

struct app_ops {
	struct forward *(*start)(struct forwarder *f, const char *base_url, const struct forward_request *request,
				 const struct forward_ops *ops, void *user, struct error *e);
	void (*resume)(struct forward *f);
	void (*unheard)(struct forward *f);
	bool (*is_event_stream)(const struct forward *f);
	void (*feed)(struct forward *f);
	void (*hang_up)(struct forward *f);
	void (*cancel)(struct forward *f);
};

struct record_ops {
	void (*insert_delivery)(struct recorder *r, const struct store_delivery *d,
				const struct record_delivery_ops *ops, void *user);
	void (*insert_attempt)(struct recorder *r, const struct store_attempt *a, struct answered *answered,
			       void (*kept)(void *user), void (*done)(void *user, const struct error *e), void *user);
	void (*set_answered)(struct recorder *r, int64_t delivery_id, int number, uint64_t at_us);
	void (*set_state)(struct recorder *r, int64_t id, enum delivery_state state);
	void (*add_tag)(struct recorder *r, int64_t id, const char *name);
	void (*find_left_over)(struct recorder *r, const char *tunnel, bool with_held,
			       void (*done)(void *user, struct left_over *list, const struct error *e), void *user);
	bool (*take)(struct recorder *r, int64_t id,
		     void (*done)(void *user, struct taken *taken, const struct error *e), void *user);
	bool (*take_again)(struct recorder *r, int64_t id,
			   void (*done)(void *user, struct taken *taken, const struct error *e), void *user);
	bool (*take_asked)(struct recorder *r, int64_t job,
			   void (*done)(void *user, struct taken *taken, const struct error *e), void *user);
	void (*find_asked)(struct recorder *r, const char *tunnel, enum recorder_look how,
			   void (*job)(void *user, int64_t id), void *user);
	void (*end_asked)(struct recorder *r, int64_t job);
	bool (*signs)(const struct recorder *r);
};

extern const struct app_ops ends_app;
extern const struct record_ops ends_record;
