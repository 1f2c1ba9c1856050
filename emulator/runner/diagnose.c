#include "base/base.h"

#include "emulator/runner/diagnose.h"
#include "emulator/runner/diagnose_internal.h"
#include "config/job_def.h"
#include "expr/regex.h"
#include "emulator/log/job_log.h"
#include "emulator/runner/shell_words.h"

static const struct diagnose_entry table[] = {
#define D(id, name, pattern, anchors, cause, cure, where, notice, samples) \
	{id, name, pattern, anchors, cause, cure, where, notice, samples},
#include "emulator/runner/diagnose_engine.def"
#include "emulator/runner/diagnose_image.def"
#include "emulator/runner/diagnose_tools.def"
#include "emulator/runner/diagnose_job.def"
#undef D
};
#define N_ENTRIES ARRAY_SIZE(table)
_Static_assert(N_ENTRIES <= DIAGNOSE_MAX, "diagnose_set has a bit for each entry");

#define LINE_KEPT    512 /* of a hit */
#define COMMAND_KEPT 1024
#define WINDOW       2048 /* bytes around an anchor that expressions look at */
/*
 * Times that one job's log may make one expression work. An anchor that shows in every line of a
 * long log ("not found" in the output of a crawler) must not slow the job down.
 */
#define PATIENCE  500
#define NAME_LATE 3 /* lines that a command's name may come behind its first words */

/* Made once, when a first line is looked at; expressions compile when their anchor first shows. */
static struct {
	struct arena arena;
	const struct diagnose_scan *scan;
	const struct regex *re[N_ENTRIES];
} shared;

struct diagnose {
	struct arena arena;
	struct diagnose_hit *hits[N_ENTRIES]; /* in order of sight */
	size_t n_hits;
	bool seen[N_ENTRIES];
	uint16_t tried[N_ENTRIES];
	struct buf clean;
	struct str command; /* the last that began; in text */
	char text[COMMAND_KEPT];
	size_t step;      /* commands that began */
	size_t n_lines;   /* of the log, so far */
	size_t began;     /* the line that named the last command */
	bool said;        /* it wrote something */
	bool script_over; /* what comes is not the script's */
	bool after;       /* in after_script, by which no job fails */
};

const struct diagnose_entry *diagnose_table(size_t *n)
{
	*n = N_ENTRIES;
	return table;
}

struct diagnose *diagnose_new(void)
{
	struct diagnose *d = xcalloc(1, sizeof(*d));
	arena_init(&d->arena);
	buf_init(&d->clean);
	if (!shared.scan)
		shared.scan = diagnose_scan_new(&shared.arena, table, N_ENTRIES);
	return d;
}

void diagnose_free(struct diagnose *d)
{
	if (!d)
		return;
	arena_release(&d->arena);
	buf_release(&d->clean);
	free(d);
}

static const struct regex *expression(size_t i)
{
	struct str why;
	size_t at;
	if (!shared.re[i]) {
		shared.re[i] =
			regex_new(&shared.arena, str_c(table[i].pattern), REGEX_I, &why, &at);
		if (!shared.re[i])
			BUG("pattern of %s: " STR_FMT " at %zu", table[i].id, STR_ARG(why), at);
	}
	return shared.re[i];
}

/* Skips an escape sequence that starts at p[i]; returns the offset behind it. */
static size_t skip_escape(struct str s, size_t i)
{
	if (i + 1 >= s.n || s.p[i + 1] != '[')
		return MIN(i + 2, s.n);
	i += 2;
	while (i < s.n && ((unsigned char)s.p[i] < 0x40 || (unsigned char)s.p[i] > 0x7e))
		i++;
	return i < s.n ? i + 1 : i;
}

/* Without escape sequences and with only the last state of a line that CR rewrites. */
static struct str without_control(struct buf *to, struct str line)
{
	while (line.n && (line.p[line.n - 1] == '\r' || line.p[line.n - 1] == '\n'))
		line.n--;
	size_t cr = str_rchr(line, '\r');
	if (cr != STR_NPOS)
		line = str_from(line, cr + 1);
	if (!memchr(line.p ? line.p : "", '\033', line.n))
		return line;
	buf_clear(to);
	for (size_t i = 0; i < line.n;) {
		if (line.p[i] == '\033') {
			i = skip_escape(line, i);
			continue;
		}
		size_t end = i;
		while (end < line.n && line.p[end] != '\033')
			end++;
		buf_add(to, line.p + i, end - i);
		i = end;
	}
	return buf_str(to);
}

