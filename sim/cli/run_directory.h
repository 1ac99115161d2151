// run_directory - runs/NAME-<8 hex>/: its name, whether it holds a finished run, what is copied
// into it.
#pragma once

#include <stdbool.h>

#include "sim/base/digest.h"
#include "sim/base/text.h"
#include "sim/study/result.h"

struct run_directory {
    struct text path;
    bool is_default; // under runs/, with runs/latest pointing at it
};

// `given` (-o) is taken as it is; otherwise runs/NAME-<first 8 of the digest of `identity` and this
// build>.
void run_directory_init(struct run_directory *directory, const char *given, const char *name,
                        const char *identity);
void run_directory_release(struct run_directory *directory);

// XXH3-128 of the identity and of this build.
void run_directory_digest(const char *identity, char hex[DIGEST_ROOM]);

// A manifest is written last, so a directory with one of this identity and build is complete.
bool run_directory_is_complete(const struct run_directory *directory, const char *identity);

bool run_directory_make(const struct run_directory *directory, struct text *why);

// A file of the directory.
bool run_directory_write(const struct run_directory *directory, const char *name,
                         const char *content, struct text *why);

// The facts that are not reproducible, written last.
struct run_directory_facts {
    int argc;
    char **argv;
    uint32_t workers;
    double elapsed_s;
    uint64_t peak_bytes;
    const char *identity;
    int exit_status;
};
bool run_directory_finish(const struct run_directory *directory, const struct result *result,
                          const struct run_directory_facts *facts, struct text *why);

// XXH3-128 of this executable in hex; "unknown" where it cannot be read.
void run_directory_executable(struct text *hex);

// Largest resident memory of this process so far.
uint64_t run_directory_peak_bytes(void);
