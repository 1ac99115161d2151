// test_diagnostic_codes - every code that the program can print has its long text.
#include <criterion/criterion.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sim/base/check.h"
#include "sim/base/diagnostic_codes.h"

static char *read_file(const char *path, size_t size)
{
    char *bytes = check_calloc(size + 1, 1);
    FILE *file = fopen(path, "rb");
    cr_assert(file != NULL, "%s", path);
    cr_expect(fread(bytes, 1, size, file) == size, "%s", path);
    fclose(file);
    return bytes;
}

// A literal "E0107" or "W2003" begins here.
static bool is_code(const char *at)
{
    return at[0] == '"' && (at[1] == 'E' || at[1] == 'W') && strspn(at + 2, "0123456789") == 4 &&
           at[6] == '"';
}

static int check_source(const char *path, const struct stat *status, int kind)
{
    const size_t length = strlen(path);
    if (kind != FTW_F || length < 2 || strcmp(path + length - 2, ".c") != 0) {
        return 0;
    }
    char *bytes = read_file(path, (size_t)status->st_size);
    for (const char *at = bytes; (at = strchr(at, '"')) != NULL; at++) {
        char code[6] = "";
        if (is_code(at)) {
            memcpy(code, at + 1, 5);
            cr_expect(diagnostic_codes_find(code) != NULL, "%s: `orrery explain %s` is silent",
                      path, code);
        }
    }
    free(bytes);
    return 0;
}

Test(diagnostic_codes, every_code_of_the_sources_is_explained)
{
    static const char *const folders[] = {"sim", "models", "reports"};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        cr_expect(ftw(folders[i], check_source, 16) == 0, "run from the root of the sources");
    }
}

Test(diagnostic_codes, every_code_has_a_title_and_a_text_and_is_there_once)
{
    for (size_t i = 0; diagnostic_codes_at(i) != NULL; i++) {
        const struct diagnostic_code *code = diagnostic_codes_at(i);
        cr_expect(strlen(code->code) == 5, "%s", code->code);
        cr_expect(strlen(code->title) > 5 && strlen(code->text) > 40, "%s", code->code);
        cr_expect(diagnostic_codes_find(code->code) == code, "%s stands twice", code->code);
        if (i > 0 && diagnostic_codes_at(i - 1)->code[0] == code->code[0]) {
            cr_expect(strcmp(diagnostic_codes_at(i - 1)->code, code->code) < 0, "%s", code->code);
        }
    }
}

Test(diagnostic_codes, texts_are_whole_lines_that_fit_a_terminal)
{
    for (size_t i = 0; diagnostic_codes_at(i) != NULL; i++) {
        const struct diagnostic_code *code = diagnostic_codes_at(i);
        for (const char *line = code->text; *line != '\0'; line = strchr(line, '\n') + 1) {
            cr_assert(strchr(line, '\n') != NULL, "%s ends without a line end", code->code);
            cr_expect(strchr(line, '\n') - line <= 90, "%s has a long line", code->code);
        }
    }
}

Test(diagnostic_codes, are_found_in_either_case)
{
    cr_expect(diagnostic_codes_find("e0107") == diagnostic_codes_find("E0107"));
    cr_expect(diagnostic_codes_find("E9999") == NULL);
    cr_expect(diagnostic_codes_find("") == NULL);
}
