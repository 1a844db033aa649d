/* `creel-relay serve`: settings, the loop, signals. */
#pragma once

#include "shared/base/error.h"
#include "shared/program/secret_gate.h"

/* The gate is told of what its config file holds. */
int serve_run(int argc, char **argv, struct secret_gate *gate, struct error *e);
