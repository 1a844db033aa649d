/* Words for commands that users of other tools try. Pure; any thread. */
#pragma once

/* What to write instead, as a sentence without a full stop; NULL: nothing is known of the word. */
const char *synonyms_find(const char *word);
