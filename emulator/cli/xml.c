#include "base/base.h"

#include "emulator/cli/xml.h"

void xml_text(struct buf *out, struct str s, bool lines)
{
	for (size_t i = 0; i < s.n; i++) {
		switch (s.p[i]) {
		case '<':
			buf_adds(out, "&lt;");
			break;
		case '>':
			buf_adds(out, "&gt;");
			break;
		case '&':
			buf_adds(out, "&amp;");
			break;
		case '"':
			buf_adds(out, "&quot;");
			break;
		case '\n':
			buf_addc(out, lines ? '\n' : ' ');
			break;
		default:
			buf_addc(out, (unsigned char)s.p[i] < ' ' ? ' ' : s.p[i]);
		}
	}
}
