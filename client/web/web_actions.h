/* The table of keys and actions (tui/keys/actions.def) for the page. Pure. */
#pragma once

#include <jansson.h>

/* [{"id","name","contexts":"LD","keys":["j","Down"],"label","help","page":{"contexts","keys","help"}}], as
 * the terminal has it and, in "page", as the page does, without the browser's own keys; NULL when out of memory. */
json_t *web_actions_json(void);
