// test_summary - summary.json: valid by its schema, numbers in full, nothing of the machine.
#include <criterion/criterion.h>
#include <jansson.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reports/summary.h"
#include "tests/support/sample_result.h"

static char *summary_of(enum sample_names names)
{
    struct result result;
    struct json_write json;
    result_init(&result);
    sample_result(&result, names);
    json_write_init(&json);
    summary_write(&result, &json);
    char *copy = strdup(json_write_get(&json));
    json_write_release(&json);
    result_release(&result);
    return copy;
}

// With python3-jsonschema where it is installed; exit status 77 says that it is not.
static void validate(const char *document)
{
    static const char script[] =
        "import sys, json\n"
        "try:\n    import jsonschema\nexcept ImportError:\n    sys.exit(77)\n"
        "schema = json.load(open('reports/summary.schema.json'))\n"
        "jsonschema.Draft202012Validator(schema).validate(json.load(open(sys.argv[1])))\n";
    char path[] = P_tmpdir "/orrery_summary_XXXXXX";
    const int file = mkstemp(path);
    cr_assert_geq(file, 0);
    FILE *stream = fdopen(file, "w");
    fputs(document, stream);
    fclose(stream);
    const char *const argv[] = {"python3", "-c", script, path, NULL};
    pid_t child = 0;
    int status = 77 << 8;
    if (posix_spawnp(&child, argv[0], NULL, NULL, (char *const *)(uintptr_t)argv, environ) == 0) {
        waitpid(child, &status, 0);
    }
    status = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
    remove(path);
    cr_assert(status == 0 || status == 77, "exit status %d", status);
}

Test(summary, fits_its_schema)
{
    char *document = summary_of(SAMPLE_PLAIN);
    validate(document);
    free(document);
}

Test(summary, fits_its_schema_with_hostile_names_too)
{
    char *document = summary_of(SAMPLE_HOSTILE);
    validate(document);
    json_error_t error;
    json_t *root = json_loads(document, JSON_REJECT_DUPLICATES, &error);
    cr_assert_not_null(root, "%d: %s", error.line, error.text);
    json_decref(root);
    free(document);
}

Test(summary, has_the_members_of_its_schema_in_words)
{
    char *document = summary_of(SAMPLE_PLAIN);
    json_error_t error;
    json_t *root = json_loads(document, 0, &error);
    cr_assert_not_null(root);
    cr_assert_str_eq(json_string_value(json_object_get(root, "schema")), "orrery.summary/1");
    cr_assert_eq(strlen(json_string_value(json_object_get(root, "fingerprint"))), 32);
    cr_assert_gt(json_object_size(json_object_get(root, "workloads")), 0);
    cr_assert_gt(json_object_size(json_object_get(root, "components")), 0);
    cr_assert_gt(json_array_size(json_object_get(root, "slos")), 0);
    cr_assert(json_is_string(json_object_get(root, "verdict")));
    json_decref(root);
    free(document);
}

Test(summary, is_the_same_twice)
{
    char *one = summary_of(SAMPLE_PLAIN), *other = summary_of(SAMPLE_PLAIN);
    cr_assert_str_eq(one, other);
    free(one);
    free(other);
}
