/* What recorder.c and recorder_left.c share. */
#pragma once

#include "client/recorder.h"

struct recorder {
	struct store *store;
	struct batch_writer *writer;
	void (*closed)(void *user);
	void *closed_user;
};
