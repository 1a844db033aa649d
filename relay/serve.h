/* `creel-relay serve`: settings, the loop, signals. */
#pragma once

#include "shared/error.h"

int serve_run(int argc, char **argv, struct error *e);
