#include "base/base.h"

#include "emulator/cli/options.h"
#include "emulator/runner/docker_values.h"
#include "config/duration.h"

#define GLOBAL  UINT32_MAX
#define C(name) (UINT32_C(1) << CMD_##name)
#define PIPELINE                                                                              \
	(C(run) | C(watch) | C(list) | C(lint) | C(expand) | C(diff) | C(explain) | C(vars) | \
		C(shell) | C(images) | C(graph) | C(doctor) | C(lock) | C(outdated))

static const struct opt_def table[] = {
#define OPT(id, letter, name, arg, flags, complete, choices, cmds, help) \
	{OPT_##id, letter, name, arg, flags, complete, choices, cmds, help},
#include "emulator/cli/options.def"
#undef OPT
};

static const char *const cmd_names[] = {
#define CMD(name) #name,
#include "emulator/cli/commands.def"
#undef CMD
};

_Static_assert(CMD_COUNT <= 32, "a command is one bit of opt_def.cmds");

const struct opt_def *opt_table(size_t *n)
{
	*n = ARRAY_SIZE(table);
	return table;
}

const char *cmd_id_name(int cmd)
{
	return cmd_names[cmd];
}

int cmd_id_find(struct str name)
{
	for (size_t i = 0; i < ARRAY_SIZE(cmd_names); i++)
		if (str_is(name, cmd_names[i]))
			return (int)i;
	return -1;
}

static bool takes(const struct opt_def *d, int cmd)
{
	return cmd < 0 || opt_is_global(d) || (d->cmds >> cmd & 1);
}

const struct opt_def *opt_find(struct str name, int cmd)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (str_is(name, table[i].name) && takes(&table[i], cmd))
			return &table[i];
	return NULL;
}

static const struct opt_def *find_letter(char letter)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (table[i].letter == letter)
			return &table[i];
	return NULL;
}

static void push(struct options *o, struct arena *a, struct opt_value v)
{
	vec_push_in(a, o, v);
}

/* What is being parsed. */
struct scan {
	struct options *o;
	struct arena *a;
	struct buf *err;
	int argc, at;
	char *const *argv;
	size_t before; /* so many options before the COMMAND of `shell`; SIZE_MAX: there is none */
};

static int fail(struct buf *err, const char *fmt, ...) PRINTF_LIKE(2, 3);
static int fail(struct buf *err, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	buf_vprintf(err, fmt, ap);
	va_end(ap);
	return -1;
}

/* One that is nearly what was typed, or begins with it. */
static const struct str *near_option(struct str name, const struct str *names, size_t n)
{
	const struct str *near = str_nearest(name, names, n);
	for (size_t i = 0; i < n && !near && name.n > 1; i++)
		if (str_starts(names[i], name))
			near = &names[i];
	return near;
}

/* Whose option it is: "; 'run' and 'shell' take it". */
static void tell_takers(struct buf *err, struct str name)
{
	const char *who[CMD_COUNT];
	size_t n = 0;
	for (int cmd = 0; cmd < CMD_COUNT; cmd++) {
		const struct opt_def *d = opt_find(name, cmd);
		if (d && !(d->flags & OPTF_HIDDEN))
			who[n++] = cmd_names[cmd];
	}
	if (n > 3)
		buf_adds(err, "; commands that read a pipeline take it");
	for (size_t i = 0; i < n && n <= 3; i++)
		buf_printf(err, "%s'%s'", !i ? "; " : i + 1 < n ? ", " : " and ", who[i]);
	if (n && n <= 3)
		buf_adds(err, n == 1 ? " takes it" : " take it");
}

static int unknown_option(struct buf *err, struct str name, int cmd)
{
	struct str names[ARRAY_SIZE(table)];
	size_t n = 0;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (takes(&table[i], cmd) && !(table[i].flags & OPTF_HIDDEN))
			names[n++] = str_c(table[i].name);
	buf_printf(err, "unknown option '--" STR_FMT "'", STR_ARG(name));
	if (cmd >= 0)
		buf_printf(err, " for '%s'", cmd_names[cmd]);
	const struct str *near = near_option(name, names, n);
	if (near)
		buf_printf(err, "; did you mean '--" STR_FMT "'?", STR_ARG(*near));
	else if (cmd >= 0)
		tell_takers(err, name);
	return -1;
}

