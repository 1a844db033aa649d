/* creel-relay backup and restore: all that a relay keeps, in one file, and out of it. */
#include "relay/commands/backup_file.h"
#include "relay/commands/commands.h"
#include "relay/commands/data_owner.h"
#include "relay/control/control_ask.h"
#include "relay/spool/spool_sqlite.h"
#include "shared/options/options.h"
#include "shared/text/text.h"
#include "shared/text/text_figures.h"

#include <stdio.h>

struct backup_options {
	const char *data;
	bool help;
};

static const struct option_row rows[] = {
	{ "data", 'd', OPTION_TEXT_AT(struct backup_options, data), OPTION_BY_CALLER, "DIR", "the relay's data folder",
	  .preset = "./creel-relay-data" },
	{ "help", 'h', OPTION_FLAG_AT(struct backup_options, help), OPTION_BY_LINE, NULL, "this text" },
};
static const struct option_group groups[] = { OPTION_GROUP(rows, 0) };
static const struct option_table table = { groups, 1 };

static bool put_tokens(struct buffer *said, const char *verb, const struct backup_counts *c)
{
	return buffer_printf(said, "%s %llu %s, %llu %s", verb, (unsigned long long)c->tokens,
			     text_plural(c->tokens, "token", "tokens"), (unsigned long long)c->names,
			     text_plural(c->names, "tunnel name", "tunnel names"));
}

/* ---- backup ---- */

/* Without a relay on it, the folder is read by this process, which keeps relays out meanwhile. */
static bool read_folder(const char *data, struct backup *b, struct error *e)
{
	struct spool_sqlite *spool = NULL;
	struct spool_copied far = { 0 };
	struct buffer piece = { 0 };
	bool fine = spool_sqlite_open(&spool, data, e);
	while (fine && !far.is_whole)
		fine = spool_sqlite_copy(spool, &far, &piece, e) && backup_put_spool(b, &piece, e);
	buffer_free(&piece);
	spool_sqlite_close(spool);
	return fine;
}

/* A running relay gives what waits itself, between its own transactions. */
static bool read_relay(const char *data, struct backup *b, struct error *e)
{
	struct tokens *tokens = NULL;
	bool fine = tokens_open(&tokens, data, false, e) && backup_put_tokens(b, tokens, e);
	tokens_close(tokens);
	if (!fine)
		return false;
	struct error asked = { 0 };
	switch (control_ask_long(data, "backup", backup_put_spool, b, &asked)) {
	case CONTROL_OK:
		return true;
	case CONTROL_NOBODY: /* no failure: the folder says the same */
		return read_folder(data, b, e);
	case CONTROL_FAILED:
		*e = asked;
		break;
	}
	return false;
}

static bool back_up(const char *file, const char *data, struct buffer *said, struct error *e)
{
	struct backup *b = NULL;
	struct backup_counts counts;
	bool fine = backup_new(&b, file, e);
	if (fine) {
		fine = data_owner_act(data, e) && read_relay(data, b, e);
		data_owner_return();
	}
	fine = fine && backup_place(b, &counts, e);
	backup_free(b);
	return fine &&
	       ((put_tokens(said, "Saved", &counts) &&
		 buffer_printf(said, " and %llu %s to %s", (unsigned long long)counts.deliveries,
			       text_plural(counts.deliveries, "webhook that waits", "webhooks that wait"), file)) ||
		error_set(e, EXIT_STORE, "out of memory"));
}

/* ---- restore ---- */

static bool nobody_runs(const char *data, struct error *e)
{
	struct buffer text = { 0 };
	struct error asked = { 0 };
	enum control_answer answer = control_ask(data, "status", &text, &asked);
	buffer_free(&text);
	switch (answer) {
	case CONTROL_NOBODY: /* as it should be, and no failure */
		return true;
	case CONTROL_FAILED:
		return error_set(e, EXIT_STORE, "%s", asked.text);
	case CONTROL_OK:
		break;
	}
	return error_set(e, EXIT_STORE, "a relay is running on %s: stop it, restore, and start it again", data);
}

