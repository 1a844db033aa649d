#include "tui/views/quick.h"

#include <string.h>

#include "shared/filter/filter_text.h"

bool quick_shows(const struct ui *ui)
{
	return ui->quick[0] && strcmp(ui->filter, ui->quick) == 0;
}

bool quick_take(struct ui *ui, struct buffer *text, struct effect *out)
{
	if (!buffer_put_u8(text, 0)) {
		effect_say(out, "out of memory for another filter");
		return false;
	}
	if (text->len > sizeof ui->quick) {
		effect_say(out, "the filter is too long for more: Esc drops it");
		return false;
	}
	if (!quick_shows(ui))
		memcpy(ui->before_quick, ui->filter, sizeof ui->before_quick);
	memcpy(ui->quick, text->at, text->len);
	effect_filter(out, ui->quick);
	return true;
}

void quick_drop(struct ui *ui, struct effect *out)
{
	effect_filter(out, ui->before_quick);
	ui->quick[0] = '\0';
}

bool quick_narrow(const struct ui *ui, const char *term, struct buffer *text)
{
	return filter_text_narrow(text, ui->filter, term, ui->now_us);
}