static bool choice_ok(const char *choices, struct str value)
{
	struct str_split it = str_split(str_c(choices), '|');
	struct str one;
	while (str_split_next(&it, &one))
		if (str_eq(one, value))
			return true;
	return false;
}

static int wrong_choice(struct buf *err, const struct opt_def *d, struct str value)
{
	struct str all[16];
	size_t n = 0;
	struct str_split it = str_split(str_c(d->choices), '|');
	while (n < ARRAY_SIZE(all) && str_split_next(&it, &all[n]))
		n++;
	buf_printf(err, "'" STR_FMT "' is no value of '--%s'", STR_ARG(value), d->name);
	const struct str *near = str_nearest(value, all, n);
	if (near)
		buf_printf(err, "; did you mean '" STR_FMT "'?", STR_ARG(*near));
	buf_adds(err, " (one of");
	for (size_t i = 0; i < n; i++)
		buf_printf(err, "%s " STR_FMT, i ? "," : "", STR_ARG(all[i]));
	buf_addc(err, ')');
	return -1;
}

/* NAME or NAME:PORT; labels of letters, digits and hyphens. */
static bool is_host(struct str s)
{
	size_t colon = str_chr(s, ':');
	uint64_t port;
	if (colon != STR_NPOS) {
		if (!parse_u64(str_from(s, colon + 1), &port) || port < 1 || port > 65535)
			return false;
		s.n = colon;
	}
	struct str_split labels = str_split(s, '.');
	struct str label;
	while (str_split_next(&labels, &label)) {
		if (!label.n || label.p[0] == '-' || label.p[label.n - 1] == '-')
			return false;
		for (size_t i = 0; i < label.n; i++)
			if (!isalnum((unsigned char)label.p[i]) && !memchr("-_", label.p[i], 2))
				return false;
	}
	return s.n > 0;
}

/* Also of options whose command is not the one that runs: they may come from a configuration file.
 */
static int check_kind(struct buf *err, const struct opt_def *d, const char *value)
{
	struct str s = str_c(value);
	int64_t signed_number;
	uint64_t number = 0;
	if ((d->flags & OPTF_INT) && !parse_u64(s, &number))
		return fail(err, "'--%s' wants a whole number, not '%s'", d->name, value);
	if ((d->flags & OPTF_COUNT) && !number)
		return fail(err, "'--%s' wants a number from 1 on, not '%s'", d->name, value);
	if ((d->flags & OPTF_DURATION) && !duration_parse(s, &signed_number))
		return fail(
			err, "'--%s' wants a duration (90s, 10m, 1h30m), not '%s'", d->name, value);
	if ((d->flags & OPTF_SIZE) && (!docker_size_parse(s, &signed_number) || signed_number < 1))
		return fail(err, "'--%s' wants a size (500m, 20g), not '%s'", d->name, value);
	if ((d->flags & OPTF_HOST) && !is_host(s))
		return fail(err, "'--%s' wants the name of a host, or HOST:PORT, not '%s'", d->name,
			value);
	return 0;
}

static int check_value(struct buf *err, const struct opt_def *d, const char *value)
{
	if (!value)
		return 0;
	struct str s = str_c(value);
	if (d->choices && !choice_ok(d->choices, s))
		return wrong_choice(err, d, s);
	if (check_kind(err, d, value))
		return -1;
	if ((d->flags & OPTF_PAIR) && (str_chr(s, '=') == STR_NPOS || s.p[0] == '='))
		return fail(err, "'--%s' wants %s, not '%s'", d->name, d->arg, value);
	if (!s.n && d->id != OPT_FILE)
		return fail(err, "'--%s' wants %s, not an empty text", d->name, d->arg);
	return 0;
}

void options_add(struct options *o, struct arena *a, enum opt_id id, const char *value)
{
	push(o, a, (struct opt_value){&table[id], value, false, NULL});
}

bool options_value_ok(enum opt_id id, const char *value, struct buf *err)
{
	return !check_value(err, &table[id], value);
}

static int add(struct scan *s, const struct opt_def *d, const char *value, bool negated)
{
	push(s->o, s->a, (struct opt_value){d, value, negated, NULL});
	return 0;
}

