#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "shared/signature/signature.h"
#include "tui/views/view_sheet.h"

/* "localhost:3000", "http://127.0.0.1/", "[::1]:3000", "unix:/run/app": the host as a view. */
static struct bytes host_of(const char *target)
{
	const char *from = strstr(target, "://");
	from = from ? from + 3 : target;
	if (*from == '[') {
		from++;
		return bytes_make(from, strcspn(from, "]"));
	}
	return bytes_make(from, strcspn(from, ":/?#"));
}

bool target_is_local(const char *target)
{
	static const char *const names[] = { "localhost", "::1", "unix", "0.0.0.0" };
	struct bytes host = host_of(target);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (bytes_equal_nocase(host, names[i]))
			return true;
	size_t digits = 0;
	while (digits < host.len && ((host.at[digits] >= '0' && host.at[digits] <= '9') || host.at[digits] == '.'))
		digits++;
	if (host.len > 4 && digits == host.len && memcmp(host.at, "127.", 4) == 0)
		return true;
	static const char end[] = ".localhost"; /* RFC 6761 §6.3 */
	size_t len = sizeof end - 1;
	return host.len > len && strncasecmp((const char *)host.at + host.len - len, end, len) == 0;
}

void export_propose(char *out, size_t room, enum export_format format, const int64_t *ids, size_t count)
{
	static const char *const ends[EXPORT_COUNT] = { [EXPORT_CURL] = "sh",
							[EXPORT_HAR] = "har",
							[EXPORT_NDJSON] = "ndjson",
							[EXPORT_HTTP] = "http",
							[EXPORT_BODY] = "body" };
	if (count > 1)
		snprintf(out, room, "creel-%lld-%lld.%s", (long long)ids[0], (long long)ids[count - 1], ends[format]);
	else
		snprintf(out, room, "creel-%lld.%s", count ? (long long)ids[0] : 0LL, ends[format]);
}

static void warn_far(struct sheet *s, const char *target)
{
	if (target[0] && !target_is_local(target))
		sheet_line_as(s, ROLE_5XX, "not on this machine: %s", target);
}

/* Whether somebody here knows the provider's secret; of a provider that is not known, whether any secret is. */
static bool knows_secret(const struct ui *ui, struct bytes provider)
{
	char wanted[32], name[32];
	const char *names = ui->client.secrets;
	if (!provider.len)
		return *names != '\0';
	if (provider.len >= sizeof wanted)
		return false;
	memcpy(wanted, provider.at, provider.len);
	wanted[provider.len] = '\0';
	const struct signature_provider *p = signature_find(wanted);
	while (p && *names) {
		size_t len = strcspn(names, " ");
		snprintf(name, sizeof name, "%.*s", (int)len, names);
		const struct signature_provider *known = signature_find(name);
		if (known && signature_kin(p, known))
			return true;
		names += len + (names[len] == ' ');
	}
	return false;
}

/* What is missing to sign it. */
static void say_no_secret(struct sheet *s, int64_t id, struct bytes provider)
{
	char text[200];
	if (provider.len)
		snprintf(text, sizeof text, "#%lld is %.*s's, and its secret is not known: --secret %.*s=@FILE",
			 (long long)id, (int)provider.len, (const char *)provider.at, (int)provider.len,
			 (const char *)provider.at);
	else
		snprintf(text, sizeof text, "no secret is known to sign with: --secret PROVIDER=@FILE");
	sheet_sentence(s, ROLE_DIM, text);
}

void sheet_replay(struct sheet *s, const struct ui *ui, size_t count, size_t stale, const char *which)
{
	const char *target = ui->client.target;
	char number[WORDS_LEN];
	words_count(number, count);
	if (strcmp(which, "marked") == 0)
		sheet_begin(s, "replay %s marked", number);
	else
		sheet_begin(s, "replay %s %s", number, which);
	warn_far(s, target);
	if (ui->client.running && target[0])
		sheet_line(s, "to %s, a few at a time, as fast as it answers", target);
	else
		sheet_line(s, "to where each went before, a few at a time, as fast as it answers");
	sheet_line_as(s, ROLE_DIM, "each becomes a delivery of its own; X stops what is not sent yet");
	if (stale)
		sheet_line_as(s, ROLE_5XX, "%zu %s signed too long ago for their providers' libraries", stale,
			      stale == 1 ? "was" : "were");
	struct effect *e = sheet_choice(s, 'y', "send them", EFFECT_REPLAY);
	e->flag = true;
	e->other = IDS_KEPT;
	sheet_choice(s, 'n', "do not", EFFECT_NONE);
}

