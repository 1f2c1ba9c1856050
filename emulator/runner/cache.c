/*
 * The stages restore_cache and archive_cache_*: what goes wrong in them is told and changes nothing
 * of the job's end.
 *
 * Source: GitLab Runner, shells/abstract.go (cacheExtractor, archiveCache),
 * commands/helpers/cache_extractor.go and cache_archiver.go.
 */
#include "base/base.h"
#include "emulator/runner/cache.h"
#include "emulator/runner/build_internal.h"
#include "emulator/core/error.h"
#include "emulator/log/job_log.h"
#include "emulator/store/cache_store.h"

#include <sys/stat.h>
#include <unistd.h>

enum policy { POLICY_BAD, POLICY_PULL = 1, POLICY_PUSH = 2, POLICY_BOTH = 3 };

static void put_part(struct buf *out, struct str part)
{
	size_t slash = str_rchr(buf_str(out), '/');

	if (!part.n || str_is(part, "."))
		return;
	if (str_is(part, "..")) {
		buf_truncate(out, slash == STR_NPOS ? 0 : slash);
		return;
	}
	if (out->n)
		buf_addc(out, '/');
	buf_addstr(out, part);
}

struct str cache_key_sanitize(struct arena *a, struct str key)
{
	struct buf text = BUF_INIT, out = BUF_INIT;
	struct str_split it;
	struct str part, r;

	for (size_t i = 0; i < key.n; i++) {
		struct str code = str_sub(key, i, i + 3);
		bool slash = str_ieq(code, STR("%2f")), dot = str_ieq(code, STR("%2e"));

		buf_addc(&text, slash || key.p[i] == '\\' ? '/' : dot ? '.' : key.p[i]);
		if (slash || dot)
			i += 2;
	}
	it = str_split(buf_str(&text), '/');
	while (str_split_next(&it, &part))
		put_part(&out, part);
	while (out.n && strchr(" \t\r\n", out.p[out.n - 1]))
		buf_truncate(&out, out.n - 1);
	r = arena_str(a, buf_str(&out));
	buf_release(&text);
	buf_release(&out);
	return r;
}

static bool has_files(const struct cache_def *d)
{
	return d->paths.n || d->untracked;
}

static bool any_cache(const struct build *b)
{
	for (size_t i = 0; b->host.cache_dir && i < b->spec->n_caches; i++)
		if (has_files(b->spec->caches[i].def))
			return true;
	return false;
}

static struct str expanded(struct build *b, struct str text)
{
	return job_env_expand(&b->env, &b->arena, text);
}

static enum policy policy_of(struct build *b, const struct build_cache *c)
{
	struct str p = expanded(b, c->def->policy.s);

	if (!p.n || str_is(p, "pull-push"))
		return POLICY_BOTH;
	if (str_is(p, "pull"))
		return POLICY_PULL;
	return str_is(p, "push") ? POLICY_PUSH : POLICY_BAD;
}

/* The key of a protected branch's cache, whatever blanks and dots stand behind it. */
static bool is_protected(struct str key)
{
	while (key.n && (key.p[key.n - 1] == '.' || key.p[key.n - 1] == ' '))
		key.n--;
	return str_ends(key, STR("-protected"));
}

/*
 * key 0: the cache's own; then its fallback keys, then CACHE_FALLBACK_KEY. False at the end. A key
 * that nothing is left of is empty.
 */
static bool key_at(struct build *b, const struct build_cache *c, size_t at, struct str *out)
{
	struct str last = job_env_get(&b->env, "CACHE_FALLBACK_KEY"), raw;

	if (at == 0)
		raw = expanded(b, c->key);
	else if (at <= c->n_fallbacks)
		raw = expanded(b, c->fallbacks[at - 1]);
	else if (at == c->n_fallbacks + 1 && last.n)
		raw = last;
	else
		return false;
	*out = cache_key_sanitize(&b->arena, raw);
	if (at == c->n_fallbacks + 1 && is_protected(*out)) {
		job_log_warnln(b->log,
			"CACHE_FALLBACK_KEY \"" STR_FMT "\" not allowed to end in \"-protected\"",
			STR_ARG(*out));
		*out = STR("");
	} else if (!str_eq(raw, *out)) {
		job_log_warnln(b->log, "cache key \"" STR_FMT "\" sanitized to \"" STR_FMT "\"",
			STR_ARG(raw), STR_ARG(*out));
	}
	return true;
}