/* The argument of an option that came without '=' or glued text. */
static int take_argument(struct scan *s, const struct opt_def *d)
{
	if (d->flags & OPTF_OPTIONAL)
		return add(s, d, NULL, false);
	if (s->at + 1 >= s->argc)
		return fail(s->err, "option '--%s' wants an argument (%s)", d->name, d->arg);
	return add(s, d, s->argv[++s->at], false);
}

static int parse_long(struct scan *s, struct str text)
{
	size_t eq = str_chr(text, '=');
	struct str name = eq == STR_NPOS ? text : str_sub(text, 0, eq);
	const char *value = eq == STR_NPOS ? NULL : text.p + eq + 1;
	const struct opt_def *d = opt_find(name, -1);
	if (!d && str_starts(name, STR("no-"))) {
		d = opt_find(str_from(name, 3), -1);
		if (d && (d->flags & OPTF_NEG)) {
			if (value)
				return fail(s->err, "option '--no-%s' takes no argument", d->name);
			return add(s, d, NULL, true);
		}
		if (d)
			return fail(s->err, "option '--%s' has no '--no-%s'", d->name, d->name);
	}
	if (!d)
		return unknown_option(s->err, name, s->o->cmd);
	if (!d->arg) {
		if (value)
			return fail(s->err, "option '--%s' takes no argument", d->name);
		return add(s, d, NULL, false);
	}
	return value ? add(s, d, value, false) : take_argument(s, d);
}

/* "-json": nobody means -j with the argument "son". */
static const struct opt_def *long_name(const char *p)
{
	struct str word = str_c(p), name = str_sub(word, 0, str_chr(word, '='));
	return name.n > 1 ? opt_find(name, -1) : NULL;
}

static int parse_short(struct scan *s, const char *p)
{
	const struct opt_def *meant = long_name(p);
	if (meant)
		return fail(s->err, "unknown option '-%s'; did you mean '--%s'?", p, meant->name);
	for (; *p; p++) {
		const struct opt_def *d = find_letter(*p);
		if (!d) {
			struct str all = str_c(p);
			size_t n = utf8_len(all.p, all.n);
			bool known = s->o->cmd >= 0;
			return fail(s->err, "unknown option '-%.*s'%s%s%s", n ? (int)n : 1, p,
				known ? " for '" : "", known ? cmd_names[s->o->cmd] : "",
				known ? "'" : "");
		}
		if (!d->arg) {
			add(s, d, NULL, false);
			continue;
		}
		if (p[1])
			return add(s, d, p[1] == '=' ? p + 2 : p + 1, false);
		return take_argument(s, d);
	}
	return 0;
}

/* After the error of an option that may be meant for the COMMAND of `shell`. Returns -1. */
static int behind_command(struct scan *s, size_t option)
{
	if (s->o->cmd == CMD_shell && option >= s->before)
		buf_adds(s->err, " (a command with options of its own goes behind '--': cilocal "
				 "shell JOB -- COMMAND...)");
	return -1;
}

/*
 * Options may come before the command; then a name may mean several rows. Once the command is
 * known, each use is bound to the row of that command.
 */
static int bind(struct scan *s)
{
	struct options *o = s->o;
	struct buf *err = s->err;
	for (size_t i = 0; i < o->n; i++) {
		struct opt_value *v = &o->v[i];
		const struct opt_def *d = opt_find(str_c(v->def->name), o->cmd);
		if (!d) {
			if (v->def->letter) {
				buf_printf(err, "'%s' takes no option '--%s' (-%c)",
					cmd_names[o->cmd], v->def->name, v->def->letter);
				tell_takers(err, str_c(v->def->name));
			} else {
				unknown_option(err, str_c(v->def->name), o->cmd);
			}
			return behind_command(s, i);
		}
		v->def = d;
		if (check_value(err, d, v->value))
			return behind_command(s, i);
	}
	return 0;
}

void options_unknown_command(struct buf *err, struct str name)
{
	struct str names[CMD_COUNT];
	for (size_t i = 0; i < CMD_COUNT; i++)
		names[i] = str_c(cmd_names[i]);
	buf_printf(err, "unknown command '" STR_FMT "'", STR_ARG(name));
	const struct str *near = str_nearest(name, names, CMD_COUNT);
	if (near)
		buf_printf(err, "; did you mean '" STR_FMT "'?", STR_ARG(*near));
	else
		buf_adds(err, "; a job is run by 'cilocal run JOB'");
}

