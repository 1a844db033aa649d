/* Deadlines of many connections on one timer: setting one is a few stores, whatever their number, for an entry moves
 * only when its turn comes. Good to a tenth of a second, late rather than early. Loop thread. */
#pragma once

#include <uv.h>

#include <stdbool.h>
#include <stdint.h>

#define WHEEL_TICK_MS 100
#define WHEEL_SLOTS 512
#define WHEEL_NEVER UINT64_MAX

/* Part of what has a deadline; zeroed before its first use. */
struct wheel_entry {
	struct wheel_entry *prev, *next;
	uint64_t due;  /* loop time in ms; WHEEL_NEVER */
	uint64_t turn; /* the tick at which it is looked at; 0: it is in no slot */
};

struct wheel {
	uv_timer_t timer;
	struct wheel_entry *slots[WHEEL_SLOTS];
	uint64_t tick; /* looked at last */
	size_t count;
	/* The deadline passed; the entry is out of the wheel and may be set again or freed. */
	void (*due)(struct wheel_entry *e);
};

void wheel_init(struct wheel *w, uv_loop_t *loop, void (*due)(struct wheel_entry *e));
/* `due` replaces the deadline before; WHEEL_NEVER takes it away. */
void wheel_set(struct wheel *w, struct wheel_entry *e, uint64_t due);
/* Before the entry is freed. */
void wheel_remove(struct wheel *w, struct wheel_entry *e);
/* Closes the timer; `closed` gets it, as uv_close has it. No entry may be left. */
void wheel_close(struct wheel *w, uv_close_cb closed);
