/*
 * `registry remove` and `registry gc`. They work on the storage itself, in a container of the
 * registry's image, while the registry is down: it remembers which blobs it has, so that it would
 * let a push skip one that is gone; and what is half pushed must not be taken for rubbish.
 *
 * What no tag leads to is found here and not by `garbage-collect --delete-untagged`, which takes
 * the images of a multi-platform index away (distribution/distribution, issue 3178).
 */
#include "base/base.h"
#include "emulator/gitlab/registry.h"
#include "emulator/gitlab/registry_name.h"
#include "emulator/gitlab/registry_up.h"
#include "emulator/gitlab/session.h"
#include "emulator/core/error.h"

/* Of the container's log. The script names half as many images, for the nearest to a missing one.
 */
#define LINES 2000

#define EXIT_MISSING 3

/*
 * Arguments: "check" or "do", then "group/app:1", "group/app:" for all tags. Prints "missing
 * ARGUMENT" and "there NAME" lines with exit code 3, else at last "result KIB_BEFORE KIB_AFTER TAGS
 * MANIFESTS REPOSITORIES". Only what busybox has.
 */
static const char script[] =
	"set -e; mode=$1; shift\n"
	"root=/var/lib/registry/docker/registry/v2 work=/tmp/cilocal-gc\n"
	"mkdir -p $work $root/repositories $root/blobs && cd $root/repositories\n"
	": >$work/tags; : >$work/manifests; : >$work/repositories\n"
	"size() { du -sk $root | cut -f1; }\n"
	"count() { wc -l <$work/$1 | tr -d ' '; }\n"
	"names() { find . -path '*/_manifests/tags/*/current/link' |\n"
	"\tsed -n 's|^\\./\\(.*\\)/_manifests/tags/\\([^/]*\\)/current/link$|\\1:\\2|p'; }\n"
	"names >$work/names\n"
	"missing=\n"
	"for n; do\n"
	"\tif [ -n \"${n##*:}\" ]; then grep -qxF \"$n\" $work/names; else [ -d "
	"\"${n%:*}/_manifests\" ]; fi ||\n"
	"\t\t{ echo \"missing $n\"; missing=1; }\n"
	"done\n"
	"if [ $missing ]; then head -n 1000 $work/names | sed 's/^/there /'; exit 3; fi\n"
	"[ $mode = do ] || exit 0\n"
	"before=$(size)\n"
	"for n; do\n"
	"\tfor t in \"${n%:*}/_manifests/tags/\"*; do\n"
	"\t\tif [ -d \"$t\" ] && { [ -z \"${n##*:}\" ] || [ \"${t##*/}\" = \"${n##*:}\" ]; }; "
	"then\n"
	"\t\t\trm -rf \"$t\"; echo >>$work/tags\n"
	"\t\tfi\n"
	"\tdone\n"
	"done\n"
	/* Half of an upload: nobody goes on with it. */
	"find . -type d -name _uploads -prune -exec rm -rf {} +\n"
	"find . -type d -name _manifests -prune >$work/all\n"
	"while read -r m; do\n"
	"\t: >$work/seen\n"
	"\tfor l in \"$m\"/tags/*/current/link; do\n"
	"\t\tif [ -f \"$l\" ]; then cat \"$l\"; echo; fi\n"
	"\tdone | sort -u >$work/todo\n"
	/* From each tag's manifest to those that an index names, and from these on. */
	"\twhile [ -s $work/todo ]; do\n"
	"\t\tsort -u $work/seen $work/todo >$work/now && mv $work/now $work/seen\n"
	"\t\twhile read -r d; do\n"
	"\t\t\th=${d#sha256:}; f=$root/blobs/sha256/${h%\"${h#??}\"}/$h/data\n"
	"\t\t\tif [ -f $f ]; then grep -o 'sha256:[0-9a-f]\\{64\\}' $f || :; fi\n"
	"\t\tdone <$work/todo | sort -u >$work/found\n"
	"\t\twhile read -r d; do\n"
	"\t\t\tif [ -d \"$m/revisions/sha256/${d#sha256:}\" ] && ! grep -qx $d $work/seen; then\n"
	"\t\t\t\techo $d\n"
	"\t\t\tfi\n"
	"\t\tdone <$work/found >$work/todo\n"
	"\tdone\n"
	"\tfor r in \"$m\"/revisions/sha256/*; do\n"
	"\t\tif [ -d \"$r\" ] && ! grep -qx \"sha256:${r##*/}\" $work/seen; then\n"
	"\t\t\trm -rf \"$r\" \"$m\"/tags/*/index/sha256/\"${r##*/}\"; echo >>$work/manifests\n"
	"\t\tfi\n"
	"\tdone\n"
	"\tif ! [ -s $work/seen ]; then\n"
	"\t\tp=${m%/_manifests}; rm -rf \"$m\" \"$p/_layers\"; echo >>$work/repositories\n"
	"\t\twhile [ \"$p\" != . ] && rmdir \"$p\" 2>/dev/null; do p=${p%/*}; done\n"
	"\tfi\n"
	"done <$work/all\n"
	"printf 'version: 0.1\\nstorage:\\n  delete:\\n    enabled: true\\n  filesystem:\\n"
	"    rootdirectory: /var/lib/registry\\n' >$work/config.yml\n"
	"registry garbage-collect $work/config.yml >$work/log 2>&1 || { tail -n 5 $work/log; exit "
	"1; }\n"
	"echo \"result $before $(size) $(count tags) $(count manifests) $(count repositories)\"\n";

