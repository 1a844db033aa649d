/* `creel listen`, also as the core of `creel dev`. */
#pragma once

#include "client/stream/chaos.h"
#include "client/options/command.h"
#include "client/print/parts.h"
#include "client/app/forwarder.h"
#include "client/signing/secrets.h"
#include "client/tunnel/tunnel.h"

struct listen_options {
	const struct program *program;
	const char *target;          /* PORT or URL; NULL: the command of --exec stands in for the app, or an answer */
	const char *forward_to;      /* --forward-to: the target where no argument names one */
	struct option_values routes; /* "/path=PORT|URL", "FILTER=PORT|URL" */
	struct option_values only, skip; /* filters */
	const char *answer;              /* "STATUS[:BODY|@FILE]", or NULL */
	int64_t answer_delay_ms;
	struct option_values headers; /* -H */
	const char *db;               /* NULL: the default */
	const char *output;           /* auto, ui, lines, json, quiet */
	const char *print;            /* of --print, or NULL */
	struct parts parts;           /* read of it */
	const char *color;            /* of the inspector: auto, always, never; NULL: auto */
	const char *theme;            /* of the inspector: auto, dark, light, contrast, 16, mono; NULL: auto */
	const char *images;           /* of the inspector: auto, kitty, sixel, blocks, off; NULL: auto */
	const char *notify;           /* of the inspector: off, bell, osc9, osc777; NULL: off */
	const char *ready_file;
	const char *exec; /* a command for each delivery (exec.h), or NULL: then there is a target */
	struct tunnel_options tunnel;
	struct forward_options forward;
	uint64_t record_max, record_max_abandoned;
	int64_t web_port;
	int64_t keep_ms; /* retention.h */
	uint64_t max_size;
	const char *offline, *ack; /* "queue" or "fail"; "app" or "immediate" */
	int64_t drain_parallel;
	bool web, share, hold, answer_challenges, ascii, mouse;
	struct option_values websub_topics;
	struct option_values secret_specs; /* "github=@FILE" */
	struct secrets secrets;            /* read of them; see listen_take_options */
	const char *chaos;                 /* chaos.h, or NULL */
	struct chaos_spec chaos_spec;
	int64_t connect_timeout_ms; /* 0: always */
	/* Called once it prints lines and was online (`dev` prints its curl line); may be NULL. */
	void (*on_ready)(void *user, const char *url);
	void *on_ready_user;
};

/* The options that `listen` and `dev` have in common. */
#define LISTEN_ROWS 41
extern const struct option_row listen_rows[LISTEN_ROWS];

/* The target: the argument, --forward-to, or `otherwise` (unless --exec stands in for the app). EXIT_USAGE for two, or
 * none. */
MUST_CHECK bool listen_take_target(const struct command_call *call, struct listen_options *o, const char *otherwise,
				   struct error *e);
/* Checks the options and puts them where the tunnel finds them; after listen_take_target. EXIT_USAGE. Secrets are read:
 * secrets_free in any case. */
MUST_CHECK bool listen_take_options(const struct command_call *call, struct listen_options *o, struct error *e);
/* Whether there is neither an app nor an answer: only the command of --exec gets the deliveries. */
bool listen_calls_no_app(const struct listen_options *o);
/* Whether it will show the inspector: because that was asked for, or it runs on a terminal and nothing else was asked
 * for. */
bool listen_wants_ui(const struct listen_options *o);
/* Runs until a signal or a refusal; the exit status. */
int listen_run(const struct listen_options *o, struct error *e);
