// test_outputs - lists of outputs, and a directory that cannot be written.
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/outputs.h"
#include "sim/base/file.h"
#include "tests/support/sample_result.h"

Test(outputs, always_have_the_archive_and_the_summary)
{
    uint32_t chosen = 0;
    const char *unknown = NULL;
    cr_assert(outputs_choose("md,junit", &chosen, &unknown));
    cr_assert(chosen >> OUTPUT_H5 & 1u);
    cr_assert(chosen >> OUTPUT_JSON & 1u);
    cr_assert(chosen >> OUTPUT_MD & 1u);
    cr_assert_not(chosen >> OUTPUT_HTML & 1u);
    cr_assert_not(outputs_choose("md,pdf", &chosen, &unknown));
    cr_assert_str_eq(unknown, "pdf");
}

Test(outputs, a_directory_that_is_not_there_is_said_once)
{
    struct result result;
    struct text why;
    result_init(&result);
    sample_result(&result, SAMPLE_PLAIN);
    text_init(&why);
    cr_assert_not(outputs_write(&result, "no/such/place", 1u << OUTPUT_JSON, &why));
    cr_assert_not_null(strstr(text_get(&why), "cannot write `no/such/place/summary.json`"));
    text_release(&why);
    result_release(&result);
}

Test(outputs, are_complete_and_leave_no_temporary_names)
{
    char place[] = P_tmpdir "/orrery_outputs_XXXXXX";
    struct result result;
    struct text why, path;
    cr_assert_not_null(mkdtemp(place));
    result_init(&result);
    sample_result(&result, SAMPLE_PLAIN);
    text_init(&why);
    text_init(&path);
    const uint32_t chosen = 1u << OUTPUT_JSON | 1u << OUTPUT_H5 | 1u << OUTPUT_LOG;
    cr_assert(outputs_write(&result, place, chosen, &why), "%s", text_get(&why));
    static const enum output written[] = {OUTPUT_JSON, OUTPUT_H5, OUTPUT_LOG};
    for (size_t i = 0; i < sizeof written / sizeof written[0]; i++) {
        text_clear(&path);
        text_format(&path, "%s/%s", place, outputs_files[written[i]]);
        cr_assert(file_exists(text_get(&path)), "%s", text_get(&path));
        text_add(&path, ".tmp");
        cr_assert_not(file_exists(text_get(&path)));
    }
    text_release(&why);
    text_release(&path);
    result_release(&result);
}
