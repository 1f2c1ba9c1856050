/* A file whose text is there: parse it, interpolate its inputs, find what it includes. */
#include "base/base.h"

#include "config/include.h"
#include "config/inputs.h"

#include "source/source.h"
#include "yaml/yaml.h"

static void fail(struct config_state *s, struct include_file *file)
{
	file->state = INCLUDE_FAILED;
	s->pub.incomplete = true;
}

/* The loader knows no files: its messages get the name of the included one in front, as GitLab's.
 */
static void name_file(struct config_state *s, const struct include_file *file, struct diag **from)
{
	for (struct diag *d = *from; d; d = d->next)
		if (d->level == DIAG_ERROR && d->gitlab.n)
			diag_set_gitlab(s->pub.diags, d, "`" STR_FMT "`: " STR_FMT,
				STR_ARG(file->location), STR_ARG(d->gitlab));
}

static void say_empty(struct config_state *s, const struct include_file *file)
{
	struct frame f = FRAME_ROOT(&s->pub);
	const char *loc = fmt_in(&f, STR_FMT, STR_ARG(file->location)), *gitlab;

	switch (file->kind) {
	case INCLUDE_LOCAL:
		gitlab = fmt_in(&f, "=Local file `%s` is empty!", loc);
		break;
	case INCLUDE_PROJECT:
		gitlab = fmt_in(&f, "=Project `" STR_FMT "` file `%s` is empty!",
			STR_ARG(file->project), loc);
		break;
	case INCLUDE_REMOTE:
		gitlab = fmt_in(&f,
			"=Remote file `%s` could not be fetched because the response was empty!",
			loc);
		break;
	case INCLUDE_ARTIFACT:
		gitlab = fmt_in(&f, "=File `%s` is empty!", loc);
		break;
	case INCLUDE_TEMPLATE:
	case INCLUDE_COMPONENT:
	default:
		gitlab = fmt_in(&f, "=Included file `%s` is empty or does not exist!", loc);
		break;
	}
	fault(&f, "empty-include", file->entry->at, gitlab, "included file '%s' is empty", loc);
}

static bool is_blank_text(struct str text)
{
	return !str_trim(text).n;
}

/* False after a fault. */
static bool parse(struct config_state *s, struct include_file *file)
{
	const struct source *src = source_get(s->pub.sources, file->source);
	struct diags *d = s->pub.diags;
	struct diag **mark = d->tail;
	struct yaml_file out = {NULL, NULL};
	unsigned before = d->errors;
	bool ok;

	if (file->entry && is_blank_text(src->text)) {
		say_empty(s, file);
		return false;
	}
	ok = yaml_read_file(s->pub.arena, src, d, &out) && d->errors == before;
	if (file->entry)
		name_file(s, file, mark);
	if (!ok)
		return false;
	file->header = out.header;
	file->content = out.content;
	return true;
}

/* Nothing, or nothing but comments. */
static bool check_content(struct config_state *s, struct include_file *file)
{
	struct frame f = FRAME_ROOT(&s->pub);

	if (node_is(file->content, NODE_MAP) && (file->content->u.map.n || !file->entry))
		return true;
	if (!file->entry) {
		file->content = node_new(s->pub.arena, NODE_MAP, SPAN_NONE);
		return true;
	}
	fault(&f, "empty-include", file->entry->at,
		fmt_in(&f, "=Included file `" STR_FMT "` does not have valid YAML syntax!",
			STR_ARG(file->location)),
		"included file '" STR_FMT "' holds nothing", STR_ARG(file->location));
	return false;
}

/* A file of spec:include may hold nothing but `inputs`. */
static bool check_header_file(struct config_state *s, struct include_file *file)
{
	struct frame f = FRAME_ROOT(&s->pub);

	if (!check_content(s, file))
		return false;
	node_each_pair(pair, file->content)
	{
		if (str_is(pair->key->text, "inputs"))
			continue;
		fault(&f, "unknown-keyword", pair->key->at,
			fmt_in(&f,
				"=Header include file `" STR_FMT
				"` contains unknown keys: [:" STR_FMT "]",
				STR_ARG(file->location), STR_ARG(pair->key->text)),
			"a file of 'spec:include' may hold only 'inputs', not '" STR_FMT "'",
			STR_ARG(pair->key->text));
		return false;
	}
	return true;
}

static const struct node *given_inputs(struct config_state *s, const struct include_file *file)
{
	return file->entry ? file->inputs : s->inputs;
}

static struct span given_at(const struct include_file *file)
{
	return file->inputs ? file->inputs->at : file->entry ? file->entry->at : SPAN_NONE;
}

