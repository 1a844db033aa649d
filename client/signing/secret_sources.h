/* Tells the gate (shared/secrets/secret_gate.h) of every secret that is known before a command begins, so that no
 * sentence of any command contains one: secrets of the environment, of the command line (where they should not be) and
 * of the config files. Commands add those of files (@FILE) themselves. Called once, by main. */
#pragma once

#include "shared/secrets/secret_gate.h"

void secret_sources_add(struct secret_gate *g, int argc, char **argv);
