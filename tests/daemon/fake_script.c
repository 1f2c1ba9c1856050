#include "base/base.h"
#include "tests/daemon/fake_script.h"

/* What is collected until the rule is complete: head and body become one or more sends. */
struct draft {
	struct fake_script *script;
	struct fake_rule *rule; /* NULL: before the first rule */
	unsigned status;
	struct buf headers, body;
	uint64_t length;
	bool has_length, chunked, open_end, upgraded, raw, head_done;
};

static struct str unescape(struct arena *a, struct str in)
{
	struct buf out = BUF_INIT;
	struct str copy;

	for (size_t i = 0; i < in.n; i++) {
		char next = i + 1 < in.n ? in.p[i + 1] : '\0', hex[3] = {0};

		if (in.p[i] != '\\' || !next) {
			buf_addc(&out, in.p[i]);
			continue;
		}
		i++;
		if (next == 'x' && i + 2 < in.n) {
			memcpy(hex, in.p + i + 1, 2);
			buf_addc(&out, (char)strtoul(hex, NULL, 16));
			i += 2;
		} else {
			buf_addc(&out, next == 'n'   ? '\n'
				       : next == 'r' ? '\r'
				       : next == 't' ? '\t'
						     : next);
		}
	}
	copy = arena_str(a, buf_str(&out));
	buf_release(&out);
	return copy;
}

static void add_op(struct draft *d, enum fake_verb verb, struct str text, uint64_t number)
{
	struct fake_op op = {verb, text, number};

	vec_push_in(&d->script->arena, &d->rule->ops, op);
}

static void add_send(struct draft *d, struct buf *b)
{
	add_op(d, FAKE_SEND, arena_str(&d->script->arena, buf_str(b)), 0);
	buf_release(b);
}

static void write_head(struct draft *d)
{
	struct buf b = BUF_INIT;

	if (d->head_done || d->raw)
		return;
	d->head_done = true;
	buf_printf(&b, "HTTP/1.1 %u Scripted\r\n", d->upgraded ? 101 : d->status);
	buf_addstr(&b, buf_str(&d->headers));
	if (d->upgraded)
		buf_adds(&b, "Content-Type: application/vnd.docker.raw-stream\r\n"
			     "Connection: Upgrade\r\nUpgrade: tcp\r\n");
	else if (d->chunked || d->open_end)
		buf_adds(&b, "Transfer-Encoding: chunked\r\n");
	else if (d->status != 204 && d->status != 304)
		buf_printf(&b, "Content-Length: %" PRIu64 "\r\n",
			d->has_length ? d->length : d->body.n);
	buf_adds(&b, "\r\n");
	add_send(d, &b);
}

static void end_rule(struct draft *d)
{
	struct buf end = BUF_INIT;

	if (!d->rule)
		return;
	write_head(d);
	if (d->body.n)
		add_send(d, &d->body);
	if (d->chunked && !d->open_end) {
		buf_adds(&end, "0\r\n\r\n");
		add_send(d, &end);
	}
	buf_release(&d->headers);
	buf_release(&d->body);
}

static bool begin_rule(struct draft *d, struct str rest)
{
	struct fake_rule rule = {.left = -1};
	size_t space = str_chr(rest, ' ');

	end_rule(d);
	if (space == STR_NPOS)
		return false;
	rule.method = arena_str(&d->script->arena, str_sub(rest, 0, space));
	rule.pattern = arena_str(&d->script->arena, str_trim(str_from(rest, space)));
	vec_push_in(&d->script->arena, &d->script->rules, rule);
	*d = (struct draft){
		.script = d->script,
		.rule = &d->script->rules.v[d->script->rules.n - 1],
		.status = 200,
		.headers = BUF_INIT,
		.body = BUF_INIT,
	};
	return true;
}

/* Sends come after the head, in the order of the script; so do the waits between them. */
static void add_text(struct draft *d, struct str verb, struct str text)
{
	struct buf b = BUF_INIT;
	uint32_t n = (uint32_t)text.n;

	if (str_is(verb, "chunk")) {
		d->chunked = true;
		buf_printf(&b, "%zx\r\n", text.n);
		buf_addstr(&b, text);
		buf_adds(&b, "\r\n");
	} else if (str_is(verb, "raw")) {
		d->raw = !d->head_done && !d->upgraded;
		buf_addstr(&b, text);
	} else {
		char head[8] = {text.p[0] - '0', 0, 0, 0};

		text = str_from(text, 2);
		n = (uint32_t)text.n;
		head[4] = (char)(n >> 24);
		head[5] = (char)(n >> 16);
		head[6] = (char)(n >> 8);
		head[7] = (char)n;
		buf_add(&b, head, sizeof(head));
		buf_addstr(&b, text);
	}
	write_head(d);
	add_send(d, &b);
}

