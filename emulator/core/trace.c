#include "base/base.h"
#include "emulator/core/trace.h"

#include "emulator/core/error.h"

unsigned trace_mask;

static const struct {
	const char *name;
	unsigned level;
} channels[TRACE_N] = {
#define TRACE_ROW(id, text, lvl) {text, lvl},
	TRACE_CHANNELS(TRACE_ROW)
#undef TRACE_ROW
};
static trace_output_fn *output;
static void *output_arg;

void trace_set_output(trace_output_fn *fn, void *arg)
{
	output = fn;
	output_arg = arg;
}

void trace_write(enum trace_channel ch, const char *fmt, ...)
{
	struct buf line = BUF_INIT;
	va_list ap;

	buf_printf(&line, "%s: ", channels[ch].name);
	va_start(ap, fmt);
	buf_vprintf(&line, fmt, ap);
	va_end(ap);
	buf_addc(&line, '\n');
	if (output)
		output(output_arg, buf_str(&line));
	else
		fwrite(line.p, 1, line.n, stderr);
	buf_release(&line);
}

static int unknown_channel(struct str name, struct error *err)
{
	struct buf known = BUF_INIT;

	for (size_t i = 0; i < TRACE_N; i++)
		buf_printf(&known, "%s, ", channels[i].name);
	error_set(err, ERR_USAGE, 0, "unknown trace channel '" STR_FMT "' (known: %sall)",
		STR_ARG(name), known.p);
	buf_release(&known);
	return -1;
}

static int enable_one(struct str name, struct error *err)
{
	if (str_is(name, "all")) {
		trace_mask = (1u << TRACE_N) - 1;
		return 0;
	}
	for (size_t i = 0; i < TRACE_N; i++) {
		if (str_is(name, channels[i].name)) {
			trace_mask |= 1u << i;
			return 0;
		}
	}
	return name.n ? unknown_channel(name, err) : 0;
}

int trace_enable(struct str list, struct error *err)
{
	struct str_split it = str_split(list, ',');
	struct str name;

	while (str_split_next(&it, &name))
		if (enable_one(str_trim(name), err))
			return -1;
	return 0;
}

void trace_verbosity(unsigned level)
{
	for (size_t i = 0; i < TRACE_N; i++)
		if (channels[i].level && channels[i].level <= level)
			trace_mask |= 1u << i;
}
