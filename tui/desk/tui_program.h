/* What the inspector and the program that runs it say to each other. Loop thread. */
#pragma once

#include <stdbool.h>

struct tui;

/* How the user left it. */
enum tui_end { TUI_QUIT, TUI_TO_LINES, TUI_INTERRUPTED /* C-c, SIGINT: exit status 130 */ };

/* Whether another program (an editor) has the terminal; an interrupt is then meant for that program. */
bool tui_away(const struct tui *t);
/* A sentence from the program itself (troubles and states of the client), shown in the message line and kept as an
 * event. */
void tui_event(struct tui *t, const char *sentence);