static void fatal_policy(struct build *b, const struct build_cache *c, struct str key)
{
	struct outcome o;

	outcome_fail(&o, FAIL_RUNNER_SYSTEM, "unknown cache policy " STR_FMT " for " STR_FMT,
		STR_ARG(expanded(b, c->def->policy.s)), STR_ARG(key));
	o.at = c->def->policy.at;
	build_step_done(b, &o);
}

static void stage_ok(struct build *b)
{
	struct outcome ok = OUTCOME_OK;

	build_step_done(b, &ok);
}

/* Restore */

bool build_wants_restore(const struct build *b)
{
	return any_cache(b);
}

static void restore(struct build *b);

static void yellow(struct build *b, const char *text)
{
	job_log_raw(b->log, ANSI_YELLOW "%s" ANSI_RESET "\n", text);
}

static void restored(struct build *b)
{
	const struct build_cache *c = &b->spec->caches[b->files.at];
	struct outcome o = b->outcome;
	struct str key = STR("");

	if (build_stopping(b)) {
		build_step_done(b, &o);
		return;
	}
	if (o.reason != FAIL_NONE) {
		job_log_warnln(b->log, "%s", o.text);
		yellow(b, "Failed to extract cache");
		b->files.key++;
	} else {
		key_at(b, c, b->files.key, &key);
		cache_touch(b->host.cache_dir, key);
		job_log_infoln(b->log, "Successfully extracted cache");
		b->files.at++;
		b->files.key = 0;
	}
	restore(b);
}

/* The archive of the key under way where there is one; else false, and it was said. */
static bool try_key(struct build *b, struct str key)
{
	const char *archive;

	if (!key.n)
		return false;
	job_log_infoln(b->log, "Checking cache for " STR_FMT "...", STR_ARG(key));
	archive = cache_archive(&b->arena, b->host.cache_dir, key);
	if (access(archive, R_OK)) {
		job_log_warnln(b->log, "Cache file does not exist");
		yellow(b, "Failed to extract cache");
		return false;
	}
	b->then = restored;
	b->executor->ops->put(b->executor, str_c(archive));
	return true;
}

/* One cache, from the key that is next. True: an operation is under way, or the stage is over. */
static bool restore_one(struct build *b, const struct build_cache *c)
{
	enum policy p = policy_of(b, c);
	struct str key;

	/* Without a key of its own, a cache has no others either. */
	if (!b->files.key && key_at(b, c, 0, &key)) {
		if (!key.n) {
			job_log_infoln(b->log, "Skipping cache extraction due to empty cache key");
			return false;
		}
		if (p == POLICY_BAD) {
			fatal_policy(b, c, key);
			return true;
		}
		if (!(p & POLICY_PULL)) {
			job_log_infoln(b->log, "Not downloading cache " STR_FMT " due to policy",
				STR_ARG(key));
			return false;
		}
		if (try_key(b, key))
			return true;
		b->files.key++;
	}
	for (; key_at(b, c, b->files.key, &key); b->files.key++)
		if (try_key(b, key))
			return true;
	return false;
}

static void restore(struct build *b)
{
	for (; b->files.at < b->spec->n_caches; b->files.at++, b->files.key = 0)
		if (has_files(b->spec->caches[b->files.at].def) &&
			restore_one(b, &b->spec->caches[b->files.at]))
			return;
	stage_ok(b);
}

void build_restore_cache(struct build *b)
{
	b->files.at = b->files.key = 0;
	restore(b);
}

/* Save */

static bool saved_when(const struct cache_def *d, bool failed)
{
	if (d->when == WHEN_ALWAYS)
		return true;
	return d->when == WHEN_ON_FAILURE ? failed : !failed;
}

