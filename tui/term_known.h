/* Whether TERM names a terminal that can show screens: NULL, or why not. */
#pragma once

const char *term_unfit(void);