/* "2026-11-24T06:50:42.123456Z 00O text": the stamp of FF_TIMESTAMPS and of engines' logs. */
static struct str without_stamp(struct str s)
{
	static const char shape[] = "dddd-dd-ddTdd:dd:dd";
	size_t i;
	for (i = 0; i < sizeof(shape) - 1; i++) {
		if (i >= s.n)
			return s;
		bool digit = isdigit((unsigned char)s.p[i]) != 0;
		if (shape[i] == 'd' ? !digit : s.p[i] != shape[i])
			return s;
	}
	while (i < s.n && s.p[i] != ' ')
		i++;
	s = str_trim(str_from(s, i));
	if (s.n > 4 && isxdigit((unsigned char)s.p[0]) && isxdigit((unsigned char)s.p[1]) &&
		(s.p[2] == 'O' || s.p[2] == 'E') && (s.p[3] == ' ' || s.p[3] == '+'))
		s = str_from(s, 4);
	return s;
}

/* The runner's last word: of a command that was not found or not started, the shell said more. */
static bool is_verdict(struct str line)
{
	return str_ends(line, STR("Job failed: exit code 126")) ||
	       str_ends(line, STR("Job failed: exit code 127"));
}

/*
 * A command's first words may come before its name: they are on two streams. Its own message begins
 * with what it is called, or the shell's holds that.
 */
static bool is_of_the_last(const struct diagnose *d, const struct diagnose_hit *hit)
{
	struct str words = d->command, first;
	return hit->n_line + NAME_LATE >= d->began && shell_word_next(&words, &first) &&
	       str_find(hit->line, first) != STR_NPOS;
}

static bool passed(const struct diagnose *d, const struct diagnose_hit *hit)
{
	return hit->step && hit->step < d->step && !is_of_the_last(d, hit);
}

static bool has_reason(const struct diagnose *d)
{
	for (size_t i = 0; i < d->n_hits; i++)
		if (!d->hits[i]->entry->notice && !passed(d, d->hits[i]))
			return true;
	return false;
}

/* Services write on their own, whatever the script is at. */
static bool is_service(struct str line)
{
	return str_starts(line, STR("[service:"));
}

/* A pull that another policy or another login made good, or the job would have no script. */
static bool is_mended(const struct diagnose *d, const struct diagnose_hit *hit)
{
	return d->step &&
	       (str_starts(hit->line, STR("WARNING: Failed to pull image with policy")) ||
		       str_starts(hit->line, STR("WARNING: Failed to resolve credentials from")));
}

static void note_line(struct diagnose *d, struct diagnose_hit *hit, struct str line)
{
	hit->line = arena_str(&d->arena, str_sub(line, 0, LINE_KEPT));
	hit->step = d->script_over || is_service(line) ? 0 : d->step;
	hit->n_line = d->n_lines;
	hit->own = arena_str(&d->arena, d->command);
}

/* The same words from a later command: what an earlier one passed with matters less. */
static void see_again(struct diagnose *d, size_t i, struct str line)
{
	for (size_t h = 0; h < d->n_hits; h++)
		if (d->hits[h]->entry == &table[i] &&
			(passed(d, d->hits[h]) || is_mended(d, d->hits[h])))
			note_line(d, d->hits[h], line);
}

static const struct diagnose_hit *remember(struct diagnose *d, size_t i, struct str line)
{
	if (is_verdict(line) && (d->seen[i] || has_reason(d)))
		return NULL;
	if (d->seen[i]) {
		see_again(d, i, line);
		return NULL;
	}
	struct diagnose_hit *hit = arena_new(&d->arena, struct diagnose_hit);
	hit->entry = &table[i];
	note_line(d, hit, line);
	hit->command = d->command.n ? &d->command : NULL;
	d->seen[i] = true;
	d->hits[d->n_hits++] = hit;
	return hit;
}

