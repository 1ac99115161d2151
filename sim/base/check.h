// check - assertions that stay in every build, and the one place where memory runs out.
//
// A CHECK states one fact about our own reasoning; it never judges the user's input, the machine's
// files or the simulated system. Failing prints the fact and its place, then aborts.
#pragma once

#include <stddef.h>

#define CHECK(fact) ((fact) ? (void)0 : check_fail(#fact, __FILE__, __LINE__))

_Noreturn void check_fail(const char *fact, const char *file, int line);

// Something countable does not fit into its numbers, as memory may not: a message, exit status 3.
_Noreturn void check_full(const char *what);

// Memory of `size` bytes (zeroed / resized) or a message and exit status 3. Owner: the caller, by
// free().
void *check_calloc(size_t count, size_t size);
void *check_realloc(void *memory, size_t size);

// Up to 32 MB a thread that are given back stay with the process, for the next world of that size.
// Once, before there are threads.
void check_keep_memory(void);
