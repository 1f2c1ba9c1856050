#define TOML_HEADER_ONLY       1
#define TOML_EXCEPTIONS        0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

extern "C" {
#include "base/arena.h"
#include "base/diag.h"
#include "base/str.h"
#include "source/source.h"
#include "yaml/node.h"
}
#include "emulator/cli/toml.h"

namespace
{

struct reader {
	struct arena *arena;
	uint32_t source;
};

struct str copy(const reader &r, std::string_view text)
{
	return arena_str(r.arena, str_n(text.data(), text.size()));
}

struct loc place(const reader &r, const toml::source_position &p)
{
	struct loc l;
	l.source = r.source;
	l.line = static_cast<uint32_t>(p.line);
	l.col = static_cast<uint32_t>(p.column);
	return l;
}

struct span span_of(const reader &r, const toml::source_region &region)
{
	struct span s;
	s.begin = place(r, region.begin);
	s.end = place(r, region.end);
	return s;
}

struct node *convert(const reader &r, const toml::node &n);

/* toml++ keeps tables sorted by key; people expect the order of the file. */
struct node *convert_table(const reader &r, const toml::table &t)
{
	struct entry {
		const toml::key *key;
		const toml::node *value;
	};
	std::vector<entry> entries;
	for (auto it = t.begin(); it != t.end(); ++it)
		entries.push_back({&it->first, &it->second});
	std::stable_sort(entries.begin(), entries.end(), [](const entry &a, const entry &b) {
		const auto &x = a.key->source().begin, &y = b.key->source().begin;
		return x.line != y.line ? x.line < y.line : x.column < y.column;
	});
	struct node *map = node_new(r.arena, NODE_MAP, span_of(r, t.source()));
	for (const entry &e : entries) {
		struct node *key =
			node_new_str(r.arena, copy(r, e.key->str()), span_of(r, e.key->source()));
		key->quoted = true;
		node_map_put(r.arena, map, key, convert(r, *e.value));
	}
	return map;
}

struct node *convert_array(const reader &r, const toml::array &array)
{
	struct node *seq = node_new(r.arena, NODE_SEQ, span_of(r, array.source()));
	for (const toml::node &item : array)
		node_seq_push(r.arena, seq, convert(r, item));
	return seq;
}

struct node *convert_scalar(const reader &r, const toml::node &n)
{
	struct span at = span_of(r, n.source());
	char text[64];
	if (const auto *s = n.as_string()) {
		struct node *out = node_new_str(r.arena, copy(r, s->get()), at);
		out->quoted = true;
		return out;
	}
	if (const auto *i = n.as_integer()) {
		struct node *out = node_new_int(r.arena, i->get(), at);
		out->text = arena_printf(r.arena, "%lld", static_cast<long long>(i->get()));
		return out;
	}
	if (const auto *b = n.as_boolean())
		return node_new_bool(r.arena, b->get(), at);
	if (const auto *f = n.as_floating_point()) {
		struct node *out = node_new(r.arena, NODE_FLOAT, at);
		out->u.number = f->get();
		std::snprintf(text, sizeof(text), "%.17g", f->get());
		out->text = copy(r, text);
		return out;
	}
	return node_new_str(r.arena, copy(r, n.is_date() ? "a date" : "a time"), at);
}

struct node *convert(const reader &r, const toml::node &n)
{
	if (const auto *t = n.as_table())
		return convert_table(r, *t);
	if (const auto *a = n.as_array())
		return convert_array(r, *a);
	return convert_scalar(r, n);
}

/* The byte range of a line (1-based) in text, without its line end. */
bool line_range(const std::string &text, uint32_t line, size_t &from, size_t &to)
{
	from = 0;
	for (; line > 1; line--) {
		from = text.find('\n', from);
		if (from == std::string::npos)
			return false;
		from++;
	}
	to = std::min(text.find('\n', from), text.size());
	return true;
}

/* "....": what tutorials put where they leave something out. */
bool is_placeholder(std::string_view line)
{
	size_t dots = 0;
	for (char c : line) {
		if (c == '.')
			dots++;
		else if (c != ' ' && c != '\t' && c != '\r')
			return line.find("\xe2\x80\xa6") != std::string_view::npos &&
			       line.find_first_not_of(" \t\r\xe2\x80\xa6") ==
				       std::string_view::npos;
	}
	return dots >= 2;
}

/* If the parser stumbled over a placeholder: says so, and blanks it out. */
bool take_placeholder(const reader &r, std::string &text, uint32_t line, struct diags *d)
{
	size_t from, to;
	if (!line_range(text, line, from, to) ||
		!is_placeholder(std::string_view(text).substr(from, to - from)))
		return false;
	size_t first = text.find_first_not_of(" \t", from);
	struct span at;
	at.begin.source = at.end.source = r.source;
	at.begin.line = at.end.line = line;
	at.begin.col = static_cast<uint32_t>(first - from + 1);
	at.end.col = at.begin.col + 1;
	std::string dots = text.substr(first, to - first);
	while (!dots.empty() && (dots.back() == ' ' || dots.back() == '\r' || dots.back() == '\t'))
		dots.pop_back();
	at.end.col = at.begin.col + static_cast<uint32_t>(dots.size());
	struct diag *diag = diag_add(d, DIAG_ERROR, "toml-placeholder", at,
		"'%s' is a placeholder of a tutorial, no TOML; remove this line", dots.c_str());
	(void)diag;
	std::fill(text.begin() + static_cast<std::ptrdiff_t>(from),
		text.begin() + static_cast<std::ptrdiff_t>(to), ' ');
	return true;
}

bool is_word(char c)
{
	return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
}

/* What people write who know YAML, Python or shells better; empty where nothing is known. */
std::string advice(const std::string &text, const toml::source_position &p)
{
	size_t from, to;
	if (!line_range(text, static_cast<uint32_t>(p.line), from, to))
		return "";
	const std::string line = text.substr(from, to - from);
	size_t at = std::min<size_t>(p.column ? p.column - 1 : 0, line.size()), end = at;
	if (at < line.size() && line[at] == ':')
		return "a key and its value have '=' between them: KEY = VALUE";
	while (at > 0 && is_word(line[at - 1]))
		at--;
	while (end < line.size() && is_word(line[end]))
		end++;
	std::string word = line.substr(at, end - at), lower = word;
	size_t next = line.find_first_not_of(" \t", end),
	       before = line.find_last_not_of(" \t", at ? at - 1 : 0);
	if (word.empty() || !std::isalpha(static_cast<unsigned char>(word[0])))
		return "";
	if (next != std::string::npos && line[next] == '=')
		return "the value before it has no end: is there a ']', '}' or '\"' missing?";
	if (!at || before == std::string::npos || !std::strchr("=,[", line[before]))
		return "";
	std::transform(lower.begin(), lower.end(), lower.begin(),
		[](unsigned char c) { return static_cast<char>(std::tolower(c)); });
	for (const char *yes : {"true", "yes", "on"})
		if (lower == yes)
			return "write true";
	for (const char *no : {"false", "no", "off"})
		if (lower == no)
			return "write false";
	return "a string wants quotes: \"" + word + "\"";
}

} // namespace

extern "C" struct node *toml_read(struct arena *a, const struct source *src, struct diags *d)
{
	reader r = {a, src->id};
	std::string text(src->text.p ? src->text.p : "", src->text.n);
	for (;;) {
		toml::parse_result result = toml::parse(std::string_view(text));
		if (result)
			return convert_table(r, result.table());
		const toml::parse_error &e = result.error();
		if (take_placeholder(r, text, static_cast<uint32_t>(e.source().begin.line), d))
			continue;
		std::string_view why = e.description();
		struct diag *diag = diag_add(d, DIAG_ERROR, "toml", span_of(r, e.source()),
			"this is no TOML: %.*s", static_cast<int>(why.size()), why.data());
		const std::string help = advice(text, e.source().begin);
		if (!help.empty()) {
			struct span nowhere = {};
			diag_note(d, diag, nowhere, "%s", help.c_str());
		}
		return nullptr;
	}
}
