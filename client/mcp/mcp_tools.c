#include "client/mcp/mcp_tools.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the table ---- */

enum kind {
	FLAG,   /* true: the option stands there */
	NUMBER, /* an option's value */
	SECONDS,
	TEXT,
	SECRET_FILE, /* a path, given as @path */
	ID,          /* a delivery, after the options */
	IDS,         /* 1 to 100 of them */
	FILTER,      /* after the options */
	NAME,        /* likewise */
	VALUES,      /* an object of text: PATH=VALUE, an option each */
	HERE,        /* for this program: the command is not told */
};

/* An argument of a tool. */
/* NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): rows are written in this order */
struct mcp_word {
	const char *name;
	enum kind kind;
	const char *option;
	int64_t least, most;
	bool wanted;
};

#define FILTER_SCHEMA                                                                                                  \
	"\"filter\":{\"type\":\"string\",\"description\":\"creel's filter language: status:5xx since:1h "              \
	"source:stripe event:invoice.* path:/hooks/* body:TEXT json:data.object.id=cus_1 state:failed sig:bad; "       \
	"terms side by side must all hold, OR between them, -term must not hold\"}"
#define SECRETS_SCHEMA                                                                                                 \
	"\"secrets\":{\"type\":\"boolean\",\"description\":\"true: secrets and signatures are not replaced by "        \
	"REDACTED\"}"
#define SCHEMA(properties, required)                                                                                   \
	"{\"type\":\"object\",\"properties\":{" properties "},\"required\":[" required                                 \
	"],\"additionalProperties\":false}"
#define ID_SCHEMA "{\"type\":[\"integer\",\"string\"],\"description\":\"number of the delivery, or its event id\"}"

static const struct mcp_word list_words[] = { { "limit", NUMBER, "--number", 1, 200, false },
					      { "secrets", HERE, NULL, 0, 0, false },
					      { "filter", FILTER, NULL, 0, 0, false },
					      { 0 } };
static const struct mcp_word show_words[] = { { "id", ID, NULL, 0, 0, true },
					      { "attempt", NUMBER, "--attempt", 1, 4095, false },
					      { "max_body_bytes", HERE, NULL, 0, 0, false },
					      { "secrets", HERE, NULL, 0, 0, false },
					      { 0 } };
static const struct mcp_word wait_words[] = { { "count", NUMBER, "--count", 1, 100, false },
					      { "timeout_s", SECONDS, "--timeout", 1, 600, false },
					      { "recorded_too", FLAG, "--since=all", 0, 0, false },
					      { "secrets", HERE, NULL, 0, 0, false },
					      { "filter", FILTER, NULL, 0, 0, false },
					      { 0 } };
static const struct mcp_word replay_words[] = { { "to", TEXT, "--to", 0, 0, false },
						{ "resign", FLAG, "--resign", 0, 0, false },
						{ "secret_file", SECRET_FILE, "--secret", 0, 0, false },
						{ "secrets", HERE, NULL, 0, 0, false },
						{ "ids", IDS, NULL, 0, 0, true },
						{ 0 } };
static const struct mcp_word trigger_words[] = { { "to", TEXT, "--to", 0, 0, false },
						 { "data", VALUES, "--data", 0, 0, false },
						 { "secret_file", SECRET_FILE, "--secret", 0, 0, false },
						 { "secrets", HERE, NULL, 0, 0, false },
						 { "name", NAME, NULL, 0, 0, true },
						 { 0 } };
static const struct mcp_word verify_words[] = { { "provider", TEXT, "--provider", 0, 0, false },
						{ "secret_file", SECRET_FILE, "--secret", 0, 0, true },
						{ "url", TEXT, "--url", 0, 0, false },
						{ "secrets", HERE, NULL, 0, 0, false },
						{ "ids", IDS, NULL, 0, 0, true },
						{ 0 } };
static const struct mcp_word diff_words[] = { { "ignore_volatile", FLAG, "--ignore-volatile", 0, 0, false },
					      { "key_order", FLAG, "--key-order", 0, 0, false },
					      { "secrets", HERE, NULL, 0, 0, false },
					      { "a", ID, NULL, 0, 0, true },
					      { "b", ID, NULL, 0, 0, true },
					      { 0 } };
static const struct mcp_word stats_words[] = { { "by", TEXT, "--by", 0, 0, false },
					       { "secrets", HERE, NULL, 0, 0, false },
					       { "filter", FILTER, NULL, 0, 0, false },
					       { 0 } };

