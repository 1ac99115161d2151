// suggest - the word that was probably meant: "did you mean `replicas`?"
#include "sim/base/suggest.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>

enum { SUGGEST_LONGEST = 64, SUGGEST_EDITS = 2 };

static int lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? byte - 'A' + 'a' : byte;
}

static unsigned least(unsigned one, unsigned other)
{
    return one < other ? one : other;
}

// Optimal string alignment: rows[0] is two letters back, rows[1] one, rows[2] the present one.
static unsigned align(const char *one, const char *other, size_t rows_count, size_t columns)
{
    unsigned rows[3][SUGGEST_LONGEST + 1];
    for (size_t j = 0; j <= columns; j++) {
        rows[1][j] = (unsigned)j;
    }
    for (size_t i = 1; i <= rows_count; i++) {
        rows[2][0] = (unsigned)i;
        for (size_t j = 1; j <= columns; j++) {
            const bool same = lower(one[i - 1]) == lower(other[j - 1]);
            const unsigned edit = least(rows[1][j], rows[2][j - 1]) + 1;
            rows[2][j] = least(edit, rows[1][j - 1] + !same);
            if (i > 1 && j > 1 && lower(one[i - 1]) == lower(other[j - 2]) &&
                lower(one[i - 2]) == lower(other[j - 1])) {
                rows[2][j] = least(rows[2][j], rows[0][j - 2] + 1);
            }
        }
        memcpy(rows[0], rows[1], sizeof rows[0]);
        memcpy(rows[1], rows[2], sizeof rows[1]);
    }
    return rows[1][columns];
}

unsigned suggest_distance(const char *one, const char *other)
{
    const size_t length = strlen(one);
    const size_t columns = strlen(other);
    if (length > SUGGEST_LONGEST || columns > SUGGEST_LONGEST) {
        return UINT_MAX;
    }
    return align(one, other, length, columns);
}

const char *suggest_nearest(const char *word, const char *const *candidates, size_t count)
{
    const char *nearest = NULL;
    unsigned best = SUGGEST_EDITS + 1;
    const size_t length = strlen(word);
    for (size_t i = 0; i < count; i++) {
        const unsigned distance = suggest_distance(word, candidates[i]);
        const size_t other = strlen(candidates[i]);
        const size_t longer = length > other ? length : other;
        if (distance < best && distance <= longer / 3) {
            best = distance;
            nearest = candidates[i];
        }
    }
    return nearest;
}
