/* What is known of a delivery before the app is called: which provider sent it, which event it is, and whether its
 * signature holds. Loop thread. */
#pragma once

struct stream;

/* Fills in provider, event and signature of a stream whose request is whole. */
void recognise_stream(struct stream *st);
