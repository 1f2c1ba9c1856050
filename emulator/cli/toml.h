/*
 * TOML text to the same node tree that YAML becomes, with places. The only C++ of the project is
 * behind this header, because toml++ is a C++ library.
 */
#ifndef CLI_TOML_H
#define CLI_TOML_H

#ifdef __cplusplus
extern "C" {
#endif

struct arena;
struct diags;
struct node;
struct source;

/*
 * The root mapping, in the order of the text, or NULL with errors added (code "toml"). Lines that
 * hold nothing but dots, as tutorials write them for "and so on", are errors of their own (code
 * "toml-placeholder"), all of them; the mapping is there without them. Strings are quoted STRING
 * nodes; dates and times are STRING nodes that are not quoted.
 */
struct node *toml_read(struct arena *a, const struct source *src, struct diags *d);

#ifdef __cplusplus
}
#endif

#endif
