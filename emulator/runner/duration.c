#include "base/base.h"
#include "emulator/runner/duration.h"

#define NS_S ((int64_t)1000000000)

static const struct {
	const char *name;
	int64_t ns;
} units[] = {{"ns", 1}, {"us", 1000}, {"\xc2\xb5s", 1000}, {"\xce\xbcs", 1000}, {"ms", 1000000},
	{"s", NS_S}, {"m", 60 * NS_S}, {"h", 3600 * NS_S}};

/* One "NUMBERunit"; the rest of text stays in *text. */
static bool one(struct str *text, int64_t *ns)
{
	struct str unit;
	double value;
	size_t i = 0, j;

	while (i < text->n && (isdigit((unsigned char)text->p[i]) || text->p[i] == '.'))
		i++;
	if (!i || !parse_double(str_sub(*text, 0, i), &value))
		return false;
	j = i;
	while (j < text->n && !isdigit((unsigned char)text->p[j]) && text->p[j] != '.')
		j++;
	unit = str_sub(*text, i, j);
	*text = str_from(*text, j);
	for (i = 0; i < ARRAY_SIZE(units); i++)
		if (str_is(unit, units[i].name)) {
			value *= (double)units[i].ns;
			if (value > 9e18 - (double)*ns)
				return false;
			*ns += (int64_t)(value + 0.5);
			return true;
		}
	return false;
}

bool go_duration_parse(struct str text, int64_t *ns)
{
	bool minus = text.n && text.p[0] == '-';
	int64_t sum = 0;

	if (text.n && (text.p[0] == '-' || text.p[0] == '+'))
		text = str_from(text, 1);
	if (!text.n)
		return false;
	if (!str_is(text, "0"))
		while (text.n)
			if (!one(&text, &sum))
				return false;
	*ns = minus ? -sum : sum;
	return true;
}

/* Seconds with a fraction where there is one, without zeros at its end. */
static void put_seconds(char *buf, size_t size, int64_t ns)
{
	char *end;

	if (ns % NS_S == 0) {
		snprintf(buf, size, "%" PRId64 "s", ns / NS_S);
		return;
	}
	snprintf(buf, size, "%" PRId64 ".%09" PRId64, ns / NS_S, ns % NS_S);
	end = buf + strlen(buf);
	while (end > buf && end[-1] == '0')
		*--end = '\0';
	if ((size_t)(end - buf) + 2 <= size) {
		end[0] = 's';
		end[1] = '\0';
	}
}

const char *go_duration_text(int64_t ns, char *buf, size_t size)
{
	const char *sign = ns < 0 ? "-" : "";
	char seconds[40];
	int64_t s;

	if (ns < 0)
		ns = -ns;
	s = ns / NS_S;
	put_seconds(seconds, sizeof(seconds), ns - s / 60 * 60 * NS_S);
	if (s >= 3600)
		snprintf(buf, size, "%s%" PRId64 "h%" PRId64 "m%s", sign, s / 3600, s / 60 % 60,
			seconds);
	else if (s >= 60)
		snprintf(buf, size, "%s%" PRId64 "m%s", sign, s / 60, seconds);
	else
		snprintf(buf, size, "%s%s", sign, seconds);
	return buf;
}
