/* The inspector: a terminal interface to the deliveries on record. Runs on the caller's loop beside whatever else runs
 * there (`creel listen`) or alone (`creel ui`). Its keys are described in creel(1). Loop thread. */
#pragma once

#include "shared/frontend/source.h"
#include "tui/desk/tui_program.h"

struct tui_options {
	const char *filter; /* to begin with, or NULL */
	const char *color;  /* auto, always, never */
	const char *theme;  /* auto, dark, light, contrast, 16, mono */
	const char *images; /* auto, kitty, sixel, blocks, off; NULL is auto */
	const char *notify; /* when a delivery fails: off, bell, osc9, osc777; NULL is off */
	bool ascii, mouse;
	const char *keys_path; /* the user's keymap, or NULL */
	const char *state_dir; /* history of filters, order; or NULL */
	const char *store;     /* the record's path, to which columns and sort belong; NULL: one without a name */
	const char *clipboard; /* a command that takes what is copied as its input, run by a shell; or NULL */
	bool listening;        /* inside `creel listen`: quitting asks whether it goes on in lines */
};

/* Takes over the terminal. NULL and *e (EXIT_USAGE) without one: the sentence names `creel list`. `ended` is called on
 * the loop when the user leaves; the terminal is whole again by then. */
struct tui *tui_start(const struct tui_deps *deps, const struct tui_options *options,
		      void (*ended)(void *user, enum tui_end how), void *user, struct error *e);
/* Gives the terminal back, closes all handles, frees, then calls `closed`. For a program that ends. */
void tui_close(struct tui *t, void (*closed)(void *user), void *user);
