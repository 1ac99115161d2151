// test_broken - every broken scenario of tests/scenario/broken says what its first line expects.
//
// `# expect: E0107 44:5, W2003 7:3` lists code, line and column of every diagnostic, in order of
// place.
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/catalog.h"
#include "sim/base/diagnostic.h"
#include "sim/base/text.h"
#include "sim/scenario/scenario.h"

#define FOLDER "tests/scenario/broken/"
enum { FILES = 400 };

struct broken {
    char path[200];
};

static int compare_names(const void *one, const void *other)
{
    return strcmp(((const struct broken *)one)->path, ((const struct broken *)other)->path);
}

static size_t list_files(struct broken *files)
{
    size_t count = 0;
    DIR *folder = opendir(FOLDER);
    cr_assert_not_null(folder);
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL && count < FILES;) {
        const size_t length = strlen(entry->d_name);
        if (length > 5 && strcmp(entry->d_name + length - 5, ".yaml") == 0) {
            snprintf(files[count++].path, sizeof files->path, FOLDER "%.100s", entry->d_name);
        }
    }
    closedir(folder);
    qsort(files, count, sizeof *files, compare_names);
    return count;
}

static void add_expected(const char *path, struct text *out)
{
    static const char prefix[] = "# expect: ";
    char line[400];
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file);
    cr_assert_not_null(fgets(line, sizeof line, file));
    fclose(file);
    cr_assert_eq(strncmp(line, prefix, sizeof prefix - 1), 0, "%s has no expectation", path);
    line[strcspn(line, "\n")] = '\0';
    text_add(out, line + sizeof prefix - 1);
}

static void add_found(struct diagnostic_list *diagnostics, struct text *out)
{
    diagnostic_sort(diagnostics);
    for (uint32_t i = 0; i < diagnostics->count; i++) {
        const struct diagnostic *entry = diagnostics->entries[i];
        text_format(out, "%s%s %u:%u", i == 0 ? "" : ", ", entry->code, entry->place.line,
                    entry->place.column);
    }
}

ParameterizedTestParameters(broken, says_what_and_where)
{
    struct broken *files = cr_malloc(FILES * sizeof *files);
    const size_t count = list_files(files);
    return cr_make_param_array(struct broken, files, count, NULL);
}

ParameterizedTest(const struct broken *broken, broken, says_what_and_where)
{
    struct diagnostic_list diagnostics;
    struct scenario scenario;
    struct text expected, found;
    diagnostic_init(&diagnostics);
    text_init(&expected);
    text_init(&found);
    const bool good = scenario_load(&scenario, broken->path, NULL, &catalog_all, &diagnostics);
    add_expected(broken->path, &expected);
    add_found(&diagnostics, &found);
    cr_expect_str_eq(text_get(&found), text_get(&expected), "%s", broken->path);
    cr_expect_eq(good, diagnostics.errors == 0, "%s", broken->path);
    text_release(&expected);
    text_release(&found);
    scenario_release(&scenario);
    diagnostic_release(&diagnostics);
}

Test(broken, the_corpus_has_at_least_sixty_scenarios)
{
    static struct broken files[FILES];
    cr_expect_geq(list_files(files), 60);
}
