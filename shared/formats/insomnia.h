/* Insomnia's exports: version 4 (JSON, resources) and 5 (YAML, type collection.insomnia.rest), as `creel import` reads
 * and `creel export` writes (4) them. Variables are those of the base environment and of the folders; a template
 * ({% … %}) is refused. Pure but for what the sink does. */
#pragma once

#include "shared/formats/import_sink.h"

/* False when the sink ended it, or the text is no such export (EXIT_USAGE). */
MUST_CHECK bool insomnia_read(struct bytes text, const struct import_sink *sink, struct error *e);