static const struct mcp_tool tools[] = {
	{ "list", "List deliveries",
	  "The newest recorded webhook deliveries that match a filter, newest last: id, time, method, target, "
	  "provider, "
	  "event, signature verdict, status of the app's answer, how long it took.",
	  SCHEMA(FILTER_SCHEMA
		 ",\"limit\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":200,\"description\":\"how many "
		 "of the newest; 50 otherwise\"}," SECRETS_SCHEMA,
		 ""),
	  MCP_LINES, "deliveries", false, list_words },
	{ "show", "Show a delivery",
	  "One delivery whole: the request's header fields and body, the app's answer, every attempt with its error, "
	  "and "
	  "why a signature does not hold. Bodies are cut at max_body_bytes (body_shown of body_bytes).",
	  SCHEMA("\"id\":" ID_SCHEMA
		 ",\"attempt\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":4095,\"description\":"
		 "\"the answer of this attempt; the last "
		 "otherwise\"},\"max_body_bytes\":{\"type\":\"integer\",\"minimum\":"
		 "0,\"maximum\":65536,\"description\":\"16384 otherwise\"}," SECRETS_SCHEMA,
		 "\"id\""),
	  MCP_SHOW, NULL, false, show_words },
	{ "wait", "Wait for deliveries",
	  "Waits until deliveries that match have come and their calls are over; timed_out is true when the time was "
	  "up "
	  "first.",
	  SCHEMA(FILTER_SCHEMA
		 ",\"count\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":100},\"timeout_s\":{\"type\":"
		 "\"integer\",\"minimum\":1,\"maximum\":600,\"description\":\"30 otherwise\"},"
		 "\"recorded_too\":{\"type\":\"boolean\",\"description\":\"true: what is on record already "
		 "counts, too\"}," SECRETS_SCHEMA,
		 ""),
	  MCP_LINES, "deliveries", false, wait_words },
	{ "replay", "Replay deliveries",
	  "Sends recorded deliveries to the app again, as they were received, and answers with what came of each: a "
	  "new "
	  "delivery with replay_of, its status and state. To this machine only.",
	  SCHEMA("\"ids\":{\"type\":\"array\",\"items\":" ID_SCHEMA
		 ",\"minItems\":1,\"maxItems\":100},\"to\":{\"type\":"
		 "\"string\",\"description\":\"port or URL of this machine, instead of where it "
		 "went\"},\"resign\":{\"type\":"
		 "\"boolean\",\"description\":\"true: signed again with the current time\"},\"secret_file\":{\"type\":"
		 "\"string\",\"description\":\"path of a file with the secret to sign with\"}," SECRETS_SCHEMA,
		 "\"ids\""),
	  MCP_LINES, "deliveries", true, replay_words },
	{ "trigger", "Send a sample webhook",
	  "Sends a signed sample of a provider's webhook, as the provider would, to the tunnel's public URL or to "
	  "`to`: "
	  "stripe.invoice.paid, github.push, shopify.orders/create and many more.",
	  SCHEMA("\"name\":{\"type\":\"string\",\"description\":\"PROVIDER or PROVIDER.EVENT\"},\"to\":{\"type\":"
		 "\"string\",\"description\":\"URL or "
		 "port\"},\"data\":{\"type\":\"object\",\"additionalProperties\":{\"type\":"
		 "[\"string\",\"number\",\"boolean\",\"null\"]},\"description\":\"values to set in the body, by path: "
		 "data.object.amount_paid\"},\"secret_file\":{\"type\":\"string\",\"description\":\"path of a file "
		 "with the "
		 "secret to sign with\"}," SECRETS_SCHEMA,
		 "\"name\""),
	  MCP_ONE, NULL, true, trigger_words },
	{ "verify", "Verify signatures",
	  "Checks signatures against the bytes as they were received, and says why one does not hold: wrong secret, "
	  "changed body, old timestamp, missing header.",
	  SCHEMA(
	      "\"ids\":{\"type\":\"array\",\"items\":" ID_SCHEMA ",\"minItems\":1,\"maxItems\":100},\"secret_file\":"
	      "{\"type\":\"string\",\"description\":\"path of a file with the provider's "
	      "secret\"},\"provider\":{\"type\":"
	      "\"string\"},\"url\":{\"type\":\"string\",\"description\":\"as the sender called it, for those who sign "
	      "it\"}," SECRETS_SCHEMA,
	      "\"ids\",\"secret_file\""),
	  MCP_LINES, "results", false, verify_words },
	{ "diff", "Compare two deliveries",
	  "What differs between two requests: header fields by name, JSON and forms by structure, other text by lines.",
	  SCHEMA("\"a\":" ID_SCHEMA ",\"b\":" ID_SCHEMA ",\"ignore_volatile\":{\"type\":\"boolean\",\"description\":"
		 "\"dates, request ids and signatures do not "
		 "count\"},\"key_order\":{\"type\":\"boolean\"}," SECRETS_SCHEMA,
		 "\"a\",\"b\""),
	  MCP_ONE, NULL, false, diff_words },
	{ "stats", "Statistics",
	  "Counts by outcome over time, how long the app took (p50, p95, p99), by provider, event, path or status, the "
	  "slowest and the largest.",
	  SCHEMA(FILTER_SCHEMA
		 ",\"by\":{\"type\":\"string\",\"enum\":[\"provider\",\"event\",\"path\",\"status\"]}," SECRETS_SCHEMA,
		 ""),
	  MCP_ONE, NULL, false, stats_words },
};