void sheet_stale(struct sheet *s, const struct ui *ui, int64_t id, const char *why)
{
	char text[200];
	snprintf(text, sizeof text, "it was %s", why);
	sheet_begin(s, "replay #%lld", (long long)id);
	warn_far(s, ui->client.target);
	sheet_sentence(s, ROLE_5XX, text);
	struct effect *e = sheet_choice(s, 'r', "sign anew and send (configured secret)", EFFECT_REPLAY);
	e->id = id;
	e->number = 1;
	e->flag = true;
	e = sheet_choice(s, 's', "send as it is", EFFECT_REPLAY);
	e->id = id;
	e->flag = true;
	sheet_choice(s, 'n', "do not", EFFECT_NONE);
}

void sheet_delete(struct sheet *s, const int64_t *ids, size_t count)
{
	if (count == 1)
		sheet_begin(s, "delete #%lld", (long long)ids[0]);
	else
		sheet_begin(s, "delete %zu deliveries, #%lld to #%lld", count, (long long)ids[0],
			    (long long)ids[count - 1]);
	sheet_line_as(s, ROLE_5XX, "gone for good: request, answers, attempts; nothing brings them back");
	/* Enter alone destroys nothing. */
	sheet_choice(s, 'n', "keep", EFFECT_NONE);
	struct effect *e = sheet_choice(s, 'y', "delete", EFFECT_DELETE);
	e->flag = true;
	e->other = IDS_KEPT;
}

void sheet_overwrite(struct sheet *s, const struct effect *export)
{
	sheet_begin(s, "%.150s is there already", export->text);
	struct effect *e = sheet_choice(s, 'a', "another name", EFFECT_ASK_PATH);
	*e = *export;
	e->kind = EFFECT_ASK_PATH;
	e = sheet_choice(s, 'o', "write over it", EFFECT_EXPORT);
	*e = *export;
	e->kind = EFFECT_EXPORT;
	e->flag = true;
}

void sheet_edited(struct sheet *s, const struct ui *ui, int64_t id, struct bytes provider, size_t escapes,
		  const char *trouble)
{
	bool can_sign = knows_secret(ui, provider);
	const char *target = ui->client.target;
	sheet_begin(s, "send #%lld edited%s%s", (long long)id, *target ? " to " : "", target);
	if (trouble)
		sheet_sentence(s, ROLE_5XX, trouble);
	else if (!can_sign)
		say_no_secret(s, id, provider);
	warn_far(s, target);
	if (escapes) /* a key that the editor did not know, or a text pasted into it */
		sheet_line_as(s, ROLE_5XX, "%zu ESC byte%s (^[) in it now: a terminal obeys what follows", escapes,
			      escapes == 1 ? "" : "s");
	struct effect *e = sheet_choice(s, 's', "send as is: a signature will not verify", EFFECT_SEND);
	e->id = id;
	if (can_sign) {
		e = sheet_choice(s, 'r', "sign anew and send (configured secret)", EFFECT_SEND);
		e->id = id;
		e->flag = true;
	}
	e = sheet_choice(s, 'e', "edit again", EFFECT_EDIT);
	e->id = id;
	e->number = EDIT_AGAIN;
	s->otherwise = (struct effect){ .kind = EFFECT_EDIT, .id = id, .number = EDIT_DROP };
}

void sheet_edited_line(struct sheet *s, char mark, struct bytes text)
{
	enum role role = mark == '+' ? ROLE_ADDED : mark == '-' ? ROLE_REMOVED : ROLE_DIM;
	if (s->line_count + 1 == SHEET_LINES)
		sheet_line_as(s, ROLE_MARK, "... and more");
	else if (mark == '@')
		sheet_line_as(s, ROLE_MARK, "%.*s", (int)text.len, (const char *)text.at);
	else
		sheet_line_as(s, role, "%c %.*s", mark, (int)(text.len > 190 ? 190 : text.len), (const char *)text.at);
}

void sheet_edit_wrong(struct sheet *s, int64_t id, const char *trouble, int line)
{
	sheet_begin(s, "the edited request #%lld cannot be sent", (long long)id);
	sheet_line_as(s, ROLE_5XX, "%s", trouble);
	struct effect *e = sheet_choice(s, 'e', "edit again", EFFECT_EDIT);
	e->id = id;
	e->number = EDIT_AGAIN;
	e->other = line;
	s->otherwise = (struct effect){ .kind = EFFECT_EDIT, .id = id, .number = EDIT_DROP };
	e = sheet_choice(s, 'n', "drop it: nothing is sent", EFFECT_EDIT);
	*e = s->otherwise;
}
