/* Where secrets may stand before a command begins: the environment, the command line (where they should not), the
 * config files. Main tells the gate of all of them, so that no sentence holds one, whichever command says it. What is
 * read of files (@FILE) the commands add themselves. */
#pragma once

#include "shared/program/secret_gate.h"

void secret_sources_add(struct secret_gate *g, int argc, char **argv);
