#include "base/base.h"

#include "emulator/cli/lint_format.h"
#include "emulator/cli/cmd.h"
#include "emulator/cli/load.h"
#include "emulator/cli/term.h"
#include "emulator/cli/tree.h"
#include "emulator/core/http.h"
#include "source/diag_print.h"
#include "yaml/node.h"

#include <unistd.h>

/* ---- lines as of gcc ---- */

static bool is_project_file(const struct load *l, struct str name)
{
	const char *path = arena_printf(&l->c->arena, "%s/" STR_FMT, l->root, STR_ARG(name)).p;
	return access(path, F_OK) == 0;
}

/* "a/b.yml" of the root, as seen from the current directory: "../a/b.yml", "b.yml". */
static struct str from_here(const struct load *l, struct str name)
{
	CLEANUP(free) char *here = getcwd(NULL, 0);
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct str root = str_c(l->root), below, part;
	if (!here || !str_starts(str_c(here), root) || !is_project_file(l, name))
		return name;
	below = str_from(str_c(here), root.n);
	if (!below.n || below.p[0] != '/')
		return name;
	struct str_split it = str_split(str_from(below, 1), '/');
	bool common = true;
	while (str_split_next(&it, &part)) {
		if (!part.n)
			continue;
		common = common && str_starts(name, part) && name.n > part.n &&
			 name.p[part.n] == '/';
		if (common)
			name = str_from(name, part.n + 1);
		else
			buf_adds(&b, "../");
	}
	buf_addstr(&b, name);
	return arena_str(&l->c->arena, buf_str(&b));
}

static void put_line(
	struct load *l, struct span at, const char *level, struct str text, const char *code)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct str file = loc_file(&l->sources, at.begin);
	buf_addstr(&b, file.n ? from_here(l, file) : STR("cilocal"));
	if (file.n && at.begin.line)
		buf_printf(&b, ":%u:%u", at.begin.line, at.begin.col);
	buf_printf(&b, ": %s: " STR_FMT, level, STR_ARG(text));
	if (code)
		buf_printf(&b, " [%s]", code);
	plain_text(&l->c->out, load_masked(l, buf_str(&b)));
	buf_addc(&l->c->out, '\n');
}

void lint_gcc(struct load *l)
{
	struct arena *a = &l->c->arena;
	size_t n;
	const struct diag **sorted = diags_sorted(a, &l->diags, &n);
	for (size_t i = 0; i < n; i++) {
		const struct diag *d = sorted[i];
		if (d->level == DIAG_NOTE || (d->level == DIAG_WARNING && l->c->quiet))
			continue;
		put_line(l, d->at, d->level == DIAG_ERROR ? "error" : "warning", diag_message(a, d),
			d->code);
		for (const struct diag_note *note = d->notes; note; note = note->next)
			put_line(l, note->at.begin.line ? note->at : d->at, "note", note->text,
				NULL);
	}
}

/* ---- JSON ---- */

static struct node *diag_tree(struct load *l, const struct diag *d)
{
	struct arena *a = &l->c->arena;
	struct node *m = tree_map(a);
	tree_opt(a, m, "file", loc_file(&l->sources, d->at.begin));
	if (d->at.begin.line) {
		tree_int(a, m, "line", d->at.begin.line);
		tree_int(a, m, "column", d->at.begin.col);
	} else {
		tree_null(a, m, "line");
		tree_null(a, m, "column");
	}
	tree_str(a, m, "message", load_masked(l, diag_message(a, d)));
	tree_opt(a, m, "job", d->job);
	tree_str(a, m, "code", str_c(d->code));
	return m;
}

void lint_report_json(const struct lint_report *r, struct load *l, bool valid)
{
	struct arena *a = &l->c->arena;
	struct node *m = tree_map(a);
	tree_bool(a, m, "valid", valid);
	tree_put(a, m, "errors", r->errors);
	tree_put(a, m, "warnings", r->warnings);
	tree_print(l->c, m);
}

/* ---- SARIF ---- */

/* A name of a source as a URI reference: a URL as it is, a path relative to the root. */
static struct str uri(struct arena *a, struct str name)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	if (str_starts(name, STR("https://")) || str_starts(name, STR("http://")))
		return name;
	struct str_split it = str_split(name, '/');
	struct str part;
	for (bool more = str_split_next(&it, &part); more;) {
		http_urlencode(&b, part);
		more = str_split_next(&it, &part);
		if (more)
			buf_addc(&b, '/');
	}
	return arena_str(a, buf_str(&b));
}

static struct node *message(struct arena *a, struct str text)
{
	struct node *m = tree_map(a);
	tree_str(a, m, "text", text);
	return m;
}

