// diagnostic_codes - every code of a diagnostic with its long text, for `orrery explain CODE`.
#include "sim/base/diagnostic_codes.h"

#include <string.h>

static const struct diagnostic_code *const families[] = {
    diagnostic_codes_reading,
    diagnostic_codes_model,
    diagnostic_codes_warning,
};

const struct diagnostic_code *diagnostic_codes_at(size_t index)
{
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
        for (const struct diagnostic_code *code = families[i]; code->code != NULL; code++) {
            if (index-- == 0) {
                return code;
            }
        }
    }
    return NULL;
}

const struct diagnostic_code *diagnostic_codes_find(const char *code)
{
    if (code[0] == '\0') {
        return NULL;
    }
    for (size_t i = 0; diagnostic_codes_at(i) != NULL; i++) {
        const struct diagnostic_code *known = diagnostic_codes_at(i);
        const char letter =
            code[0] >= 'a' && code[0] <= 'z' ? (char)(code[0] - 'a' + 'A') : code[0];
        if (known->code[0] == letter && strcmp(known->code + 1, code + 1) == 0) {
            return known;
        }
    }
    return NULL;
}
