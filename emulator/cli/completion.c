#include "base/base.h"

#include "emulator/cli/cmd.h"
#include "emulator/cli/help.h"
#include "emulator/cli/help_internal.h"

/* "a|b|c" with blanks between. */
static void words_of(struct buf *out, const char *choices)
{
	for (const char *p = choices; *p; p++)
		buf_addc(out, *p == '|' ? ' ' : *p);
}

/* Text inside '...' of a shell. */
static void quoted(struct buf *out, const char *text, const char *escape)
{
	for (const char *p = text; *p; p++) {
		if (*p == '\'')
			buf_adds(out, "'\\''");
		else if (strchr(escape, *p))
			buf_printf(out, "\\%c", *p);
		else
			buf_addc(out, *p);
	}
}

/* ---- bash ---- */

static const char bash_head[] =
	"# bash completion for cilocal\n"
	"\n"
	"# Puts together what bash splits at ':' and '=': sets words and cword.\n"
	"_cilocal_words()\n"
	"{\n"
	"\tlocal line=$COMP_LINE word rest i\n"
	"\twords=() cword=0\n"
	"\tfor ((i = 0; i < ${#COMP_WORDS[@]}; i++)); do\n"
	"\t\tword=${COMP_WORDS[i]}\n"
	"\t\trest=${line#\"${line%%[![:space:]]*}\"}\n"
	"\t\tif ((i > 0)) && [[ $line == \"$rest\" ]]; then\n"
	"\t\t\twords[${#words[@]}-1]+=$word\n"
	"\t\telse\n"
	"\t\t\twords+=(\"$word\")\n"
	"\t\tfi\n"
	"\t\tline=${rest#\"$word\"}\n"
	"\t\t((i == COMP_CWORD)) && cword=$((${#words[@]} - 1))\n"
	"\tdone\n"
	"}\n"
	"\n"
	"# Offers the lines of standard input that begin with what is typed.\n"
	"_cilocal_offer()\n"
	"{\n"
	"\tlocal plain=$cur quote= cut= line\n"
	"\tcase $cur in\n"
	"\t\\\"* | \\'*) quote=${cur:0:1} plain=${cur:1} ;;\n"
	"\t*) plain=${cur//\\\\/} cut=${cur%\"${cur##*[:=]}\"} ;;\n"
	"\tesac\n"
	"\twhile IFS= read -r line; do\n"
	"\t\t[[ $line == \"$plain\"* ]] || continue\n"
	"\t\t[[ $quote ]] || printf -v line %q \"$line\"\n"
	"\t\tCOMPREPLY+=(\"${line#\"$cut\"}\")\n"
	"\tdone\n"
	"}\n"
	"\n"
	"_cilocal_files()\n"
	"{\n"
	"\tlocal part=${cur##*=}\n"
	"\tcompopt -o filenames 2>/dev/null\n"
	"\tmapfile -t COMPREPLY < <(compgen \"$1\" -- \"$part\")\n"
	"}\n"
	"\n"
	"_cilocal()\n"
	"{\n"
	"\tlocal words cword cur prev cmd= i opts=\n"
	"\tlocal -a pass=()\n"
	"\tCOMPREPLY=()\n"
	"\t_cilocal_words\n"
	"\tcur=${words[cword]} prev=${words[cword - 1]}\n"
	"\tfor ((i = 1; i < cword; i++)); do\n"
	"\t\tcase ${words[i]} in\n"
	"\t\t-C | --directory | -f | --file) pass+=(\"${words[i]}\" \"${words[++i]}\") ;;\n"
	"\t\t-C?* | -f?* | --directory=* | --file=*) pass+=(\"${words[i]}\") ;;\n"
	"\t\t-*) ;;\n"
	"\t\t*) [[ $cmd ]] || cmd=${words[i]} ;;\n"
	"\t\tesac\n"
	"\tdone\n"
	"\tif [[ $cur == --*=* ]]; then\n"
	"\t\tprev=${cur%%=*} cur=${cur#*=}\n"
	"\tfi\n";

static void bash_names(struct buf *out, const struct cmd *cmd)
{
	size_t n;
	const struct opt_def *t = opt_table(&n);
	for (size_t i = 0; i < n; i++)
		if (help_lists(&t[i], cmd))
			buf_printf(out, " --%s%s", t[i].name, t[i].arg ? "=" : "");
}

