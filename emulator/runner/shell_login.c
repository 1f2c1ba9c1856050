#include "base/base.h"
#include "emulator/runner/shell_login.h"
#include "base/arena.h"
#include "base/vec.h"
#include "emulator/core/error.h"
#include "emulator/core/proc.h"
#include "emulator/core/trace.h"

#define SAID_MAX ((size_t)64 << 10)

#define MARK "\n--cilocal--\n"

/*
 * What is compared stands between the first NUL and the second; the environment is behind it.
 */
static const char question[] =
	"{ printf '\\n--cilocal--\\n'; umask; [ ! -r ~/.bash_logout ] || printf logout;"
	" printf '\\0'; printf '%s %s\\n' \"$BASH\" \"$BASH_VERSION\"; declare -F; alias; shopt;"
	" set +o; trap; ulimit -a; compgen -v; printf '\\0'; env -0; } 2>&1\n";

enum login_state { LOGIN_NONE, LOGIN_ASKING, LOGIN_CHECKING, LOGIN_READY };

struct shell_login {
	struct loop *loop;
	struct arena arena;
	enum login_state state;
	struct proc *proc;
	bool freed;
	bool plain; /* the plain shell is like the login shell */
	struct str compared;
	struct shell_login_env env;
	struct shell_login_end end;
	struct shell_login_wait *waiting;
};

struct shell_login *shell_login_new(struct loop *loop)
{
	struct shell_login *l = xcalloc(1, sizeof(*l));

	l->loop = loop;
	arena_init(&l->arena);
	return l;
}

void shell_login_free(struct shell_login *l)
{
	if (!l)
		return;
	if (l->proc) {
		l->freed = true;
		proc_kill(l->proc, true);
	}
	while (l->proc)
		loop_run(l->loop);
	arena_release(&l->arena);
	free(l);
}

static void answer(void *arg)
{
	struct shell_login_wait *w = arg;
	struct shell_login *l = w->login;

	w->login = NULL;
	w->fn(w->arg, l->plain ? &l->env : NULL);
}

static void ready(struct shell_login *l, bool plain)
{
	struct shell_login_wait *w, *next;

	TRACE(JOB, "login shell: %s", plain ? "asked once, plain shells from now on" : "each time");
	l->state = LOGIN_READY;
	l->plain = plain;
	for (w = l->waiting; w; w = next) {
		next = w->next;
		w->next = NULL;
		loop_post(l->loop, &w->task, answer, w);
	}
	l->waiting = NULL;
}

/* Login shells say "on" here, others "off": the one difference that is meant. */
static struct str without_login_shell(struct arena *a, struct str text)
{
	size_t at = str_find(text, STR("\nlogin_shell")), end;

	if (at == STR_NPOS)
		return arena_str(a, text);
	end = str_chr(str_from(text, at + 1), '\n');
	return arena_printf(a, STR_FMT STR_FMT, STR_ARG(str_sub(text, 0, at)),
		STR_ARG(end == STR_NPOS ? STR("") : str_from(text, at + 1 + end)));
}

struct reply {
	struct str before, umask, compared, env;
	bool logout;
};

static bool read_reply(struct arena *a, struct str out, struct reply *r)
{
	size_t mark = str_find(out, STR(MARK)), nul, line;
	struct str rest;

	if (mark == STR_NPOS)
		return false;
	r->before = str_sub(out, 0, mark);
	rest = str_from(out, mark + strlen(MARK));
	nul = str_chr(rest, '\0');
	if (nul == STR_NPOS)
		return false;
	line = str_chr(str_sub(rest, 0, nul), '\n');
	if (line == STR_NPOS)
		return false;
	r->umask = str_sub(rest, 0, line);
	r->logout = line + 1 < nul;
	rest = str_from(rest, nul + 1);
	nul = str_chr(rest, '\0');
	if (nul == STR_NPOS)
		return false;
	r->compared = without_login_shell(a, str_sub(rest, 0, nul));
	r->env = str_from(rest, nul + 1);
	return r->env.n > 0 && r->env.p[r->env.n - 1] == '\0';
}

