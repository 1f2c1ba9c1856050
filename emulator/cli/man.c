#include "base/base.h"

#include "emulator/cli/cmd.h"
#include "emulator/cli/help.h"
#include "emulator/cli/help_internal.h"

/* Text in roff: what would be read as a command or an escape is not. */
static void roff(struct buf *out, struct str text)
{
	if (text.n && (text.p[0] == '.' || text.p[0] == '\''))
		buf_adds(out, "\\&");
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '\\')
			buf_adds(out, "\\e");
		else if (text.p[i] == '-')
			buf_adds(out, "\\-");
		else if (text.p[i] == '\'')
			buf_adds(out, "\\(aq");
		else if (text.p[i] == '\n' && i + 1 < text.n &&
			 (text.p[i + 1] == '.' || text.p[i + 1] == '\''))
			buf_adds(out, "\n\\&");
		else
			buf_addc(out, text.p[i]);
	}
}

static void paragraphs(struct buf *out, const char *text)
{
	struct str_split it = str_split(str_c(text), '\n');
	struct str line;
	while (str_split_next(&it, &line)) {
		if (!line.n)
			continue;
		buf_adds(out, ".PP\n");
		roff(out, line);
		buf_addc(out, '\n');
	}
}

static void example(struct buf *out, const char *text)
{
	buf_adds(out, ".PP\n.RS\n.EX\n");
	roff(out, str_c(text));
	buf_adds(out, str_ends(str_c(text), STR("\n")) ? "" : "\n");
	buf_adds(out, ".EE\n.RE\n");
}

static void option(struct buf *out, const struct opt_def *d)
{
	buf_adds(out, ".TP\n");
	if (d->letter)
		buf_printf(out, "\\fB\\-%c\\fR, ", d->letter);
	buf_adds(out, "\\fB\\-\\-");
	roff(out, str_c(d->name));
	buf_adds(out, "\\fR");
	if (d->arg) {
		buf_adds(out, " \\fI");
		roff(out, str_c(d->arg));
		buf_adds(out, "\\fR");
	}
	buf_addc(out, '\n');
	buf_printf(out, "%c", toupper((unsigned char)d->help[0]));
	roff(out, str_c(d->help + 1));
	if (d->choices) {
		buf_adds(out, ": ");
		struct str_split it = str_split(str_c(d->choices), '|');
		struct str one;
		bool first = true;
		while (str_split_next(&it, &one)) {
			buf_adds(out, first ? "" : ", ");
			roff(out, one);
			first = false;
		}
	}
	buf_adds(out, ".\n");
	if (d->flags & OPTF_NEG) {
		buf_adds(out, "Taken back by \\fB\\-\\-no\\-");
		roff(out, str_c(d->name));
		buf_adds(out, "\\fR.\n");
	}
	if (d->flags & OPTF_REPEAT)
		buf_adds(out, "May be given several times.\n");
}

/* Of a command (NULL: of every command); pipeline: those that only say which pipeline, or all but
 * those. */
static void options(struct buf *out, const struct cmd *cmd, const char *title, bool pipeline)
{
	size_t n, shown = 0;
	const struct opt_def *t = opt_table(&n);
	for (size_t i = 0; i < n; i++) {
		if (!help_lists(&t[i], cmd) || help_is_of_pipeline(&t[i]) != pipeline)
			continue;
		if (!shown++ && title)
			buf_printf(out, ".SS %s\n", title);
		option(out, &t[i]);
	}
}

static void synopsis(struct buf *out, const struct cmd *cmd)
{
	buf_printf(out, "\\fBcilocal %s\\fR [\\fIOPTIONS\\fR]", cmd_id_name(cmd->id));
	if (*cmd->args) {
		buf_addc(out, ' ');
		roff(out, str_c(cmd->args));
	}
	buf_addc(out, '\n');
}

static void command(struct buf *out, const struct cmd *cmd)
{
	buf_printf(out, "%c", toupper((unsigned char)cmd->summary[0]));
	roff(out, str_c(cmd->summary + 1));
	buf_adds(out, ".\n");
	if (cmd->details)
		paragraphs(out, cmd->details);
	if (cmd->example)
		example(out, cmd->example);
}

static const char *const exit_rows[][2] = {
	{"0", "the pipeline passed (allowed failures and skipped jobs included); the definition is "
	      "valid"},
	{"1", "a job failed; of diff, test and outdated: something differs"},
	{"2", "wrong use of the command line or of a configuration file"},
	{"3", "the pipeline definition is invalid, or it holds no jobs to run"},
	{"4", "the surroundings failed: no engine, no git work tree, an image that can't be had, a "
	      "full disk"},
	{"130, 143", "ended by SIGINT or SIGTERM, after everything it started was taken down"},
};

static const char *const file_rows[][2] = {
	{".gitlab-ci.yml", "The pipeline definition, in the root of the git work tree."},
	{".cilocal/", "Runs (logs, artifacts, state) and caches; it ignores itself in git."},
	{"$XDG_CONFIG_HOME/cilocal/config.toml, .cilocal.toml",
		"Configuration of the user and of the project, then the file of --config: in the "
		"format of "
		"GitLab Runner's config.toml ([[runners]], [runners.docker], "
		"[[runners.docker.services]]), with "
		"one more table, [cilocal], that holds defaults for options under their long "
		"names. Of several [[runners]] each job gets one by its tags, as on GitLab, for "
		"which a "
		"runner has two keys of its own: tags = [\"...\"] and run_untagged = true or "
		"false; each "
		"has its own executor, limit and engine ([runners.docker] host). Where none has "
		"them, the "
		"first takes all jobs."},
	{"$XDG_CONFIG_HOME/cilocal/variables.yml, .cilocal-variables.yml",
		"CI/CD variables of project, group and instance."},
	{".cilocal-tests.yml", "Cases for 'cilocal test'."},
	{".cilocal.lock", "What 'cilocal lock' wrote, for --locked and 'cilocal outdated'."},
	{"~/.gitlab-ci-local/variables.yml, .gitlab-ci-local-variables.yml",
		"The same, as gitlab-ci-local reads them."},
};