/* The command that offers the values of an option's argument. */
static void bash_values(struct buf *out, const struct opt_def *d)
{
	if (d->choices) {
		buf_adds(out, "_cilocal_offer < <(printf '%s\\n' ");
		words_of(out, d->choices);
		buf_addc(out, ')');
		return;
	}
	switch (d->complete) {
	case COMPLETE_FILE:
		buf_adds(out, "_cilocal_files -f");
		break;
	case COMPLETE_DIR:
		buf_adds(out, "_cilocal_files -d");
		break;
	case COMPLETE_JOB:
		buf_adds(
			out, "_cilocal_offer < <(cilocal \"${pass[@]}\" list --names 2>/dev/null)");
		break;
	case COMPLETE_STAGE:
		buf_adds(out,
			"_cilocal_offer < <(cilocal \"${pass[@]}\" list --stages 2>/dev/null)");
		break;
	case COMPLETE_BRANCH:
		buf_adds(out, "_cilocal_offer < <(git for-each-ref --format='%(refname:short)' "
			      "refs/heads 2>/dev/null)");
		break;
	case COMPLETE_RUN:
		buf_adds(
			out, "_cilocal_offer < <(cilocal \"${pass[@]}\" runs --names 2>/dev/null)");
		break;
	case COMPLETE_NONE:
		buf_addc(out, ':');
		break;
	}
}

/* Several rows have that name: which one is meant depends on the command. */
static bool is_shared(const struct opt_def *d)
{
	size_t n, same = 0;
	const struct opt_def *t = opt_table(&n);
	for (size_t i = 0; i < n; i++)
		same += t[i].arg && !strcmp(t[i].name, d->name);
	return same > 1;
}

/* "*' --name' | *' -n'": what stands in front of the argument, behind the command. */
static void bash_pattern(struct buf *out, const struct opt_def *d)
{
	bool first = true;
	if (!is_shared(d)) {
		buf_printf(out, "*' --%s'", d->name);
		if (d->letter)
			buf_printf(out, " | *' -%c'", d->letter);
		return;
	}
	for (size_t i = 0; i < CMD_COUNT; i++) {
		if (!help_lists(d, cmd_table[i]))
			continue;
		buf_printf(out, "%s'%s --%s'", first ? "" : " | ", cmd_id_name((int)i), d->name);
		first = false;
	}
}

static void bash_arguments(struct buf *out)
{
	size_t n;
	const struct opt_def *t = opt_table(&n);
	buf_adds(out, "\tcase \"$cmd $prev\" in\n");
	for (size_t i = 0; i < n; i++) {
		bool optional = t[i].flags & OPTF_OPTIONAL;
		if (!t[i].arg || (t[i].flags & OPTF_HIDDEN) ||
			(optional && t[i].complete == COMPLETE_NONE))
			continue;
		buf_addc(out, '\t');
		bash_pattern(out, &t[i]);
		/* One that may be left out: what follows may be the next option. */
		buf_adds(out, optional ? ") [[ $cur == -* ]] || { " : ") ");
		bash_values(out, &t[i]);
		buf_adds(out, optional ? "; return; } ;;\n" : "; return ;;\n");
	}
	buf_adds(out, "\tesac\n");
}

static void bash_words(struct buf *out, const struct cmd *cmd)
{
	buf_printf(out, "\t%s) ", cmd_id_name(cmd->id));
	switch (cmd->kind) {
	case ARG_JOBS:
		buf_adds(
			out, "_cilocal_offer < <(cilocal \"${pass[@]}\" list --names 2>/dev/null)");
		break;
	case ARG_FILES:
		buf_adds(out, "_cilocal_files -f");
		break;
	case ARG_REVISIONS:
		buf_adds(out, "_cilocal_files -f; _cilocal_offer < <(git for-each-ref "
			      "--format='%(refname:short)' 2>/dev/null)");
		break;
	case ARG_WORDS:
		buf_adds(out, "_cilocal_offer < <(printf '%s\\n' ");
		words_of(out, cmd->words);
		buf_addc(out, ')');
		break;
	case ARG_RUNS:
		buf_adds(out,
			"if [[ $prev == show ]]; then _cilocal_offer < <(cilocal "
			"\"${pass[@]}\" runs --names 2>/dev/null); else _cilocal_offer <<<show; "
			"fi");
		break;
	case ARG_NONE:
		buf_addc(out, ':');
		break;
	}
	buf_adds(out, " ;;\n");
}

