// git_base - a file or directory of an older revision: git:REVISION:FILE.
//
// The revision's whole tree is laid out in a temporary directory, so that what a scenario includes
// or reads lies beside it. FILE is meant from the working folder, as without git. Neither the
// repository's index nor its working tree is touched.
#pragma once

#include <stdbool.h>

#include "sim/base/text.h"

enum git_base_end {
    GIT_BASE_DONE,
    GIT_BASE_WRONG,  // no repository, no such revision, or the file is not in it
    GIT_BASE_BROKEN, // git or the temporary directory
};

struct git_base {
    struct text directory; // the temporary one; "": none
    struct text path;      // of FILE below it
    struct text tree;      // of the revision's top below it, with a slash
};

// Whether a side of a comparison is named so.
bool git_base_is(const char *name);

// Initialises *base; pair with git_base_release, which removes the directory. Otherwise `why` says
// what failed.
enum git_base_end git_base_take(struct git_base *base, const char *name, struct text *why);

// The path of a file below the temporary directory as git names it, "git:REVISION:PATH from the
// top"; any other as it is.
void git_base_name(const struct git_base *base, const char *name, const char *path,
                   struct text *out);
void git_base_release(struct git_base *base);
