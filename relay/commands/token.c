/* creel-relay token: who may open tunnels, and the names they own. */
#include "relay/commands/commands.h"
#include "relay/commands/data_owner.h"
#include "relay/names/tokens.h"
#include "shared/options/options.h"
#include "shared/text/text.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

static void print_token(void *user, const struct token_row *row)
{
	char made[TEXT_TIME_LEN], used[TEXT_TIME_LEN];
	text_format_time(made, row->created_at_us);
	text_format_time(used, row->used_at_us);
	fprintf(user, "%-24s  %-24s  %s  %s%s  %llu tunnel name%s%s\n", row->name, row->tunnels, made,
		row->used_at_us ? "last used " : "never used", row->used_at_us ? used : "",
		(unsigned long long)row->names, row->names == 1 ? "" : "s", row->warning ? "" : "  no browser warning");
}

static void print_name(void *user, const struct name_row *row)
{
	char claimed[TEXT_TIME_LEN], seen[TEXT_TIME_LEN];
	text_format_time(claimed, row->claimed_at_us);
	text_format_time(seen, row->seen_at_us);
	fprintf(user, "%-24s  %-24s  %s  %s\n", row->name, *row->owner ? row->owner : "-", claimed, seen);
}

/* `argv`: the verb and what follows it. */
static bool token_verb(struct tokens *t, char **argv, const char *tunnels, bool warning, struct error *e)
{
	const char *verb = argv[0], *name = argv[1];
	char secret[TOKEN_TEXT_LEN + 1];
	if (strcmp(verb, "list") == 0)
		return tokens_list(t, print_token, stdout, e);
	if (strcmp(verb, "revoke") == 0)
		return tokens_revoke(t, name, e);
	if (strcmp(verb, "names") == 0)
		return tokens_list_names(t, name, print_name, stdout, e);
	if (strcmp(verb, "free") == 0)
		return tokens_free_name(t, name, e);
	if (strcmp(verb, "warning") == 0)
		return tokens_set_warning(t, name, strcmp(argv[2], "on") == 0, e);
	bool is_new = strcmp(verb, "add") == 0;
	if (is_new ? !tokens_add(t, name, tunnels, secret, e) || (!warning && !tokens_set_warning(t, name, false, e))
		   : !tokens_rotate(t, name, secret, e))
		return false;
	errno = 0;
	bool told = printf("%s\n", secret) > 0 && fflush(stdout) == 0;
	int code = errno;
	OPENSSL_cleanse(secret, sizeof secret);
	if (told) {
		fprintf(stderr, "This is the only time the secret is shown. On the laptop: creel login URL\n");
		return true;
	}
	/* Nobody can use a token whose secret was never seen, and its name would be taken. */
	struct error ignored;
	bool gone = is_new && tokens_revoke(t, name, &ignored);
	return error_set(e, EXIT_STORE, "the secret cannot be written: %s; the token %s", strerror(code),
			 !is_new ? "has a secret that nobody knows: rotate it again"
			 : gone  ? "was taken back"
				 : "exists nonetheless: revoke it");
}

static bool is_token_verb(char **argv, int count)
{
	static const struct {
		const char *verb;
		int words, most;
	} verbs[] = { { "list", 1, 1 },    { "add", 2, 2 },   { "revoke", 2, 2 }, { "rotate", 2, 2 },
		      { "warning", 3, 3 }, { "names", 1, 2 }, { "free", 2, 2 } };
	for (size_t i = 0; count > 0 && i < sizeof verbs / sizeof *verbs; i++)
		if (strcmp(argv[0], verbs[i].verb) == 0)
			return count >= verbs[i].words && count <= verbs[i].most &&
			       (count < 3 || strcmp(argv[2], "on") == 0 || strcmp(argv[2], "off") == 0);
	return false;
}

struct token_options {
	const char *data, *tunnels;
	bool no_warning, help;
};

static const struct option_row token_rows[] = {
	{ "data", 'd', OPTION_TEXT_AT(struct token_options, data), OPTION_BY_CALLER, "DIR", "the relay's data folder",
	  .preset = "./creel-relay-data" },
	{ "tunnels", 0, OPTION_TEXT_AT(struct token_options, tunnels), OPTION_BY_CALLER, "GLOB",
	  "tunnel names the token may hold", .preset = "*" },
	{ "no-browser-warning", 0, OPTION_FLAG_AT(struct token_options, no_warning), OPTION_BY_CALLER, NULL,
	  "add: browsers see its tunnels at once, whatever serve --browser-warning says" },
	{ "help", 'h', OPTION_FLAG_AT(struct token_options, help), OPTION_BY_LINE, NULL, "this text" },
};
static const struct option_group token_groups[] = { OPTION_GROUP(token_rows, 0) };
static const struct option_table token_table = { token_groups, 1 };

static void print_token_help(void)
{
	printf(
	    "Usage: creel-relay token add NAME [--tunnels GLOB] [--no-browser-warning] | list | revoke NAME |\n"
	    "                         rotate NAME | warning NAME on|off | names [NAME] | free TUNNEL\n\n"
	    "Tokens say who may open tunnels, and own tunnel names; `names` shows these with the times of first and\n"
	    "last use. A running relay sees changes within a second: a client of a freed name is disconnected.\n\n");
	options_print(stdout, &token_table);
}

int token_run(int argc, char **argv, struct secret_gate *gate, struct error *e)
{
	struct token_options t = { .help = false };
	const struct options_source source = { .program = "creel-relay token", .env_prefix = "CREEL_RELAY_" };
	struct options *o = options_new();
	struct tokens *tokens = NULL;
	int first, status = EXIT_USAGE;
	(void)gate;
	if (!o || !options_parse(o, &token_table, &t, &source, argc, argv, &first, e))
		goto out;
	if (t.help) {
		print_token_help();
		status = EXIT_DONE;
		goto out;
	}
	const char *verb = first < argc ? argv[first] : "";
	if (!is_token_verb(argv + first, argc - first)) {
		error_set(
		    e, EXIT_USAGE,
		    "write: creel-relay token add NAME [--tunnels GLOB] [--no-browser-warning], token list, token "
		    "revoke NAME, token rotate NAME, token warning NAME on|off, token names [NAME], or token free "
		    "TUNNEL");
		goto out;
	}
	if (data_owner_become(t.data, e) && tokens_open(&tokens, t.data, strcmp(verb, "add") == 0, e) &&
	    token_verb(tokens, argv + first, t.tunnels, !t.no_warning, e))
		status = EXIT_DONE;
	else
		status = (int)e->code;
out:
	tokens_close(tokens);
	options_free(o);
	return status;
}