struct gc {
	struct session s;
	struct arena *a;
	const struct registry_options *o;
	struct registry_info info;
	struct registry_freed *out;
	struct str *names; /* as the script takes them */
	size_t n;
};

static int read_names(struct gc *g, const char *const *names, size_t n, struct error *err)
{
	g->names = arena_array(g->a, struct str, n + 1);
	for (; g->n < n; g->n++) {
		struct registry_name name;

		if (!registry_name_parse(&name, str_c(names[g->n]), &g->info) || name.digest.n)
			return error_set(err, ERR_USAGE, 0,
				"'%s' is no name of an image: REPOSITORY or REPOSITORY:TAG",
				names[g->n]);
		if (name.host.n)
			return error_set(err, ERR_USAGE, 0,
				"'%s' is a name of another registry, " STR_FMT, names[g->n],
				STR_ARG(name.host));
		g->names[g->n] = arena_printf(
			g->a, STR_FMT ":" STR_FMT, STR_ARG(name.repo), STR_ARG(name.tag));
	}
	return 0;
}

/* Names what is missing, and the nearest of what is there. */
static int missing(struct gc *g, struct str said, struct error *err)
{
	struct str line, asked = STR_NULL, *v = arena_array(g->a, struct str, 2 * LINES);
	struct str_split lines = str_split(said, '\n');
	const struct str *near;
	size_t n = 0;

	while (str_split_next(&lines, &line)) {
		if (str_starts(line, STR("missing ")) && !asked.n)
			asked = str_from(line, 8);
		if (!str_starts(line, STR("there ")) || n + 2 > 2 * LINES)
			continue;
		v[n++] = str_from(line, 6);
		v[n++] = str_sub(line, 6, str_rchr(line, ':'));
	}
	if (str_ends(asked, STR(":")))
		asked.n--;
	near = str_nearest(asked, v, n);
	return error_set(err, ERR_DOCKER, 404,
		"the local registry has no '" STR_FMT "'%s" STR_FMT "%s", STR_ARG(asked),
		near ? "; did you mean '" : "", STR_ARG(near ? *near : STR_NULL), near ? "'?" : "");
}

static int read_result(struct gc *g, struct str said, struct error *err)
{
	struct str_split lines = str_split(said, '\n');
	struct str line, word;
	uint64_t n[5];

	while (str_split_next(&lines, &line)) {
		struct str_split words = str_split(line, ' ');
		size_t i = 0;

		if (!str_split_next(&words, &word) || !str_is(word, "result"))
			continue;
		while (i < ARRAY_SIZE(n) && str_split_next(&words, &word) && parse_u64(word, &n[i]))
			i++;
		if (i < ARRAY_SIZE(n))
			break;
		*g->out = (struct registry_freed){.bytes = n[0] > n[1] ? (n[0] - n[1]) << 10 : 0,
			.left = n[1] << 10,
			.tags = n[2],
			.manifests = n[3],
			.repositories = n[4]};
		return 0;
	}
	return error_set(err, ERR_DOCKER, 0, "its storage could not be cleaned up: " STR_FMT,
		STR_ARG(str_trim(said)));
}