static const char *const env_rows[][2] = {
	{"DOCKER_HOST", "The engine; else the current docker context, /var/run/docker.sock, the "
			"rootless or "
			"Podman's socket."},
	{"NO_COLOR, CLICOLOR_FORCE", "No colours, or colours although it is no terminal."},
	{"CILOCAL_TRACE", "Channels of the trace on standard error, separated by commas."},
	{"XDG_CONFIG_HOME, XDG_STATE_HOME", "Where configuration and state of the user are."},
};

static void rows(struct buf *out, const char *title, const char *const (*v)[2], size_t n)
{
	buf_printf(out, ".SH %s\n", title);
	for (size_t i = 0; i < n; i++) {
		buf_adds(out, ".TP\n\\fB");
		roff(out, str_c(v[i][0]));
		buf_adds(out, "\\fR\n");
		roff(out, str_c(v[i][1]));
		buf_addc(out, '\n');
	}
}

/* "CILOCAL-RUN": the title that stands above each page. */
static void title(struct buf *out, const char *name)
{
	buf_adds(out, ".TH CILOCAL");
	for (const char *p = name; *p; p++) {
		if (p == name)
			buf_adds(out, "\\-");
		buf_addc(out, (char)toupper((unsigned char)*p));
	}
	buf_printf(out, " 1 \"\" \"cilocal %s\" \"cilocal\"\n.SH NAME\n", CILOCAL_VERSION);
}

static void page_of_command(struct buf *out, const struct cmd *cmd)
{
	const char *name = cmd_id_name(cmd->id);
	title(out, name);
	buf_printf(out, "cilocal\\-%s \\- ", name);
	roff(out, str_c(cmd->summary));
	buf_adds(out, "\n.SH SYNOPSIS\n");
	synopsis(out, cmd);
	buf_adds(out, ".SH DESCRIPTION\n");
	command(out, cmd);
	buf_adds(out, ".SH OPTIONS\n");
	options(out, cmd, NULL, false);
	options(out, cmd, "Options of the pipeline", true);
	options(out, NULL, "Options of every command", false);
	if (cmd->output) {
		buf_adds(out, ".SH OUTPUT FOR PROGRAMS\n");
		paragraphs(out, cmd->output);
	}
	rows(out, "EXIT STATUS", exit_rows, ARRAY_SIZE(exit_rows));
	buf_adds(out, ".SH SEE ALSO\n\\fBcilocal\\fR(1) has the files and the environment that "
		      "all commands use.\n");
}

/* The pages of the commands. */
static void see_also(struct buf *out)
{
	buf_adds(out, ".SH SEE ALSO\n");
	for (int i = 0; i < CMD_COUNT; i++)
		buf_printf(out, ".BR cilocal\\-%s (1)%s\n", cmd_id_name(i),
			i + 1 < CMD_COUNT ? "," : "");
}

void help_man(struct buf *out, const struct cmd *cmd)
{
	if (cmd) {
		page_of_command(out, cmd);
		return;
	}
	title(out, "");
	buf_adds(out, "cilocal \\- run GitLab CI/CD pipelines on your own machine\n.SH SYNOPSIS\n"
		      "\\fBcilocal\\fR [\\fIOPTIONS\\fR] \\fICOMMAND\\fR [\\fIARGUMENTS\\fR]\n"
		      ".SH DESCRIPTION\n");
	roff(out, STR("cilocal reads a .gitlab-ci.yml as GitLab does, computes the pipeline that "
		      "GitLab "
		      "would create, and runs its jobs as GitLab Runner would, in containers or in "
		      "a shell."));
	buf_addc(out, '\n');
	paragraphs(out, "JOB may be a name, a name of a parallel job (\"test: [linux, gcc]\"), its "
			"base name "
			"(all of its copies), or a glob (\"test*\").");
	buf_adds(out, ".SH OPTIONS\nThese may stand anywhere on the command line.\n");
	options(out, NULL, NULL, false);
	buf_adds(out, ".SH COMMANDS\nEach has a page of its own, such as \\fBcilocal\\-run\\fR(1); "
		      "\\fBcilocal help\\fR \\fICOMMAND\\fR says the same.\n");
	for (size_t i = 0; i < CMD_COUNT; i++) {
		buf_adds(out, ".SS ");
		synopsis(out, cmd_table[i]);
		command(out, cmd_table[i]);
		if (cmd_table[i]->output)
			paragraphs(out, cmd_table[i]->output);
		options(out, cmd_table[i], NULL, false);
		options(out, cmd_table[i], NULL, true);
	}
	rows(out, "EXIT STATUS", exit_rows, ARRAY_SIZE(exit_rows));
	rows(out, "FILES", file_rows, ARRAY_SIZE(file_rows));
	rows(out, "ENVIRONMENT", env_rows, ARRAY_SIZE(env_rows));
	see_also(out);
}