const struct mcp_tool *mcp_tools_at(size_t i)
{
	return i < sizeof tools / sizeof *tools ? &tools[i] : NULL;
}

const struct mcp_tool *mcp_tools_find(const char *name)
{
	for (size_t i = 0; i < sizeof tools / sizeof *tools; i++)
		if (strcmp(tools[i].name, name) == 0)
			return &tools[i];
	return NULL;
}

json_t *mcp_tools_json(void)
{
	json_t *list = json_array();
	for (size_t i = 0; list && i < sizeof tools / sizeof *tools; i++) {
		const struct mcp_tool *t = &tools[i];
		json_t *schema = json_loads(t->schema, 0, NULL);
		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:o, s:{s:b, s:b, s:b}}", "name", t->name,
						      "title", t->title, "description", t->description, "inputSchema",
						      schema, "annotations", "readOnlyHint", !t->writes,
						      "destructiveHint", 0, "openWorldHint", t->writes));
	}
	return json_pack("{s:o}", "tools", list);
}

/* ---- a command ---- */

void mcp_words_free(struct mcp_words *w)
{
	for (size_t i = 0; i < w->count; i++)
		free(w->at[i]);
	w->count = 0;
}

/* One more word; `value` may be NULL. */
static bool add(struct mcp_words *w, const char *option, const char *between, const char *value, struct error *e)
{
	size_t len = strlen(option) + strlen(between) + strlen(value ? value : "") + 1;
	char *word = w->count + 1 < MCP_WORDS ? malloc(len) : NULL;
	if (!word)
		return error_set(e, EXIT_STORE, "out of memory");
	snprintf(word, len, "%s%s%s", option, between, value ? value : "");
	w->at[w->count++] = word;
	w->at[w->count] = NULL;
	return true;
}

static bool wrong(const struct mcp_word *word, const char *what, struct error *e)
{
	return error_set(e, EXIT_USAGE, "the argument %s %s", word->name, what);
}

/* NULL: it is no text, or has a byte 0 in it, which no argument can have. */
static const char *text_in(const json_t *value)
{
	const char *text = json_string_value(value);
	return text && strlen(text) == json_string_length(value) ? text : NULL;
}

/* 50 and 50.0 are the same number to JSON Schema. */
static bool number_in(const json_t *value, int64_t *out)
{
	double real = json_real_value(value);
	bool whole = json_is_real(value) && real >= -1e15 && real <= 1e15 && (double)(int64_t)real == real;
	*out = whole ? (int64_t)real : json_integer_value(value);
	return whole || json_is_integer(value);
}

static bool add_id(struct mcp_words *w, const struct mcp_word *word, const json_t *value, struct error *e)
{
	char number[24];
	const char *text = text_in(value);
	int64_t id;
	if (number_in(value, &id) && id > 0) {
		snprintf(number, sizeof number, "%lld", (long long)id);
		text = number;
	}
	if (!text || !*text || strlen(text) > 40 || strspn(text, "0123456789abcdefABCDEF-") != strlen(text))
		return wrong(word, "takes the number of a delivery or its event id", e);
	return add(w, "", "", text, e);
}

static bool add_ids(struct mcp_words *w, const struct mcp_word *word, json_t *value, struct error *e)
{
	size_t i;
	json_t *id;
	if (!json_is_array(value) || json_array_size(value) < 1 || json_array_size(value) > 100)
		return wrong(word, "takes a list of 1 to 100 deliveries", e);
	json_array_foreach(value, i, id) if (!add_id(w, word, id, e)) return false;
	return true;
}