/* "section_start:1234:NAME\r", as the runner writes it around its stages. */
static bool has_section(struct str line, const char *mark, const char *name)
{
	size_t at = str_find(line, str_c(mark));
	while (at != STR_NPOS) {
		struct str rest = str_from(line, at + strlen(mark));
		struct str here = str_from(rest, MIN(str_chr(rest, ':'), rest.n));
		size_t n = strlen(name);
		if (here.n > n + 1 && str_eq(str_sub(here, 1, n + 1), str_c(name)) &&
			here.p[n + 1] == '\r')
			return true;
		at = str_find(rest, str_c(mark));
		line = rest;
	}
	return false;
}

static void see_stage(struct diagnose *d, struct str raw)
{
	if (str_find(raw, STR("section_")) == STR_NPOS)
		return;
	if (has_section(raw, "section_end:", "step_script"))
		d->script_over = true;
	if (has_section(raw, "section_end:", "after_script"))
		d->after = false;
	if (has_section(raw, "section_start:", "after_script"))
		d->after = true;
}

/* "$ make all": the name of a command before it runs. It is no message of the command's. */
static bool is_command(struct diagnose *d, struct str line, bool green)
{
	if (!str_starts(line, STR("$ ")))
		return false;
	/* Other programs write such lines too, but not in that colour. */
	if (!green || d->after)
		return true;
	line = str_sub(line, 2, MIN(line.n, sizeof(d->text)));
	memcpy(d->text, line.p, line.n);
	d->command = str_n(d->text, line.n);
	d->step++;
	d->began = d->n_lines;
	d->said = false;
	return true;
}

const struct diagnose_hit *diagnose_line(struct diagnose *d, struct str line)
{
	struct diagnose_set set;
	size_t at;
	bool green = false;
	d->n_lines++;
	if (line.n && (memchr(line.p, '\r', line.n) || memchr(line.p, '\033', line.n))) {
		see_stage(d, line);
		green = str_find(line, STR(ANSI_GREEN "$ ")) != STR_NPOS;
		line = without_control(&d->clean, line);
	}
	if (is_command(d, green ? without_stamp(line) : line, green) || d->after)
		return NULL;
	d->said |= line.n && !d->script_over;
	if (!diagnose_scan(shared.scan, line, &set, &at))
		return NULL;
	line = str_trim(without_stamp(line));
	if (line.n > 2 * WINDOW)
		line = str_sub(line, at > WINDOW ? at - WINDOW : 0, at + WINDOW);
	for (size_t i = 0; i < N_ENTRIES; i++) {
		if (!(set.bits[i / 64] >> (i % 64) & 1))
			continue;
		if (d->tried[i] < PATIENCE) {
			d->tried[i]++;
			if (regex_search(expression(i), line, NULL, 0) == REGEX_YES)
				return remember(d, i, line);
		} else if (d->seen[i]) {
			return NULL; /* most likely the same again, and no line for another entry */
		}
	}
	return NULL;
}

size_t diagnose_count(const struct diagnose *d)
{
	return d->n_hits;
}

const struct diagnose_hit *diagnose_get(const struct diagnose *d, size_t i)
{
	return i < d->n_hits ? d->hits[i] : NULL;
}

/* ---- which of them say why the job failed ---- */

/* Where the second was seen, the first is only its consequence, or says the same less well. */
static const struct {
	const char *weak, *strong;
} beaten[] = {
	{"D19", "D18"},
	{"D68", "D18"},
	{"D93", "D18"},
	{"D84", "D18"},
	{"D122", "D01"},
	{"D122", "D02"},
	{"D122", "D03"},
	{"D122", "D05"},
	{"D122", "D16"},
	{"D122", "D18"},
	{"D86", "D113"},
	{"D86", "D121"},
	{"D91", "D121"},
	{"D70", "D118"},
	{"D83", "D87"},
};

static bool is_beaten(const struct diagnose_choice *c, const struct diagnose_hit *hit)
{
	for (size_t i = 0; i < ARRAY_SIZE(beaten); i++) {
		if (strcmp(hit->entry->id, beaten[i].weak) != 0)
			continue;
		for (size_t k = 0; k < c->n; k++)
			if (strcmp(c->hits[k]->entry->id, beaten[i].strong) == 0)
				return true;
	}
	return false;
}

