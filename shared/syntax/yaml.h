/* YAML as a JSON value, by libyaml: mappings with texts as keys, sequences and scalars of one document. Aliases, tags
 * and more than 64 levels are refused, so a file becomes no larger than it is. Plain scalars are null, true, false or
 * whole numbers where JSON has them, else texts; quoted ones are texts. Pure; any thread. */
#pragma once

#include <jansson.h>

#include "shared/base/bytes.h"
#include "shared/base/error.h"

/* A new reference for the caller. NULL and *e (EXIT_USAGE, with the line). */
json_t *yaml_read(struct bytes text, struct error *e);
