#include "relay/commands/status_print.h"

#include "relay/control/control_ask.h"
#include "shared/text/text_figures.h"

#include <string.h>

static const char *text_at(const json_t *row, const char *key)
{
	const char *text = json_string_value(json_object_get(row, key));
	return text ? text : "";
}

static uint64_t number_at(const json_t *row, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(row, key));
}

/* A time to the second: "2026-11-29 16:05:12Z". */
static void print_time(FILE *out, const char *before, const char *time)
{
	if (strlen(time) < 19)
		return;
	fprintf(out, "%s%.10s %.8sZ", before, time, time + 11);
}

static void print_waiting(FILE *out, const json_t *row)
{
	char size[TEXT_FIGURE_LEN];
	uint64_t count = number_at(row, "waiting");
	text_size(size, number_at(row, "waiting_bytes"));
	if (count)
		fprintf(out, "  %llu %s (%s)", (unsigned long long)count,
			text_plural(count, "delivery waits", "deliveries wait"), size);
}

/* Of a relay that has none, or is of a version that does not say: nothing. */
static void print_certificate(FILE *out, const json_t *certificate)
{
	if (!json_is_object(certificate))
		return;
	fprintf(out, "\ncertificate %s",
		json_is_true(json_object_get(certificate, "self_signed")) ? "signed by itself"
									  : text_at(certificate, "issuer"));
	print_time(out, json_is_true(json_object_get(certificate, "expired")) ? ", expired " : ", until ",
		   text_at(certificate, "ends"));
}

void status_print_tunnels(FILE *out, const json_t *status)
{
	size_t i, k;
	json_t *t, *peer;
	json_array_foreach(json_object_get(status, "tunnels"), i, t)
	{
		const char *owner = text_at(t, "owner");
		fprintf(out, "%-24s  %-7s  %-16s", text_at(t, "name"), text_at(t, "state"), *owner ? owner : "-");
		json_array_foreach(json_object_get(t, "peers"), k, peer)
		    fprintf(out, "%s%s", k ? ", " : "  ", json_string_value(peer));
		print_time(out, "  last seen ", text_at(t, "seen"));
		print_waiting(out, t);
		fputc('\n', out);
	}
}

/* One line a token. */
static void print_tokens(FILE *out, const json_t *status)
{
	size_t i;
	json_t *t;
	json_array_foreach(json_object_get(status, "tokens"), i, t)
	{
		const char *used = text_at(t, "used");
		uint64_t names = number_at(t, "names");
		fprintf(out, "%-24s  %-16s  %llu tunnel %s  ", text_at(t, "name"), text_at(t, "tunnels"),
			(unsigned long long)names, text_plural(names, "name", "names"));
		print_time(out, "last used ", used);
		fputs(*used ? "\n" : "never used\n", out);
	}
}

void status_print(FILE *out, const json_t *status)
{
	const char *state = text_at(status, "state");
	uint64_t connections = number_at(status, "connections"), in_flight = number_at(status, "in_flight");
	fprintf(out, "%s %s",
		strcmp(state, "draining") == 0    ? "ending"
		: strcmp(state, "disk_full") == 0 ? "the disk of the data folder is full;"
						  : "serving",
		text_at(status, "url"));
	print_time(out, " since ", text_at(status, "since"));
	fprintf(out, ", creel-relay %s\n%llu %s, %llu %s", text_at(status, "version"), (unsigned long long)connections,
		text_plural(connections, "connection", "connections"), (unsigned long long)in_flight,
		text_plural(in_flight, "delivery under way", "deliveries under way"));
	print_waiting(out, status);
	print_certificate(out, json_object_get(status, "certificate"));
	fputs("\n\nTunnels:\n", out);
	status_print_tunnels(out, status);
	if (json_array_size(json_object_get(status, "tunnels")) == 0)
		fputs("none\n", out);
	fputs("\nTokens:\n", out);
	print_tokens(out, status);
	if (json_array_size(json_object_get(status, "tokens")) == 0)
		fputs("none: open to this machine alone\n", out);
}

json_t *status_ask(const char *data, struct buffer *text, struct error *e)
{
	if (control_ask(data, "status", text, e) != CONTROL_OK)
		return NULL;
	json_t *status = json_loadb((const char *)text->at, text->len, 0, NULL);
	if (!status)
		error_set(e, EXIT_NO, "the relay of %s gave an answer that cannot be read: is it of another version?",
			  data);
	return status;
}
