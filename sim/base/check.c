// check - prints and ends the process; knows nothing else of the program.
#include "sim/base/check.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

_Noreturn void check_fail(const char *fact, const char *file, int line)
{
    fprintf(stderr, "orrery: internal error: `%s` does not hold (%s:%d)\n", fact, file, line);
    abort();
}

_Noreturn void check_full(const char *what)
{
    fprintf(stderr, "orrery: too many %s; use a smaller scenario\n", what);
    _Exit(3);
}

static void *have_memory(void *memory, size_t size)
{
    if (memory == NULL && size != 0) {
        fprintf(stderr, "orrery: out of memory: %zu bytes were refused; use a smaller scenario\n",
                size);
        _Exit(3);
    }
    return memory;
}

void *check_calloc(size_t count, size_t size)
{
    return have_memory(calloc(count, size), count * size);
}

void *check_realloc(void *memory, size_t size)
{
    return have_memory(realloc(memory, size), size);
}

void check_keep_memory(void)
{
#ifdef __GLIBC__
    mallopt(M_TRIM_THRESHOLD, 32 * 1024 * 1024);
    mallopt(M_MMAP_THRESHOLD, 4 * 1024 * 1024);
#endif
}
