#include "tui/questions/sheet_edited.h"

#include <stdio.h>
#include <string.h>

#include "shared/signature/signature.h"
#include "tui/questions/sheet_confirm.h"

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

static struct effect dropped(int64_t id)
{
	return (struct effect){ .kind = EFFECT_EDIT, .edit = { .id = id, .step = EDIT_DROP } };
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
	sheet_warn_far(s, target);
	if (escapes) /* a key that the editor did not know, or a text pasted into it */
		sheet_line_as(s, ROLE_5XX, "%zu ESC byte%s (^[) in it now: a terminal obeys what follows", escapes,
			      escapes == 1 ? "" : "s");
	sheet_choice(s, 's', "send as is: a signature will not verify", EFFECT_SEND)->resign = false;
	if (can_sign)
		sheet_choice(s, 'r', "re-sign and send (configured secret)", EFFECT_SEND)->resign = true;
	sheet_choice(s, 'e', "edit again", EFFECT_EDIT)->edit = (struct effect_edit){ .id = id, .step = EDIT_AGAIN };
	s->otherwise = dropped(id);
}

void sheet_edited_line(struct sheet *s, char sign, struct bytes text)
{
	enum role role = sign == '+' ? ROLE_ADDED : sign == '-' ? ROLE_REMOVED : ROLE_DIM;
	if (s->line_count + 1 == SHEET_LINES)
		sheet_line_as(s, ROLE_OURS, "... and more");
	else if (sign == '@')
		sheet_line_as(s, ROLE_OURS, "%.*s", (int)text.len, (const char *)text.at);
	else
		sheet_line_as(s, role, "%c %.*s", sign, (int)(text.len > 190 ? 190 : text.len), (const char *)text.at);
}

void sheet_edit_wrong(struct sheet *s, int64_t id, const char *trouble, int line)
{
	sheet_begin(s, "the edited request #%lld cannot be sent", (long long)id);
	sheet_line_as(s, ROLE_5XX, "%s", trouble);
	struct effect_edit again = { .id = id, .step = EDIT_AGAIN, .line = line };
	sheet_choice(s, 'e', "edit again", EFFECT_EDIT)->edit = again;
	s->otherwise = dropped(id);
	*sheet_choice(s, 'n', "drop it: nothing is sent", EFFECT_EDIT) = s->otherwise;
}
