/* Files of requests, .http or .rest, as VS Code's REST Client, JetBrains' HTTP Client and httpYac write them: lines of
 * ### between requests, # and // for comments, @name = value and {{name}} for variables, < FILE for a body that lies in
 * a file beside. What a script or a person would have to say ({% … %}, {{$guid}}) is refused, entry by entry. Pure but
 * for what the sink does. */
#pragma once

#include "shared/transcripts/import_sink.h"

/* False when the sink ended it. */
MUST_CHECK bool http_file_read(struct bytes text, const struct import_sink *sink, struct error *e);
/* Whether one of these clients would find syntax of its own in a body that stands in the file: a separator, a variable,
 * a reference to a file, a script. Line breaks at its end, which they take away, are not looked at. */
bool http_file_has_syntax(struct bytes body);