static bool write_folder(const char *data, sqlite3 *db, const char *file, struct buffer *said, struct error *e)
{
	struct tokens *tokens = NULL;
	struct spool_sqlite *spool = NULL;
	struct backup_counts counts = { 0 };
	struct spool_merged merged;
	/* The spool first: its lock keeps relays out. */
	bool fine = nobody_runs(data, e) && spool_sqlite_open(&spool, data, e) && tokens_open(&tokens, data, true, e) &&
		    tokens_merge(tokens, db, file, &counts.tokens, &counts.names, e) &&
		    spool_sqlite_merge(spool, db, file, &merged, e);
	tokens_close(tokens);
	spool_sqlite_close(spool);
	if (!fine)
		return false;
	fine = put_tokens(said, "Restored", &counts) &&
	       buffer_printf(said, " and %llu %s into %s", (unsigned long long)merged.deliveries,
			     text_plural(merged.deliveries, "webhook that waits", "webhooks that wait"), data);
	if (fine && merged.known)
		fine = buffer_printf(said, "; %llu %s there already", (unsigned long long)merged.known,
				     text_plural(merged.known, "webhook was", "webhooks were"));
	return fine || error_set(e, EXIT_STORE, "out of memory");
}

static bool restore(const char *file, const char *data, struct buffer *said, struct error *e)
{
	sqlite3 *db = backup_open(file, e);
	bool fine = db && data_owner_act(data, e) && write_folder(data, db, file, said, e);
	data_owner_return();
	sqlite3_close(db);
	return fine;
}

/* ---- the commands ---- */

/* What was done: names of files and folders are whatever was typed. */
static void say(const struct secret_gate *gate, struct buffer *said)
{
	struct buffer hidden = { 0 }, line = { 0 };
	if (secret_gate_put(gate, &hidden, buffer_view(said)) && text_sanitize(&line, buffer_view(&hidden), TEXT_LINE))
		printf("%.*s\n", (int)line.len, (const char *)line.at);
	buffer_free(&hidden);
	buffer_free(&line);
}

static int run(int argc, char **argv, const struct options_source *source, const struct secret_gate *gate,
	       const char *help,
	       bool (*carry_out)(const char *file, const char *data, struct buffer *said, struct error *e),
	       struct error *e)
{
	struct buffer said = { 0 };
	struct backup_options o = { .help = false };
	struct options *parsed = options_new();
	int first, code = EXIT_USAGE;
	if (!parsed || !options_parse(parsed, &table, &o, source, argc, argv, &first, e))
		goto out;
	if (o.help) {
		fputs(help, stdout);
		options_print(stdout, &table);
		code = EXIT_DONE;
	} else if (first + 1 != argc || !*argv[first]) {
		error_set(e, EXIT_USAGE, "write: %s FILE", source->program);
	} else {
		code = carry_out(argv[first], o.data, &said, e) ? EXIT_DONE : (int)e->code;
		if (code == EXIT_DONE)
			say(gate, &said);
	}
out:
	buffer_free(&said);
	options_free(parsed);
	return code;
}

int backup_run(int argc, char **argv, struct secret_gate *gate, struct error *e)
{
	const struct options_source source = { .program = "creel-relay backup", .env_prefix = "CREEL_RELAY_" };
	return run(argc, argv, &source, gate,
		   "Usage: creel-relay backup FILE [OPTIONS]\n\nWrites the tokens, their tunnel names and what waits "
		   "in the spool to one file, while the relay\ngoes on. A backup that is there is replaced once the "
		   "new one is whole. relay.ini and\ncertificates are not in it.\n\n",
		   back_up, e);
}

int backup_run_restore(int argc, char **argv, struct secret_gate *gate, struct error *e)
{
	const struct options_source source = { .program = "creel-relay restore", .env_prefix = "CREEL_RELAY_" };
	return run(
	    argc, argv, &source, gate,
	    "Usage: creel-relay restore FILE [OPTIONS]\n\nAdds what a backup holds to the data folder of a relay "
	    "that is stopped. What is there stays: of\na token, a name or a webhook that is in both, the "
	    "folder's is kept.\n\n",
	    restore, e);
}