/* *given: the inputs that can be used, or NULL. False: what is given is not known. */
static bool check_given(struct config_state *s, struct include_file *file, const struct frame *f,
	const struct node **out)
{
	const struct node *given = given_inputs(s, file);

	*out = NULL;
	if (!given)
		return true;
	if (given->kind != NODE_MAP) {
		fault(f, "wrong-type", given->at, "=Given inputs must be a hash",
			"'inputs' must be a mapping, not %s", found(f, given));
		return false;
	}
	if (!file->entry && given->u.map.n > LIMIT_PIPELINE_INPUTS) {
		fault(f, "too-many-items", given->at, "=There cannot be more than 20 inputs",
			"there are %u inputs, more than the limit of %d", given->u.map.n,
			LIMIT_PIPELINE_INPUTS);
	}
	if (given->u.map.n && !file->header) {
		fault(f, "no-inputs", given->at,
			"=Given inputs not defined in the `spec` section of the included "
			"configuration file",
			"inputs are given, but '" STR_FMT "' has no header with 'spec:inputs'",
			STR_ARG(file->location));
	}
	*out = given;
	return true;
}

/* The last part of host/project/NAME@version. */
static struct str component_name(struct str address)
{
	size_t version = str_rchr(address, '@'), slash;

	if (version != STR_NPOS)
		address = str_sub(address, 0, version);
	slash = str_rchr(address, '/');
	return slash == STR_NPOS ? address : str_from(address, slash + 1);
}

/*
 * The component whose facts a file may read, or NULL: itself, or the one that includes it, maybe
 * through local files, which hand on what they know (GitLab, external/file/local.rb).
 */
static const struct include_file *component_of(const struct include_file *file)
{
	if (file->kind == INCLUDE_COMPONENT)
		return file;
	file = file->parent;
	while (file && file->kind == INCLUDE_LOCAL)
		file = file->parent;
	return file && file->kind == INCLUDE_COMPONENT ? file : NULL;
}

static void take_headers(
	struct config_state *s, struct include_file *file, struct interpolation *in)
{
	const struct node **extra =
		arena_array(s->pub.arena, const struct node *, file->n_headers + 1);
	size_t n = 0;

	for (size_t i = 0; i < file->n_headers; i++)
		if (file->headers[i]->state == INCLUDE_LOADED)
			extra[n++] = node_get(file->headers[i]->content, "inputs");
	read_spec(in, file->header, extra, n);
	in->inputs_unknown |= file->lacks_header;
}

/* False where what comes out can't be used. */
static bool apply_inputs(struct config_state *s, struct include_file *file)
{
	struct frame f = include_frame(s, file);
	/* A remote file's own includes see no variables, but its text is still its includer's. */
	struct interpolation in = {
		.root = &f, .vars = include_vars(s, file->parent ? file->parent : file)};
	const struct node *given;
	const struct include_file *component = component_of(file);
	bool known = check_given(s, file, &f, &given);

	if (!file->header)
		return true;
	map_init(&in.inputs, s->pub.arena);
	map_init(&in.component, s->pub.arena);
	map_init(&in.cache, s->pub.arena);
	take_headers(s, file, &in);
	if (known)
		resolve_inputs(&in, given, given_at(file));
	if (component) {
		struct config_resolved as = component->want->as;

		/* $[[ component.name ]]; the name that came with the answer is for messages. */
		as.name = component_name(component->path);
		read_spec_component(&in, file->header, &as);
	}
	file->content = interpolate(&in, file->content);
	return !in.too_large;
}

void include_load_content(struct config_state *s, struct include_file *file)
{
	if (!node_is(file->content, NODE_MAP))
		file->content = node_new(s->pub.arena, NODE_MAP, SPAN_NONE);
	if (!apply_inputs(s, file) || !check_content(s, file)) {
		fail(s, file);
		return;
	}
	file->state = INCLUDE_LOADED;
	include_entries(s, file, node_get(file->content, "include"));
}

void lose_header(struct include_file *file)
{
	file->state = INCLUDE_FAILED;
	file->parent->lacks_header = true;
}

static bool check_component_header(struct config_state *s, struct include_file *file)
{
	struct frame f = FRAME_ROOT(&s->pub);
	const struct node *list = node_get(node_get(file->header, "spec"), "include");

	if (file->kind != INCLUDE_COMPONENT || node_is_null(list))
		return true;
	fault(&f, "bad-header-include", list->at,
		fmt_in(&f,
			"=Component `" STR_FMT
			"` cannot use `spec:include`. This keyword is not supported in components",
			STR_ARG(file->location)),
		"a component can't use 'spec:include'");
	return false;
}

void include_load(struct config_state *s, struct include_file *file)
{
	if (!parse(s, file) || !check_component_header(s, file)) {
		if (file->is_header)
			lose_header(file);
		else
			fail(s, file);
		return;
	}
	if (file->is_header) {
		file->state = INCLUDE_LOADED;
		if (!check_header_file(s, file))
			lose_header(file);
		return;
	}
	include_header_entries(s, file, node_get(node_get(file->header, "spec"), "include"));
	if (file->n_headers)
		file->state = INCLUDE_HEADER;
	else
		include_load_content(s, file);
}
