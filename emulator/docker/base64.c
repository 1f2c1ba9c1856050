#include "base/base.h"
#include "emulator/docker/base64.h"

static int digit_value(char ch)
{
	if (ch >= 'A' && ch <= 'Z')
		return ch - 'A';
	if (ch >= 'a' && ch <= 'z')
		return ch - 'a' + 26;
	if (ch >= '0' && ch <= '9')
		return ch - '0' + 52;
	if (ch == '+' || ch == '-')
		return 62;
	return ch == '/' || ch == '_' ? 63 : -1;
}

bool base64_decode(struct buf *out, struct str in)
{
	unsigned bits = 0, have = 0;

	for (size_t i = 0; i < in.n; i++) {
		int d = digit_value(in.p[i]);

		if (in.p[i] == '=')
			return true;
		if (d < 0)
			return false;
		bits = bits << 6 | (unsigned)d;
		have += 6;
		if (have >= 8) {
			have -= 8;
			buf_addc(out, (char)(bits >> have & 0xff));
		}
	}
	return true;
}

void base64url_encode(struct buf *out, struct str in)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

	for (size_t i = 0; i < in.n; i += 3) {
		size_t n = MIN(in.n - i, (size_t)3);
		unsigned v = (unsigned)(unsigned char)in.p[i] << 16;

		if (n > 1)
			v |= (unsigned)(unsigned char)in.p[i + 1] << 8;
		if (n > 2)
			v |= (unsigned char)in.p[i + 2];
		buf_addc(out, digits[v >> 18 & 63]);
		buf_addc(out, digits[v >> 12 & 63]);
		buf_addc(out, n > 1 ? digits[v >> 6 & 63] : '=');
		buf_addc(out, n > 2 ? digits[v & 63] : '=');
	}
}