static bool add_number(struct mcp_words *w, const struct mcp_word *word, const json_t *value, struct error *e)
{
	char text[32];
	int64_t n;
	if (!number_in(value, &n) || n < word->least || n > word->most)
		return error_set(e, EXIT_USAGE, "the argument %s takes a number from %lld to %lld", word->name,
				 (long long)word->least, (long long)word->most);
	snprintf(text, sizeof text, "%lld%s", (long long)n, word->kind == SECONDS ? "s" : "");
	return add(w, word->option, "=", text, e);
}

/* A path of the body, and its value as JSON has it. */
static bool add_value(struct mcp_words *w, const struct mcp_word *word, const char *path, const json_t *value,
		      struct error *e)
{
	char *text = text_in(value) ? strdup(text_in(value)) : json_dumps(value, JSON_ENCODE_ANY);
	size_t len = strlen(path) + strlen(text ? text : "") + 2;
	char *both = text ? malloc(len) : NULL;
	bool fine = false;
	if (!*path || *path == '@' || strchr(path, '='))
		wrong(word, "has a path that is empty, begins with @ or holds =", e);
	else if (json_is_object(value) || json_is_array(value) || (json_is_string(value) && !text_in(value)))
		wrong(word, "takes texts without a byte 0, numbers, true, false and null", e);
	else if (!both)
		error_set(e, EXIT_STORE, "out of memory");
	else {
		snprintf(both, len, "%s=%s", path, text);
		fine = add(w, word->option, "=", both, e);
	}
	free(text);
	free(both);
	return fine;
}

static bool add_values(struct mcp_words *w, const struct mcp_word *word, json_t *value, struct error *e)
{
	const char *path;
	json_t *one;
	if (!json_is_object(value) || json_object_size(value) > 100)
		return wrong(word, "takes an object of at most 100 values", e);
	json_object_foreach(value, path, one) if (!add_value(w, word, path, one, e)) return false;
	return true;
}

static bool add_text(struct mcp_words *w, const struct mcp_word *word, const json_t *value, struct error *e)
{
	const char *text = text_in(value);
	if (!text || !*text)
		return wrong(word, "takes a text without a byte 0", e);
	return add(w, word->option, word->kind == SECRET_FILE ? "=@" : "=", text, e);
}

static bool add_word(struct mcp_words *w, const struct mcp_word *word, json_t *value, struct error *e)
{
	switch (word->kind) {
	case FLAG:
		if (!json_is_boolean(value))
			return wrong(word, "takes true or false", e);
		return !json_is_true(value) || add(w, word->option, "", NULL, e);
	case NUMBER:
	case SECONDS:
		return add_number(w, word, value, e);
	case TEXT:
	case SECRET_FILE:
		return add_text(w, word, value, e);
	case ID:
		return add_id(w, word, value, e);
	case IDS:
		return add_ids(w, word, value, e);
	case FILTER:
	case NAME:
		if (!text_in(value))
			return wrong(word, "takes a text without a byte 0", e);
		return add(w, "", "", text_in(value), e);
	case VALUES:
		return add_values(w, word, value, e);
	case HERE:
		return true;
	}
	return true;
}

static bool is_after_options(enum kind kind)
{
	return kind == ID || kind == IDS || kind == FILTER || kind == NAME;
}

static bool check_names(const struct mcp_tool *t, json_t *arguments, struct error *e)
{
	const char *name;
	json_t *value;
	json_object_foreach(arguments, name, value)
	{
		const struct mcp_word *word = t->words;
		while (word->name && strcmp(word->name, name) != 0)
			word++;
		if (!word->name)
			return error_set(e, EXIT_USAGE, "%s has no argument %.40s", t->name, name);
	}
	return true;
}

bool mcp_tools_words(const struct mcp_tool *t, json_t *arguments, struct mcp_words *out, struct error *e)
{
	bool ended = false;
	*out = (struct mcp_words){ 0 };
	if (!check_names(t, arguments, e) || !add(out, t->name, "", NULL, e) || !add(out, "--json", "", NULL, e))
		return false;
	for (const struct mcp_word *word = t->words; word->name; word++) {
		json_t *value = json_object_get(arguments, word->name);
		if (!value || json_is_null(value)) {
			if (word->wanted)
				return wrong(word, "is missing", e);
			continue;
		}
		if (is_after_options(word->kind) && !ended && !(ended = add(out, "--", "", NULL, e)))
			return false;
		if (!add_word(out, word, value, e))
			return false;
	}
	return true;
}

bool mcp_tools_flag(json_t *arguments, const char *name)
{
	return json_is_true(json_object_get(arguments, name));
}