/* What each shell sets for itself: those of the login shell would be one level too deep. */
static bool shells_own(struct str line)
{
	return str_starts(line, STR("_=")) || str_starts(line, STR("SHLVL=")) ||
	       str_starts(line, STR("PWD="));
}

static const char *const *read_env(struct shell_login *l, struct str text)
{
	const char *shlvl = getenv("SHLVL");
	VEC(const char *) v = {0};

	while (text.n) {
		size_t end = str_chr(text, '\0');
		struct str line = str_sub(text, 0, end);

		if (!shells_own(line))
			vec_push_in(&l->arena, &v, arena_str(&l->arena, line).p);
		text = str_from(text, end + 1);
	}
	if (shlvl)
		vec_push_in(&l->arena, &v, arena_printf(&l->arena, "SHLVL=%s", shlvl).p);
	vec_push_in(&l->arena, &v, NULL);
	return v.v;
}

static void ask(struct shell_login *l, const char *const *env, bool login);

static void on_login(struct shell_login *l, const struct reply *r)
{
	l->compared = r->compared;
	l->env.umask = arena_str(&l->arena, r->umask);
	l->env.logout = r->logout;
	l->env.env = read_env(l, r->env);
	l->state = LOGIN_CHECKING;
	ask(l, l->env.env, false);
}

static void keep_end(struct shell_login *l, const struct proc_result *result)
{
	struct str out = proc_stdout(l->proc), said = proc_stderr(l->proc);

	if (str_find(out, STR(MARK)) != STR_NPOS)
		return;
	said = arena_printf(&l->arena, STR_FMT STR_FMT, STR_ARG(str_sub(out, 0, SAID_MAX)),
		STR_ARG(str_sub(said, 0, SAID_MAX)));
	l->end = (struct shell_login_end){
		result->exit_code, result->term_signal, str_sub(said, 0, SAID_MAX)};
}

static void on_reply(void *arg, struct error *err, const struct proc_result *result)
{
	struct shell_login *l = arg;
	struct reply r = {0};
	bool ok = !err && !result->exit_code && !proc_stderr(l->proc).n &&
		  read_reply(&l->arena, proc_stdout(l->proc), &r) && !r.before.n;

	if (!err && l->state == LOGIN_ASKING)
		keep_end(l, result);
	l->proc = NULL;
	if (l->freed)
		loop_stop(l->loop);
	else if (!ok)
		ready(l, false);
	else if (l->state == LOGIN_ASKING)
		on_login(l, &r);
	else
		ready(l, str_eq(r.compared, l->compared));
}

static void ask(struct shell_login *l, const char *const *env, bool login)
{
	static const char *const bash[] = {"bash", "--login", NULL}, *const plain[] = {
									     "bash", NULL};
	struct proc_options o = {
		.argv = login ? bash : plain,
		.env = env,
		.cwd = "/",
		.input = str_c(question),
		.drain_ms = 1000,
		.done = on_reply,
		.arg = l,
	};

	l->proc = proc_start(l->loop, &o);
}

void shell_login_want(struct shell_login *l, struct shell_login_wait *w, const char *const *env,
	shell_login_fn *fn, void *arg)
{
	w->login = l;
	w->fn = fn;
	w->arg = arg;
	w->next = NULL;
	if (l->state == LOGIN_NONE) {
		l->state = LOGIN_ASKING;
		ask(l, env, true);
	}
	if (l->state == LOGIN_READY) {
		loop_post(l->loop, &w->task, answer, w);
	} else {
		w->next = l->waiting;
		l->waiting = w;
	}
}

void shell_login_unwant(struct shell_login_wait *w)
{
	struct shell_login_wait **at;

	if (!w->login)
		return;
	for (at = &w->login->waiting; *at; at = &(*at)->next)
		if (*at == w) {
			*at = w->next;
			break;
		}
	loop_unpost(&w->task);
	w->login = NULL;
}

const struct shell_login_end *shell_login_end(const struct shell_login *l)
{
	return &l->end;
}