static bool wants_archive(const struct build *b, bool failed)
{
	if (b->job_failed != failed || !b->host.cache_dir)
		return false;
	for (size_t i = 0; i < b->spec->n_caches; i++)
		if (has_files(b->spec->caches[i].def) && saved_when(b->spec->caches[i].def, failed))
			return true;
	return false;
}

bool build_wants_archive_ok(const struct build *b)
{
	return wants_archive(b, false);
}

bool build_wants_archive_failed(const struct build *b)
{
	return wants_archive(b, true);
}

static void save(struct build *b);

/*
 * Nothing is newer than what is kept. Times out of containers have whole seconds, so a file of the
 * archive's own second may be newer.
 */
static bool up_to_date(const struct build *b)
{
	struct stat st;

	return !stat(b->files.path, &st) && b->files.selection.newest_s < st.st_mtime;
}

static void commit(struct build *b, struct str key)
{
	struct error err = ERROR_INIT;
	size_t evicted;

	if (cache_commit(
		    b->host.cache_dir, key, b->files.part, b->host.cache_limit, &evicted, &err)) {
		job_log_warnln(b->log, "%s", err.text);
		yellow(b, "Failed to create cache");
		unlink(b->files.part);
		return;
	}
	if (evicted)
		job_log_println(b->log,
			"%zu caches that were not used for long were removed: together they were "
			"over the limit",
			evicted);
	job_log_infoln(b->log, "Created cache");
}

static void packed(struct build *b)
{
	const struct build_cache *c = &b->spec->caches[b->files.at];
	struct outcome o = b->outcome;
	struct str key;

	close(b->files.fd);
	if (build_stopping(b)) {
		unlink(b->files.part);
		build_step_done(b, &o);
		return;
	}
	if (o.reason != FAIL_NONE) {
		job_log_warnln(b->log, "%s", o.text);
		yellow(b, "Failed to create cache");
		unlink(b->files.part);
	} else {
		selection_report(&b->files.selection, b->log);
		if (!b->files.selection.entries || up_to_date(b)) {
			if (b->files.selection.entries)
				job_log_println(b->log, "Archive is up to date!");
			else
				job_log_warnln(b->log, "No files to cache.");
			unlink(b->files.part);
			job_log_infoln(b->log, "Created cache");
		} else {
			key_at(b, c, 0, &key);
			commit(b, key);
		}
	}
	b->files.at++;
	save(b);
}

/* True: an operation is under way, or the stage is over. */
static bool save_one(struct build *b, const struct build_cache *c)
{
	enum policy p = policy_of(b, c);
	struct error err = ERROR_INIT;
	struct str key;

	key_at(b, c, 0, &key);
	if (!key.n) {
		job_log_infoln(b->log, "Skipping cache archiving due to empty cache key");
		return false;
	}
	if (p == POLICY_BAD) {
		fatal_policy(b, c, key);
		return true;
	}
	if (!(p & POLICY_PUSH)) {
		job_log_infoln(
			b->log, "Not uploading cache " STR_FMT " due to policy", STR_ARG(key));
		return false;
	}
	job_log_infoln(b->log, "Creating cache " STR_FMT "...", STR_ARG(key));
	build_select(b, &c->def->paths, NULL, c->def->untracked);
	b->files.path = cache_archive(&b->arena, b->host.cache_dir, key);
	b->files.fd = cache_part(&b->arena, b->host.cache_dir, key, &b->files.part, &err);
	if (b->files.fd < 0) {
		job_log_warnln(b->log, "%s", err.text);
		yellow(b, "Failed to create cache");
		return false;
	}
	b->then = packed;
	b->executor->ops->get(b->executor, &b->files.selection, b->files.fd);
	return true;
}

static void save(struct build *b)
{
	for (; b->files.at < b->spec->n_caches; b->files.at++) {
		const struct build_cache *c = &b->spec->caches[b->files.at];

		if (has_files(c->def) && saved_when(c->def, b->job_failed) && save_one(b, c))
			return;
	}
	stage_ok(b);
}

void build_archive_cache(struct build *b)
{
	b->files.at = 0;
	build_read_env_file(b, save);
}