static bool read_numbers(struct draft *d, struct str verb, struct str rest, bool *known)
{
	uint64_t n = 0;

	*known = str_is(verb, "times") || str_is(verb, "status") || str_is(verb, "length") ||
		 str_is(verb, "split") || str_is(verb, "delay");
	if (!*known || !parse_u64(rest, &n))
		return false;
	if (str_is(verb, "times"))
		d->rule->left = (int64_t)n;
	else if (str_is(verb, "status"))
		d->status = (unsigned)n;
	else if (str_is(verb, "length"))
		d->has_length = true, d->length = n;
	else if (str_is(verb, "delay") && (d->upgraded || d->open_end))
		write_head(d), add_op(d, FAKE_DELAY, STR_NULL, n);
	else
		add_op(d, str_is(verb, "split") ? FAKE_SPLIT : FAKE_DELAY, STR_NULL, n);
	return true;
}

static bool read_flags(struct draft *d, struct str verb)
{
	static const struct {
		const char *name;
		enum fake_verb verb;
	} ends[] = {{"echo", FAKE_ECHO}, {"stall", FAKE_STALL}, {"reset", FAKE_RESET},
		{"close", FAKE_CLOSE}};

	if (str_is(verb, "open")) {
		d->open_end = true;
		return true;
	}
	if (str_is(verb, "upgrade")) {
		d->upgraded = true;
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		if (!str_is(verb, ends[i].name))
			continue;
		/* A rule that only stalls or resets says nothing at all. */
		if (d->status != 200 || d->headers.n || d->body.n || d->open_end || d->upgraded)
			write_head(d);
		if (d->body.n)
			add_send(d, &d->body);
		d->raw = true;
		add_op(d, ends[i].verb, STR_NULL, 0);
		return true;
	}
	return false;
}

static bool read_line(struct draft *d, struct str line)
{
	size_t space = str_chr(line, ' ');
	struct str verb = str_sub(line, 0, MIN(space, line.n));
	struct str rest = space == STR_NPOS ? STR_NULL : str_from(line, space + 1);
	bool known;

	if (str_is(verb, "on"))
		return begin_rule(d, rest);
	if (!d->rule)
		return false;
	if (read_numbers(d, verb, rest, &known))
		return true;
	if (known)
		return false;
	rest = unescape(&d->script->arena, rest);
	if (str_is(verb, "header")) {
		buf_addstr(&d->headers, rest);
		buf_adds(&d->headers, "\r\n");
		return true;
	}
	if (str_is(verb, "body")) {
		buf_addstr(&d->body, rest);
		return true;
	}
	if (str_is(verb, "chunk") || str_is(verb, "raw") ||
		(str_is(verb, "frame") && rest.n >= 2)) {
		add_text(d, verb, rest);
		return true;
	}
	return read_flags(d, verb);
}

unsigned fake_script_parse(struct fake_script *s, struct str text)
{
	struct str_split lines = str_split(text, '\n');
	struct draft d = {.script = s, .headers = BUF_INIT, .body = BUF_INIT};
	unsigned number = 0, bad = 0;
	struct str line;

	memset(s, 0, sizeof(*s));
	while (!bad && str_split_next(&lines, &line)) {
		number++;
		line = str_trim(line);
		if (line.n && line.p[0] != '#' && !read_line(&d, line))
			bad = number;
	}
	end_rule(&d);
	return bad;
}

void fake_script_release(struct fake_script *s)
{
	arena_release(&s->arena);
}

static bool matches(struct str pattern, struct str text)
{
	size_t star = str_chr(pattern, '*');

	if (star == STR_NPOS)
		return str_eq(pattern, text);
	if (!str_starts(text, str_sub(pattern, 0, star)))
		return false;
	for (size_t i = star; i <= text.n; i++)
		if (matches(str_from(pattern, star + 1), str_from(text, i)))
			return true;
	return false;
}

struct fake_rule *fake_script_match(struct fake_script *s, struct str method, struct str path)
{
	vec_each (struct fake_rule *, rule, &s->rules) {
		if (!rule->left || !str_eq(rule->method, method) || !matches(rule->pattern, path))
			continue;
		if (rule->left > 0)
			rule->left--;
		return rule;
	}
	return NULL;
}
