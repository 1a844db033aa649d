/* The table of keys and actions (tui/keys/actions.def) for the page. Pure. */
#pragma once

#include <jansson.h>

/* [{"id","name","contexts":"LD","keys":["j","Down"],"label","help"}]; NULL when out of memory. */
json_t *web_actions_json(void);
