/* The line somebody types into: filter, search, command, offset, file name; with history, and a popup of suggestions.
 * Pure: what it wants checked it asks through `check`. */
#pragma once

#include "tui/view.h"

enum prompt_kind { PROMPT_NONE, PROMPT_FILTER, PROMPT_SEARCH, PROMPT_COMMAND, PROMPT_OFFSET, PROMPT_PATH };