/* A service that took its time matters where something could not be reached. */
static bool is_of_services(const struct diagnose_choice *c)
{
	static const char *const ids[] = {"D01", "D02", "D03", "D05", "D06", "D15", "D16", "D17",
		"D18", "D19", "D20", "D21", "D22", "D23", "D26", "D27", "D67", "D83", "D84",
		"D122"};
	for (size_t i = 0; i < c->n_reasons; i++)
		for (size_t k = 0; k < ARRAY_SIZE(ids); k++)
			if (strcmp(c->hits[i]->entry->id, ids[k]) == 0)
				return true;
	return !c->n_reasons;
}

/* Does a script go on where a command fails? */
static bool is_lenient(const struct job_def *job)
{
	const struct texts *const scripts[] = {
		job ? &job->before_script : NULL, job ? &job->script : NULL};
	for (size_t s = 0; job && s < ARRAY_SIZE(scripts); s++)
		for (size_t i = 0; i < scripts[s]->n; i++)
			if (str_find(scripts[s]->v[i].s, STR("set +e")) != STR_NPOS)
				return true;
	return false;
}

static void choose(const struct diagnose *d, struct diagnose_choice *c, bool notice, bool earlier)
{
	for (size_t i = 0; i < d->n_hits; i++) {
		struct diagnose_hit *hit = d->hits[i];
		if (hit->entry->notice != notice || passed(d, hit) != earlier || is_mended(d, hit))
			continue;
		if (earlier)
			hit->command = &hit->own;
		c->hits[c->n++] = hit;
	}
}

void diagnose_choose(struct diagnose *d, const struct job_def *job, struct diagnose_choice *c)
{
	*c = (struct diagnose_choice){.n = 0};
	choose(d, c, false, false);
	/*
	 * What a command wrote that passed is no reason, unless the last one only says that
	 * something has failed before ("exit $status"), or the script went on by itself.
	 */
	if (is_lenient(job) || (!c->n && !d->said)) {
		choose(d, c, false, true);
		c->earlier = !is_lenient(job);
	}
	size_t n = 0;
	for (size_t i = 0; i < c->n; i++)
		if (!is_beaten(c, c->hits[i]))
			c->hits[n++] = c->hits[i];
	c->n = n;
	c->n_reasons = n;
	choose(d, c, true, false);
	if (is_of_services(c))
		return;
	size_t all = c->n;
	c->n = n;
	for (size_t i = n; i < all; i++)
		if (strcmp(c->hits[i]->entry->id, "D24") != 0)
			c->hits[c->n++] = c->hits[i];
}

void diagnose_explain(struct arena *a, const struct diagnose_hit *hit,
	const struct diagnose_context *ctx, struct diagnose_hint *out)
{
	struct diagnose_place place = {STR_NULL, 0, STR_NULL};
	*out = (struct diagnose_hint){.entry = hit->entry};
	out->cause = diagnose_fill(a, str_c(hit->entry->cause), hit, ctx);
	out->cure = diagnose_fill(a, str_c(hit->entry->cure), hit, ctx);
	if (diagnose_locate(a, hit, ctx, &place)) {
		out->places = arena_new(a, struct diagnose_place);
		out->places[0] = place;
		out->n_places = 1;
	}
}

/* Words of text, wrapped; lines after the first begin with six blanks, as the label is wide. */
static void write_wrapped(struct buf *out, const char *label, struct str text, unsigned columns)
{
	size_t at = strlen(label);
	bool first = true;
	buf_adds(out, label);
	struct str_split it = str_split(text, ' ');
	struct str word;
	while (str_split_next(&it, &word)) {
		size_t width = str_width(word);
		if (!first && columns && at + 1 + width > columns) {
			buf_adds(out, "\n      ");
			at = 6;
		} else if (!first) {
			buf_addc(out, ' ');
			at++;
		}
		buf_addstr(out, word);
		at += width;
		first = false;
	}
	buf_addc(out, '\n');
}

void diagnose_write(struct buf *out, const struct diagnose_hint *hint, unsigned columns)
{
	write_wrapped(out, "hint: ", hint->cause, columns);
	write_wrapped(out, "cure: ", hint->cure, columns);
	for (size_t i = 0; i < hint->n_places; i++) {
		const struct diagnose_place *p = &hint->places[i];
		buf_adds(out, "  at: ");
		if (p->file.n)
			buf_printf(out, STR_FMT ":%u: ", STR_ARG(p->file), p->line);
		buf_addstr(out, p->what);
		buf_addc(out, '\n');
	}
}