static void bash_script(struct buf *out)
{
	buf_adds(out, bash_head);
	bash_arguments(out);
	buf_adds(out, "\tif [[ $cur == -* ]]; then\n\t\tcase $cmd in\n");
	for (size_t i = 0; i < CMD_COUNT; i++) {
		buf_printf(out, "\t\t%s) opts='", cmd_id_name((int)i));
		bash_names(out, cmd_table[i]);
		buf_adds(out, "' ;;\n");
	}
	buf_adds(out, "\t\tesac\n\t\topts+='");
	bash_names(out, NULL);
	buf_adds(out,
		"'\n\t\tmapfile -t COMPREPLY < <(compgen -W \"$opts\" -- \"$cur\")\n"
		"\t\t[[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace "
		"2>/dev/null\n"
		"\t\treturn\n\tfi\n\tcase $cmd in\n\t'') _cilocal_offer < <(printf '%s\\n'");
	for (size_t i = 0; i < CMD_COUNT; i++)
		buf_printf(out, " %s", cmd_id_name((int)i));
	buf_adds(out, ") ;;\n");
	for (size_t i = 0; i < CMD_COUNT; i++)
		bash_words(out, cmd_table[i]);
	buf_adds(out, "\tesac\n}\ncomplete -F _cilocal cilocal\n");
}

/* ---- zsh ---- */

/* An action of _arguments is called with options for compadd in front of its own argument. */
static const char zsh_head[] = "#compdef cilocal\n"
			       "\n"
			       "_cilocal_lines()\n"
			       "{\n"
			       "\tlocal -a found\n"
			       "\tfound=(${(f)\"$(cilocal \"${(@)cilocal_pass}\" $argv[-2] "
			       "--$argv[-1] 2>/dev/null)\"})\n"
			       "\tcompadd \"${(@)argv[1,-3]}\" -a found\n"
			       "}\n"
			       "\n"
			       "_cilocal_branches()\n"
			       "{\n"
			       "\tlocal -a found\n"
			       "\tfound=(${(f)\"$(git for-each-ref --format='%(refname:short)' "
			       "refs/heads 2>/dev/null)\"})\n"
			       "\tcompadd \"$@\" -a found\n"
			       "}\n"
			       "\n";

static void zsh_action(struct buf *out, const struct opt_def *d)
{
	if (d->choices) {
		buf_addc(out, '(');
		words_of(out, d->choices);
		buf_addc(out, ')');
		return;
	}
	switch (d->complete) {
	case COMPLETE_FILE:
		buf_adds(out, "_files");
		break;
	case COMPLETE_DIR:
		buf_adds(out, "_files -/");
		break;
	case COMPLETE_JOB:
		buf_adds(out, "_cilocal_lines list names");
		break;
	case COMPLETE_STAGE:
		buf_adds(out, "_cilocal_lines list stages");
		break;
	case COMPLETE_BRANCH:
		buf_adds(out, "_cilocal_branches");
		break;
	case COMPLETE_RUN:
		buf_adds(out, "_cilocal_lines runs names");
		break;
	case COMPLETE_NONE:
		buf_addc(out, ' ');
		break;
	}
}

static void zsh_option(struct buf *out, const struct opt_def *d)
{
	for (int letter = 0; letter < (d->letter ? 2 : 1); letter++) {
		buf_printf(out, "\t\t'%s", d->flags & OPTF_REPEAT ? "*" : "");
		if (letter)
			buf_printf(out, "-%c%s", d->letter, d->arg ? "+" : "");
		else
			buf_printf(out, "--%s%s", d->name, d->arg ? "=" : "");
		buf_addc(out, '[');
		quoted(out, d->help, "[]:\\");
		buf_addc(out, ']');
		if (d->arg) {
			buf_adds(out, d->flags & OPTF_OPTIONAL ? "::" : ":");
			quoted(out, d->arg, ":\\");
			buf_addc(out, ':');
			zsh_action(out, d);
		}
		buf_adds(out, "'\n");
	}
}

