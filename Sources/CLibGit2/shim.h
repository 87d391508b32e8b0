#ifndef INGOT_CLIBGIT2_SHIM_H
#define INGOT_CLIBGIT2_SHIM_H

#include <git2.h>

/* git_libgit2_opts takes a variable number of arguments, which Swift cannot pass: one function for
 * each combination in use. */

static inline int ingot_git_set_number(int option, size_t value) {
    return git_libgit2_opts(option, value);
}

static inline int ingot_git_set_flag(int option, int value) {
    return git_libgit2_opts(option, value);
}

/* GIT_OPT_SET_TEMPLATE_PATH takes one text, GIT_OPT_SET_SSL_CERT_LOCATIONS two, of which the second
 * is a folder that is not in use here. */
static inline int ingot_git_set_text(int option, const char *value) {
    return git_libgit2_opts(option, value, (const char *)0);
}

static inline int ingot_git_set_level_text(int option, int level, const char *value) {
    return git_libgit2_opts(option, level, value);
}

#endif
