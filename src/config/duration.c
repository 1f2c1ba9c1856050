#include "base/base.h"

#include "config/duration.h"

enum unit { SECOND, MINUTE, HOUR, DAY, WEEK, MONTH, YEAR, UNITS };

static const double unit_seconds[UNITS] = {1, 60, 3600, 86400, 604800, 2592000, 31557600};

/* The words of each unit, blank-separated. */
static const char *const unit_words[UNITS] = {
	"s sec secs second seconds",
	"m min mins minute minutes",
	"h hr hrs hour hours",
	"d dy day days",
	"w wk wks week weeks",
	"mo mon mos month months",
	"y yr yrs year years",
};

/* Number words; "hundred" and the like multiply what stands before them. */
static const struct {
	const char *word;
	int value;
} numbers[] = {
	{"zero", 0},
	{"one", 1},
	{"two", 2},
	{"three", 3},
	{"four", 4},
	{"five", 5},
	{"six", 6},
	{"seven", 7},
	{"eight", 8},
	{"nine", 9},
	{"ten", 10},
	{"eleven", 11},
	{"twelve", 12},
	{"thirteen", 13},
	{"fourteen", 14},
	{"fifteen", 15},
	{"sixteen", 16},
	{"seventeen", 17},
	{"eighteen", 18},
	{"nineteen", 19},
	{"twenty", 20},
	{"thirty", 30},
	{"forty", 40},
	{"fifty", 50},
	{"sixty", 60},
	{"seventy", 70},
	{"eighty", 80},
	{"ninety", 90},
	{"hundred", -100},
	{"thousand", -1000},
	{"million", -1000000},
};

struct scan {
	struct str s;
	size_t at;
	double total;
	double small, large; /* of number words: below and above the last multiplier */
	double pending;
	bool has_pending, has_words;
};

static bool is_word(struct str s, const char *list)
{
	struct str_split it = str_split(str_c(list), ' ');
	struct str word;

	while (str_split_next(&it, &word))
		if (str_ieq(word, s))
			return true;
	return false;
}

static bool end_number_words(struct scan *x)
{
	if (!x->has_words)
		return true;
	if (x->has_pending)
		return false;
	x->pending = x->large + x->small;
	x->has_pending = true;
	x->has_words = false;
	x->small = x->large = 0;
	return true;
}

/* "one hundred twenty": false when the word is no number. */
static bool take_number_word(struct scan *x, struct str word)
{
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		if (!str_ieq(word, str_c(numbers[i].word)))
			continue;
		x->has_words = true;
		if (numbers[i].value >= 0) {
			x->small += numbers[i].value;
		} else if (numbers[i].value == -100) {
			x->small = (x->small > 0 ? x->small : 1) * 100;
		} else {
			x->large += (x->small > 0 ? x->small : 1) * -numbers[i].value;
			x->small = 0;
		}
		return true;
	}
	return false;
}

static bool take_word(struct scan *x)
{
	size_t from = x->at;
	struct str word;

	while (x->at < x->s.n && isalpha((unsigned char)x->s.p[x->at]))
		x->at++;
	word = str_sub(x->s, from, x->at);
	if (take_number_word(x, word))
		return true;
	if (!end_number_words(x))
		return false;
	for (int u = 0; u < UNITS; u++) {
		if (!is_word(word, unit_words[u]))
			continue;
		if (!x->has_pending)
			return false;
		x->total += x->pending * unit_seconds[u];
		x->has_pending = false;
		return true;
	}
	return is_word(word, "and with plus");
}

/* Digits with an optional fraction. */
static bool take_digits(struct scan *x, double *out)
{
	double value = 0, scale = 1;
	bool any = false;

	for (; x->at < x->s.n && isdigit((unsigned char)x->s.p[x->at]); x->at++, any = true)
		value = value * 10 + (x->s.p[x->at] - '0');
	if (x->at < x->s.n && x->s.p[x->at] == '.') {
		for (x->at++; x->at < x->s.n && isdigit((unsigned char)x->s.p[x->at]); x->at++) {
			scale /= 10;
			value += (x->s.p[x->at] - '0') * scale;
			any = true;
		}
	}
	*out = value;
	return any;
}

/* M:S, H:M:S, D:H:M:S; further parts are months and years. */
static bool take_clock(struct scan *x, double first)
{
	static const enum unit units[] = {SECOND, MINUTE, HOUR, DAY, MONTH, YEAR};
	double parts[ARRAY_SIZE(units)] = {first};
	size_t n = 1;

	while (x->at < x->s.n && x->s.p[x->at] == ':') {
		x->at++;
		if (n == ARRAY_SIZE(units) || !take_digits(x, &parts[n++]))
			return false;
	}
	for (size_t i = 0; i < n; i++)
		x->total += parts[i] * unit_seconds[units[n - 1 - i]];
	return true;
}

static bool take_number(struct scan *x)
{
	double value;

	if (!end_number_words(x) || x->has_pending || !take_digits(x, &value))
		return false;
	if (x->at < x->s.n && x->s.p[x->at] == ':')
		return take_clock(x, value);
	x->pending = value;
	x->has_pending = true;
	return true;
}

bool duration_parse(struct str text, int64_t *seconds)
{
	struct scan x = {.s = str_trim(text)};

	while (x.at < x.s.n) {
		unsigned char c = (unsigned char)x.s.p[x.at];

		if (isspace(c) || c == ',') {
			x.at++;
		} else if (isalpha(c)) {
			if (!take_word(&x))
				return false;
		} else if (!take_number(&x)) {
			return false;
		}
	}
	if (!end_number_words(&x))
		return false;
	/* A number at the end without a unit is in seconds. */
	if (x.has_pending)
		x.total += x.pending;
	if (!(x.total > 0) || x.total > 9e15)
		return false;
	*seconds = MAX((int64_t)x.total, (int64_t)1);
	return true;
}