static int parse_word(struct scan *s, const char *word)
{
	struct options *o = s->o;
	if (o->command) {
		o->args[o->n_args++] = word;
		if (o->n_args == 2)
			s->before = o->n;
		return 0;
	}
	o->command = word;
	o->cmd = cmd_id_find(str_c(word));
	if (o->cmd >= 0)
		return 0;
	options_unknown_command(s->err, str_c(word));
	return -1;
}

int options_parse(struct options *o, struct arena *a, int argc, char *const *argv, struct buf *err)
{
	struct scan s = {
		.o = o, .a = a, .err = err, .argc = argc, .argv = argv, .before = SIZE_MAX};
	bool only_words = false;
	*o = (struct options){.cmd = -1};
	o->args = arena_array(a, const char *, (size_t)argc + 1);
	for (s.at = 1; s.at < argc; s.at++) {
		const char *word = argv[s.at];
		int r;
		if (only_words || word[0] != '-' || !word[1])
			r = parse_word(&s, word);
		else if (!strcmp(word, "--"))
			r = 0, only_words = true;
		else if (word[1] == '-')
			r = parse_long(&s, str_c(word + 2));
		else
			r = parse_short(&s, word + 1);
		if (r)
			return behind_command(&s, o->n);
	}
	if (o->cmd < 0) {
		for (size_t i = 0; i < o->n; i++)
			if (check_value(err, o->v[i].def, o->v[i].value))
				return -1;
		return 0;
	}
	return bind(&s);
}

int options_default(struct options *o, struct arena *a, struct str key, const char *value, bool on,
	const char *from, struct buf *err)
{
	char name[64];
	if (key.n >= sizeof(name))
		return fail(err, "unknown option '" STR_FMT "'", STR_ARG(key));
	for (size_t i = 0; i < key.n; i++)
		name[i] = key.p[i] == '_' ? '-' : key.p[i];
	struct str wanted = str_n(name, key.n);
	const struct opt_def *any = opt_find(wanted, -1);
	if (!any || (any->flags & (OPTF_HIDDEN | OPTF_NOCONFIG)))
		return fail(err, "'" STR_FMT "' is no option that has a default", STR_ARG(key));
	if (!any->arg != !value)
		return fail(err,
			any->arg ? "'%s' wants a text or a number" : "'%s' wants true or false",
			any->name);
	if (check_value(err, any, value))
		return -1;
	const struct opt_def *d = o->cmd < 0 ? any : opt_find(wanted, o->cmd);
	if (!d || d != any)
		return 0;
	push(o, a, (struct opt_value){d, value, !value && !on, from});
	/* A default goes under the command line, but over the defaults of earlier files. */
	size_t i = o->n - 1;
	struct opt_value v = o->v[i];
	while (i && !o->v[i - 1].from) {
		o->v[i] = o->v[i - 1];
		i--;
	}
	o->v[i] = v;
	return 0;
}

const struct opt_value *opt_last(const struct options *o, enum opt_id id)
{
	for (size_t i = o->n; i-- > 0;)
		if (o->v[i].def->id == id)
			return &o->v[i];
	return NULL;
}

bool opt_flag(const struct options *o, enum opt_id id)
{
	const struct opt_value *v = opt_last(o, id);
	return v && !v->negated;
}

unsigned opt_count(const struct options *o, enum opt_id id)
{
	unsigned n = 0;
	for (size_t i = 0; i < o->n; i++)
		if (o->v[i].def->id == id)
			n = o->v[i].negated ? 0 : n + 1;
	return n;
}

const char *opt_text(const struct options *o, enum opt_id id)
{
	const struct opt_value *v = opt_last(o, id);
	return v ? v->value : NULL;
}

const struct opt_value *opt_next(const struct options *o, enum opt_id id, size_t *i)
{
	while (*i < o->n) {
		const struct opt_value *v = &o->v[(*i)++];
		if (v->def->id == id)
			return v;
	}
	return NULL;
}
