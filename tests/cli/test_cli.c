// test_cli - what the program prints and how it exits, run as a user runs it.
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/base/file.h"
#include "sim/base/text.h"
#include "tests/cli/program.h"

enum { WORDS = 16 };

// Runs words divided by blanks; a word @PATH is a file of the source tree.
static void run(struct program *program, const char *line)
{
    char copy[400], root[400], paths[WORDS][900];
    const char *words[WORDS + 1] = {NULL};
    cr_assert_not_null(getcwd(root, sizeof root));
    snprintf(copy, sizeof copy, "%s", line);
    char *rest = copy;
    size_t count = 0;
    for (char *word; (word = strsep(&rest, " ")) != NULL && count < WORDS; count++) {
        snprintf(paths[count], sizeof paths[count], "%s/%s", root, word + 1);
        words[count] = word[0] == '@' ? paths[count] : word;
    }
    words[line[0] == '\0' ? 0 : count] = NULL;
    program_init(program);
    program_run(program, words);
}

// The exit status, and something that is said on one of the two outputs.
static void expect(const char *line, int status, const char *part)
{
    struct program program;
    run(&program, line);
    cr_expect_eq(program.status, status, "%s: status %d, not %d", line, program.status, status);
    const bool said = strstr(text_get(&program.out), part) != NULL ||
                      strstr(text_get(&program.err), part) != NULL;
    cr_expect(said, "%s: no `%s` in:\n%s\n%s", line, part, text_get(&program.out),
              text_get(&program.err));
    program_release(&program);
}

Test(cli, every_command_has_help)
{
    static const char *const commands[] = {"run",      "check", "init",   "explain",
                                           "describe", "list",  "schema", "completion",
                                           "version",  "help",  "show",   "report"};
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        char line[64];
        snprintf(line, sizeof line, "help %s", commands[i]);
        expect(line, 0, "usage: orrery");
        snprintf(line, sizeof line, "%s --help", commands[i]);
        expect(line, 0, "usage: orrery");
    }
    expect("help", 0, "orrery init webshop");
}

Test(cli, wrong_usage_exits_2_and_says_what_was_meant)
{
    expect("chekc x.yaml", 2, "did you mean `check`?");
    expect("check --formt short x.yaml", 2, "did you mean `--format`?");
    expect("check", 2, "orrery help check");
    expect("init webshpo", 2, "did you mean `webshop`?");
    expect("list laws", 2, "dists");
    expect("", 2, "usage: orrery");
}

Test(cli, check_says_what_it_read_and_predicts_the_run)
{
    expect("check @scenarios/examples/queue.yaml", 0, "predicted: 12M events in 10 replications");
    expect("check @scenarios/examples/queue.yaml", 0, "predicted bottleneck server/cpu, 80 %");
    expect("check --print graph @scenarios/examples/minimal.yaml", 0, "\"web\" -> \"db\"");
    expect("check --print cost @scenarios/examples/minimal.yaml", 0, "available");
    expect("check --print resolved --set peak=300/s @scenarios/examples/minimal.yaml", 0,
           "peak: 300/s");
}

Test(cli, check_of_a_broken_file_exits_2)
{
    expect("check @tests/scenario/broken/unknown-key.yaml", 2, "did you mean `replicas`?");
    expect("check --format short @tests/scenario/broken/unknown-key.yaml", 2,
           "broken/unknown-key.yaml:8:5: error[E0107]");
    expect("check --format github @tests/scenario/broken/unknown-key.yaml", 2, "::error ");
    expect("check @tests/scenario/broken/overload.yaml", 0, "warning[W2003]");
    expect("check --deny warnings @tests/scenario/broken/overload.yaml", 2, "W2003");
    expect("check -q -A W2003 --deny warnings @tests/scenario/broken/overload.yaml", 0, "");
    expect("check nowhere.yaml", 2, "E0100");
}

Test(cli, machines_read_json_and_sarif_on_standard_output_alone)
{
    static const char *const formats[] = {"json", "sarif"};
    for (size_t i = 0; i < 2; i++) {
        char line[200];
        json_error_t error;
        snprintf(line, sizeof line, "check --format %s @tests/scenario/broken/unknown-key.yaml",
                 formats[i]);
        struct program program;
        run(&program, line);
        json_t *json = json_loads(text_get(&program.out), 0, &error);
        cr_expect_not_null(json, "%s: %s", formats[i], error.text);
        json_decref(json);
        program_release(&program);
    }
}

Test(cli, init_prints_the_example_byte_for_byte)
{
    static const char *const names[] = {"minimal", "webshop", "newsroom", "queue", "inventory"};
    for (size_t i = 0; i < 5; i++) {
        char line[200];
        struct program program;
        struct text file, why;
        text_init(&file);
        text_init(&why);
        snprintf(line, sizeof line, "scenarios/examples/%s.yaml", names[i]);
        cr_assert(file_read(line, &file, &why), "%s", text_get(&why));
        snprintf(line, sizeof line, "init %s", names[i]);
        run(&program, line);
        cr_expect_eq(program.status, 0);
        cr_expect_str_eq(text_get(&program.out), text_get(&file));
        program_release(&program);
        text_release(&file);
        text_release(&why);
    }
    expect("init --list", 0, "webshop");
}

Test(cli, explain_knows_codes_and_keys)
{
    expect("explain E0107", 0, "unknown key");
    expect("explain w2003", 0, "offered load");
    expect("explain components.*.operations.*.call.retry.budget", 0, "retries over first tries");
    expect("explain simulation", 0, "inter-arrival");
    expect("explain components.web.replica", 2, "did you mean `replicas`?");
    expect("explain E9999", 2, "no code");
}

Test(cli, describe_and_list_print_the_tables)
{
    expect("describe", 0, "station");
    expect("describe kafka", 0, "Kafka 3.6.2 default");
    expect("describe kafka.producer.linger", 0, "linger.ms");
    expect("describe kafak", 2, "did you mean `kafka`?");
    expect("list dists", 0, "lognormal(median=4ms, p99=30ms)");
    expect("list faults", 0, "zone-down");
    expect("list metrics", 0, "carried >= 99.5%");
    expect("list policies", 0, "least_request");
    expect("list units", 0, "250us");
    expect("list models", 0, "service");
}

Test(cli, schema_is_json)
{
    struct program program;
    json_error_t error;
    run(&program, "schema");
    json_t *json = json_loads(text_get(&program.out), 0, &error);
    cr_expect_not_null(json, "%s", error.text);
    json_decref(json);
    program_release(&program);
}

Test(cli, version_is_told_to_people_and_machines)
{
    expect("version", 0, "orrery ");
    expect("--version", 0, "orrery ");
    expect("version --json", 0, "\"version\": \"");
}

Test(cli, completion_lists_commands_and_options)
{
    expect("completion bash", 0, "--print");
    expect("completion zsh", 0, "bashcompinit");
    expect("completion fish", 0, "explain");
}
