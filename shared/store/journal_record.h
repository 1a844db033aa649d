/* The records of a client's journal, the file in which deliveries and calls of the app stand before they are in the
 * database (shared/store/journal.md says what the bytes mean). Written by client/record, read back after a client's
 * death. Pure; any thread. */
#pragma once

#include "shared/store/store.h"

#define JOURNAL_HEAD 32        /* of the file */
#define JOURNAL_RECORD_HEAD 32 /* of each record */
#define JOURNAL_END_LEN 8      /* the zero bytes after the last record */
#define JOURNAL_NAME_LEN 16    /* hexadecimal digits */

enum journal_kind { JOURNAL_DELIVERY = 1, JOURNAL_ATTEMPT = 2 };

/* Where a record stands. */
struct journal_place {
	uint64_t sequence; /* one more than that of the record before it, from 1 on, and never again in this journal */
	uint64_t synced;   /* of the newest record that was known to be on disk when this one was written */
	uint32_t lap;      /* counts how often the journal's files were begun */
};

/* The end of a call. */
struct journal_attempt {
	bool body_apart;              /* the answer's body is not in the record: body.len says how long it is */
	struct store_attempt attempt; /* event_id says whose; delivery_id does not count */
};

struct journal_record { /* views of the bytes it was read from */
	struct journal_place place;
	enum journal_kind kind;
	struct store_delivery delivery;
	struct journal_attempt attempt;
};

/* Appends the head of a journal's file. */
MUST_CHECK bool journal_record_put_head(struct buffer *out, const char name[JOURNAL_NAME_LEN]);
MUST_CHECK bool journal_record_is_head(struct bytes file, const char name[JOURNAL_NAME_LEN]);
/* Whether it is a whole head of a version whose records are not known here. */
MUST_CHECK bool journal_record_is_other_version(struct bytes file);

/* Append a record. False when out of memory; *out is as it was then. Bodies are taken from views alone: `spilled` is
 * not looked at. */
MUST_CHECK bool journal_record_put_delivery(struct buffer *out, const struct journal_place *place,
					    const struct store_delivery *d);
MUST_CHECK bool journal_record_put_attempt(struct buffer *out, const struct journal_place *place,
					   const struct journal_attempt *a);
/* Appends the zero bytes that say that nothing follows, for tests. */
MUST_CHECK bool journal_record_put_end(struct buffer *out);

enum journal_found {
	JOURNAL_FOUND_RECORD,
	JOURNAL_FOUND_END,  /* it ends here as it should */
	JOURNAL_FOUND_TORN, /* something stands here that is no whole record */
};
/* Reads the record at the beginning of `at`; *len is how long it is. */
enum journal_found journal_record_read(struct bytes at, struct journal_record *out, size_t *len);

enum journal_behind {
	JOURNAL_BEHIND_NOTHING,
	JOURNAL_BEHIND_RECORDS, /* some */
	JOURNAL_BEHIND_SYNCED,  /* one that was written when the record after the last one read was on disk */
};
/* What a reader missed whose last record has that sequence: whole records with a higher one anywhere in these bytes. No
 * proof of what stands in them, since a body may hold what looks like one. */
enum journal_behind journal_record_behind(struct bytes records, uint64_t last);