/* What lies nowhere is said of the definition, since readers want a file for each result. */
static struct node *physical(struct load *l, struct span at)
{
	struct arena *a = &l->c->arena;
	struct node *m = tree_map(a), *file = tree_map(a), *region = tree_map(a);
	struct str name = loc_file(&l->sources, at.begin);
	tree_str(a, file, "uri", uri(a, name.n ? name : l->facts.config_path));
	if (!name.n || is_project_file(l, name))
		tree_str(a, file, "uriBaseId", STR("%SRCROOT%"));
	tree_put(a, m, "artifactLocation", file);
	tree_int(a, region, "startLine", at.begin.line ? at.begin.line : 1);
	if (at.begin.line) {
		tree_int(a, region, "startColumn", at.begin.col);
		if (at.end.line && loc_before(at.begin, at.end)) {
			tree_int(a, region, "endLine", at.end.line);
			tree_int(a, region, "endColumn", at.end.col);
		}
	}
	tree_put(a, m, "region", region);
	return m;
}

static struct node *location(struct load *l, struct span at, struct str job)
{
	struct arena *a = &l->c->arena;
	struct node *m = tree_map(a);
	tree_put(a, m, "physicalLocation", physical(l, at));
	if (job.n) {
		struct node *list = tree_seq(a), *name = tree_map(a);
		tree_str(a, name, "name", job);
		tree_str(a, name, "kind", STR("member"));
		node_seq_push(a, list, name);
		tree_put(a, m, "logicalLocations", list);
	}
	return m;
}

static size_t rule_of(struct lint_report *r, struct arena *a, const char *code)
{
	uintptr_t known = (uintptr_t)map_get(&r->rule_index, str_c(code));
	if (known)
		return known - 1;
	struct node *rule = tree_map(a);
	tree_str(a, rule, "id", str_c(code));
	node_seq_push(a, r->rules, rule);
	map_put(&r->rule_index, str_c(code), (void *)(uintptr_t)r->rules->u.seq.n);
	return r->rules->u.seq.n - 1;
}

static struct node *result_tree(struct lint_report *r, struct load *l, const struct diag *d)
{
	struct arena *a = &l->c->arena;
	struct node *m = tree_map(a), *at = tree_seq(a), *related = tree_seq(a);
	tree_str(a, m, "ruleId", str_c(d->code));
	tree_int(a, m, "ruleIndex", (int64_t)rule_of(r, a, d->code));
	tree_str(a, m, "level", d->level == DIAG_ERROR ? STR("error") : STR("warning"));
	tree_put(a, m, "message", message(a, load_masked(l, diag_message(a, d))));
	node_seq_push(a, at, location(l, d->at, d->job));
	tree_put(a, m, "locations", at);
	for (const struct diag_note *n = d->notes; n; n = n->next) {
		struct node *note = location(l, n->at.begin.line ? n->at : d->at, STR_NULL);
		tree_put(a, note, "message", message(a, load_masked(l, n->text)));
		node_seq_push(a, related, note);
	}
	if (d->notes)
		tree_put(a, m, "relatedLocations", related);
	return m;
}

void lint_report_sarif(const struct lint_report *r, struct load *l)
{
	struct arena *a = &l->c->arena;
	struct node *m = tree_map(a), *runs = tree_seq(a), *run = tree_map(a), *tool = tree_map(a),
		    *driver = tree_map(a);
	tree_str(a, m, "$schema", STR("https://json.schemastore.org/sarif-2.1.0.json"));
	tree_str(a, m, "version", STR("2.1.0"));
	tree_str(a, driver, "name", STR("cilocal"));
	tree_str(a, driver, "version", STR(CILOCAL_VERSION));
	tree_put(a, driver, "rules", r->rules);
	tree_put(a, tool, "driver", driver);
	tree_put(a, run, "tool", tool);
	tree_str(a, run, "columnKind", STR("unicodeCodePoints"));
	tree_put(a, run, "results", r->results);
	node_seq_push(a, runs, run);
	tree_put(a, m, "runs", runs);
	tree_print(l->c, m);
}

/* ---- gathering ---- */

void lint_report_init(struct lint_report *r, struct load *l, bool sarif)
{
	struct arena *a = &l->c->arena;
	*r = (struct lint_report){.errors = tree_seq(a),
		.warnings = tree_seq(a),
		.results = tree_seq(a),
		.rules = tree_seq(a),
		.sarif = sarif};
	map_init(&r->rule_index, a);
}

void lint_report_add(struct lint_report *r, struct load *l)
{
	struct arena *a = &l->c->arena;
	size_t n;
	const struct diag **sorted = diags_sorted(a, &l->diags, &n);
	for (size_t i = 0; i < n; i++) {
		const struct diag *d = sorted[i];
		if (d->level == DIAG_NOTE)
			continue;
		if (r->sarif)
			node_seq_push(a, r->results, result_tree(r, l, d));
		else
			node_seq_push(a, d->level == DIAG_ERROR ? r->errors : r->warnings,
				diag_tree(l, d));
	}
}