static void zsh_options(struct buf *out, const struct cmd *cmd)
{
	size_t n;
	const struct opt_def *t = opt_table(&n);
	for (size_t i = 0; i < n; i++)
		if (help_lists(&t[i], cmd))
			zsh_option(out, &t[i]);
}

static void zsh_script(struct buf *out)
{
	buf_adds(out, zsh_head);
	buf_adds(out, "_cilocal()\n{\n\tlocal curcontext=$curcontext state line\n"
		      "\tlocal -a common options commands cilocal_pass\n\ttypeset -A opt_args\n"
		      "\tcommon=(\n");
	zsh_options(out, NULL);
	buf_adds(out, "\t)\n\tcommands=(\n");
	for (size_t i = 0; i < CMD_COUNT; i++) {
		buf_printf(out, "\t\t'%s:", cmd_id_name((int)i));
		quoted(out, cmd_table[i]->summary, ":\\");
		buf_adds(out, "'\n");
	}
	buf_adds(out,
		"\t)\n\t_arguments -C $common '1:command:->command' '*::argument:->argument'\n"
		"\tlocal key\n"
		"\tfor key in -C --directory -f --file; do\n"
		"\t\t[[ -n ${opt_args[$key]} ]] && cilocal_pass+=($key ${opt_args[$key]})\n"
		"\tdone\n"
		"\tcase $state in\n\tcommand) _describe command commands ;;\n"
		"\targument)\n\t\tcase $line[1] in\n");
	for (size_t i = 0; i < CMD_COUNT; i++) {
		const struct cmd *cmd = cmd_table[i];
		buf_printf(out, "\t\t%s)\n\t\toptions=(\n", cmd_id_name((int)i));
		zsh_options(out, cmd);
		if (cmd->kind == ARG_JOBS) {
			buf_adds(out, "\t\t'*:job:_cilocal_lines list names'\n");
		} else if (cmd->kind == ARG_FILES) {
			buf_adds(out, "\t\t'*:file:_files'\n");
		} else if (cmd->kind == ARG_REVISIONS) {
			buf_adds(out, "\t\t'*:revision or file:{ _cilocal_branches; _files }'\n");
		} else if (cmd->kind == ARG_WORDS) {
			buf_adds(out, "\t\t'*:what:(");
			words_of(out, cmd->words);
			buf_adds(out, ")'\n");
		} else if (cmd->kind == ARG_RUNS) {
			buf_adds(out, "\t\t'1:what:(show)'\n\t\t'2:run:_cilocal_lines runs "
				      "names'\n");
		}
		buf_adds(out, "\t\t)\n\t\t;;\n");
	}
	buf_adds(out,
		"\t\tesac\n\t\t_arguments $common $options\n\t\t;;\n\tesac\n}\n\n"
		"if [[ $zsh_eval_context[-1] == loadautofunc ]]; then\n\t_cilocal \"$@\"\nelse\n"
		"\tcompdef _cilocal cilocal\nfi\n");
}

/* ---- fish ---- */

static void fish_option(struct buf *out, const struct opt_def *d, const struct cmd *cmd)
{
	buf_adds(out, "complete -c cilocal");
	if (cmd)
		buf_printf(out, " -n '__fish_seen_subcommand_from %s'", cmd_id_name(cmd->id));
	buf_printf(out, " -l %s", d->name);
	if (d->letter)
		buf_printf(out, " -s %c", d->letter);
	buf_adds(out, " -d '");
	quoted(out, d->help, "");
	buf_addc(out, '\'');
	if (d->choices) {
		buf_adds(out, " -x -a '");
		words_of(out, d->choices);
		buf_addc(out, '\'');
	} else if (d->complete == COMPLETE_FILE) {
		buf_adds(out, " -r -F");
	} else if (d->complete == COMPLETE_DIR) {
		buf_adds(out, " -x -a '(__fish_complete_directories)'");
	} else if (d->complete == COMPLETE_JOB) {
		buf_adds(out, " -x -a '(__cilocal_lines list --names)'");
	} else if (d->complete == COMPLETE_STAGE) {
		buf_adds(out, " -x -a '(__cilocal_lines list --stages)'");
	} else if (d->complete == COMPLETE_BRANCH) {
		buf_adds(out, " -x -a '(git for-each-ref --format=\"%(refname:short)\" refs/heads "
			      "2>/dev/null)'");
	} else if (d->complete == COMPLETE_RUN) {
		buf_printf(out, "%s -a '(__cilocal_lines runs --names)'",
			d->flags & OPTF_OPTIONAL ? "" : " -x");
	} else if (d->arg) {
		buf_adds(out, " -x");
	}
	buf_addc(out, '\n');
}