/* mode: "check" looks whether the names are there, "do" does it all. */
static int clean_up(struct gc *g, const char *mode, struct error *err)
{
	struct docker_mount storage = {.type = DOCKER_MOUNT_VOLUME,
		.source = g->info.volume,
		.target = STR("/var/lib/registry")};
	struct str entrypoint = STR("sh"), said, *cmd = arena_array(g->a, struct str, g->n + 4);
	struct container_spec spec = {
		.name = arena_printf(g->a, STR_FMT "-gc", STR_ARG(g->info.name)),
		.image = g->info.image,
		.has_entrypoint = true,
		.entrypoint = {&entrypoint, 1},
		.has_cmd = true,
		.cmd = {cmd, g->n + 4},
		.user = STR("0"),
		.labels = registry_labels(),
		.network_mode = STR("none"),
		.log_driver = STR("json-file"),
		.mounts = &storage,
		.n_mounts = 1};
	struct error ignored = ERROR_INIT;
	int64_t code;

	cmd[0] = STR("-c");
	cmd[1] = str_c(script);
	cmd[2] = STR("sh");
	cmd[3] = str_c(mode);
	memcpy(cmd + 4, g->names, g->n * sizeof(*cmd));
	/* One that a killed process left. */
	sync_remove_container(&g->s, spec.name, &ignored);
	if (sync_run(&g->s, &spec, 0, LINES, g->a, &code, &said, err))
		return -1;
	if (code == EXIT_MISSING)
		return missing(g, said, err);
	if (code)
		return error_set(err, ERR_DOCKER, 0,
			"its storage could not be cleaned up: " STR_FMT, STR_ARG(said));
	return str_is(str_c(mode), "do") ? read_result(g, said, err) : 0;
}

/* Nobody starts the registry while the lock is held. */
static int locked(struct gc *g, struct error *err)
{
	CLEANUP(close) int lock = registry_lock(&g->s, g->a, g->o, err);
	struct error mine = ERROR_INIT;
	struct sync_container c;

	if (lock < 0)
		return -1;
	if (!sync_inspect(&g->s, g->info.name, g->a, &c, &mine))
		return error_set(
			err, ERR_DOCKER, 409, "another cilocal has just started it; try again");
	return clean_up(g, "do", err);
}

/* Starts it again as it ran, also after a signal; one that comes meanwhile has to come twice. */
static int bring_back(struct gc *g, const struct registry_state *state, struct error *err)
{
	struct registry_options o = *g->o;
	struct registry_info info;
	int signum = g->s.signum, rc = -1;

	o.tls = g->info.tls ? REGISTRY_TLS_ON : REGISTRY_TLS_OFF;
	for (unsigned i = 0; rc && i < 2; i++) {
		struct error mine = ERROR_INIT;

		g->s.signum = 0;
		rc = registry_up(&g->s, state, &o, g->a, &info, &mine);
		if (g->s.signum)
			signum = g->s.signum;
		else if (rc)
			return error_pass(err, &mine);
	}
	g->s.signum = signum;
	return rc ? error_set(err, ERR_CANCELLED, signum, "interrupted") : 0;
}

static int collect(struct gc *g, const struct registry_state *state, const char *const *names,
	size_t n, struct error *err)
{
	size_t jobs;
	int rc;

	if (registry_look(&g->s, state, g->o, g->a, &g->info, err) ||
		read_names(g, names, n, err) || registry_jobs(&g->s, g->a, &jobs, err))
		return -1;
	if (jobs)
		return error_set(err, ERR_DOCKER, 409,
			"jobs run (their containers on the engine: %zu) and may push: wait until "
			"they have ended",
			jobs);
	if (!g->info.storage && !n)
		return 0;
	if (!g->info.storage)
		return error_set(err, ERR_DOCKER, 404, "the local registry holds no image");
	if (n && clean_up(g, "check", err))
		return -1;
	rc = g->info.exists ? registry_down(&g->s, false, NULL, g->o, err) : 0;
	if (!rc)
		rc = locked(g, err);
	/* Whatever came in between; where both fail, the first is what people are told. */
	if (g->info.running && bring_back(g, state, err))
		rc = -1;
	return rc;
}

int registry_gc(struct registry_freed *out, struct arena *a, const struct registry_options *o,
	const char *const *names, size_t n, struct error *err)
{
	struct gc g = {.a = a, .o = o, .out = out};
	struct registry_state state;
	int rc;

	memset(out, 0, sizeof(*out));
	if (registry_state_read(&state, a, o, err) || session_open(&g.s, err))
		return -1;
	rc = session_engine(&g.s, &o->engine, err);
	if (!rc)
		rc = collect(&g, &state, names, n, err);
	return session_close(&g.s, err) || rc ? -1 : 0;
}
