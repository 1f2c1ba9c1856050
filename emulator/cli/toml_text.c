#include "base/base.h"

#include "emulator/cli/toml_text.h"

void toml_text(struct buf *out, struct str text)
{
	buf_addc(out, '"');
	for (size_t i = 0; i < text.n; i++) {
		unsigned char b = (unsigned char)text.p[i];
		if (b == '"' || b == '\\')
			buf_printf(out, "\\%c", b);
		else if (b < ' ' || b == 0x7f)
			buf_printf(out, "\\u%04x", b);
		else
			buf_addc(out, (char)b);
	}
	buf_addc(out, '"');
}