static void fish_script(struct buf *out)
{
	size_t n;
	const struct opt_def *t = opt_table(&n);
	buf_adds(out, "# fish completion for cilocal\n\n"
		      "# Lines of `cilocal list` or `runs`, for the directory and file of the "
		      "command line.\n"
		      "function __cilocal_lines\n"
		      "\tset -l words (commandline -opc)\n"
		      "\tset -l pass\n"
		      "\tfor i in (seq 2 (count $words))\n"
		      "\t\tswitch $words[$i]\n"
		      "\t\t\tcase -C --directory -f --file\n"
		      "\t\t\t\tset -l j (math $i + 1)\n"
		      "\t\t\t\ttest $j -le (count $words); and set -a pass $words[$i] $words[$j]\n"
		      "\t\t\tcase '--directory=*' '--file=*'\n"
		      "\t\t\t\tset -a pass $words[$i]\n"
		      "\t\tend\n"
		      "\tend\n"
		      "\tcilocal $pass $argv 2>/dev/null\n"
		      "end\n\n"
		      "set -l commands");
	for (size_t i = 0; i < CMD_COUNT; i++)
		buf_printf(out, " %s", cmd_id_name((int)i));
	buf_adds(out, "\ncomplete -c cilocal -f\n");
	for (size_t i = 0; i < CMD_COUNT; i++) {
		buf_printf(out,
			"complete -c cilocal -n \"not __fish_seen_subcommand_from $commands\" -a "
			"%s -d '",
			cmd_id_name((int)i));
		quoted(out, cmd_table[i]->summary, "");
		buf_adds(out, "'\n");
	}
	for (size_t i = 0; i < n; i++)
		if (help_lists(&t[i], NULL))
			fish_option(out, &t[i], NULL);
	for (size_t c = 0; c < CMD_COUNT; c++) {
		const struct cmd *cmd = cmd_table[c];
		const char *name = cmd_id_name((int)c);
		if (cmd->kind == ARG_JOBS)
			buf_printf(out,
				"complete -c cilocal -n '__fish_seen_subcommand_from %s' -a "
				"'(__cilocal_lines list --names)'\n",
				name);
		else if (cmd->kind == ARG_FILES)
			buf_printf(out,
				"complete -c cilocal -n '__fish_seen_subcommand_from %s' -F\n",
				name);
		else if (cmd->kind == ARG_REVISIONS)
			buf_printf(out,
				"complete -c cilocal -n '__fish_seen_subcommand_from %s' -F -a "
				"'(git "
				"for-each-ref --format=\"%%(refname:short)\" 2>/dev/null)'\n",
				name);
		else if (cmd->kind == ARG_WORDS) {
			buf_printf(out,
				"complete -c cilocal -n '__fish_seen_subcommand_from %s' -a '",
				name);
			words_of(out, cmd->words);
			buf_adds(out, "'\n");
		} else if (cmd->kind == ARG_RUNS) {
			buf_printf(out,
				"complete -c cilocal -n '__fish_seen_subcommand_from %s; and not "
				"__fish_seen_subcommand_from show' -a show\n"
				"complete -c cilocal -n '__fish_seen_subcommand_from %s; and "
				"__fish_seen_subcommand_from show' -a '(__cilocal_lines runs "
				"--names)'\n",
				name, name);
		}
		for (size_t i = 0; i < n; i++)
			if (help_lists(&t[i], cmd))
				fish_option(out, &t[i], cmd);
	}
}

bool help_completion(struct buf *out, struct str shell)
{
	if (str_is(shell, "bash"))
		bash_script(out);
	else if (str_is(shell, "zsh"))
		zsh_script(out);
	else if (str_is(shell, "fish"))
		fish_script(out);
	else
		return false;
	return true;
}
