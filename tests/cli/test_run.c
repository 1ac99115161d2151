// test_run - the program from outside: exit statuses, what goes where, files complete or absent.
#include <criterion/criterion.h>
#include <jansson.h>
#include <string.h>

#include "tests/cli/program.h"

static const char queue[] =
    "orrery: v1\n"
    "name: queue\n"
    "params: {rate: 5/s}\n"
    "simulation: {duration: 5m, warmup: 30s, seed: 42, replications: 5}\n"
    "components:\n"
    "  desk: {kind: station, servers: 1, service: exp(mean=80ms)}\n"
    "workloads:\n"
    "  people: {target: desk, arrivals: poisson, rate: $rate}\n"
    "slos:\n"
    "  - {name: quick, target: people, objectives: [\"p(90) < 1s\"]}\n"
    "faults:\n"
    "  - {name: outage, action: kill, select: {component: desk}, at: 2m, duration: 20s}\n";

static void begin(struct program *program)
{
    program_init(program);
    program_write(program, "queue.yaml", queue);
}

static int run(struct program *program, const char *one, const char *two, const char *three)
{
    const char *const arguments[] = {"run", "queue.yaml", one, two, three, NULL};
    return program_run(program, arguments);
}

Test(run, exits_0_when_every_objective_holds_and_1_when_one_fails)
{
    struct program program;
    begin(&program);
    cr_assert_eq(run(&program, "--faults", "none", NULL), 0, "%s", text_get(&program.err));
    cr_assert_not_null(strstr(text_get(&program.out), "PASS: 1 of 1 objectives hold"));
    const char *const slow[] = {"run",   "queue.yaml", "--faults", "none",
                                "--set", "rate=12/s",  NULL};
    cr_assert_eq(program_run(&program, slow), 1);
    cr_assert_not_null(strstr(text_get(&program.out), "FAIL"));
    cr_assert_not_null(strstr(text_get(&program.out), "Why it failed"));
    program_release(&program);
}

Test(run, exits_2_on_wrong_usage_and_on_wrong_scenarios_without_simulating)
{
    struct program program;
    begin(&program);
    cr_assert_eq(run(&program, "--sed", "1", NULL), 2);
    cr_assert_not_null(strstr(text_get(&program.err), "did you mean `--seed`"));
    cr_assert_eq(run(&program, "--faults", "flood", NULL), 2);
    cr_assert_eq(run(&program, "--set", "nothing=1", NULL), 2);
    program_write(&program, "queue.yaml", "orrery: v1\nnmae: x\n");
    cr_assert_eq(run(&program, NULL, NULL, NULL), 2);
    cr_assert_eq(program.out.length, 0);
    program_release(&program);
}

Test(run, prints_one_json_document_and_nothing_else_on_standard_output)
{
    struct program program;
    struct text stored;
    begin(&program);
    text_init(&stored);
    run(&program, "--json", "-o", "here");
    json_error_t error;
    json_t *root = json_loads(text_get(&program.out), JSON_REJECT_DUPLICATES, &error);
    cr_assert_not_null(root, "%s", error.text);
    json_decref(root);
    cr_assert(program_read(&program, "here/summary.json", &stored));
    cr_assert_str_eq(text_get(&stored), text_get(&program.out));
    text_release(&stored);
    program_release(&program);
}

Test(run, gives_the_same_bytes_with_one_and_with_four_workers)
{
    struct program program;
    struct text one, other;
    begin(&program);
    text_init(&one);
    text_init(&other);
    run(&program, "-j1", "-o", "one");
    run(&program, "-j4", "-o", "four");
    static const char *const files[] = {"summary.json", "results.h5", "log.jsonl"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char name[64];
        snprintf(name, sizeof name, "one/%s", files[i]);
        cr_assert(program_read(&program, name, &one));
        snprintf(name, sizeof name, "four/%s", files[i]);
        cr_assert(program_read(&program, name, &other));
        cr_expect(one.length == other.length &&
                      memcmp(text_get(&one), text_get(&other), one.length) == 0,
                  "%s differs", files[i]);
    }
    text_release(&one);
    text_release(&other);
    program_release(&program);
}

Test(run, shows_a_finished_run_again_instead_of_simulating_it)
{
    struct program program;
    struct text first;
    begin(&program);
    text_init(&first);
    const int status = run(&program, NULL, NULL, NULL);
    text_add(&first, text_get(&program.out));
    cr_assert_eq(run(&program, NULL, NULL, NULL), status);
    cr_assert_str_eq(text_get(&first), text_get(&program.out));
    cr_assert_not_null(strstr(text_get(&program.err), "is up to date"));
    run(&program, "--rerun", NULL, NULL);
    cr_assert_null(strstr(text_get(&program.err), "is up to date"));
    run(&program, "--seed", "7", NULL);
    cr_assert_null(strstr(text_get(&program.err), "is up to date"));
    text_release(&first);
    program_release(&program);
}

Test(run, shows_verdicts_with_and_without_faults_side_by_side)
{
    struct program program;
    begin(&program);
    run(&program, "--faults", "all", NULL);
    cr_assert_not_null(strstr(text_get(&program.out), "without faults"));
    cr_assert_not_null(strstr(text_get(&program.out), "outage"));
    program_release(&program);
}

Test(run, an_interrupt_exits_130_and_leaves_no_result)
{
    struct program program;
    struct text content;
    begin(&program);
    text_init(&content);
    program.interrupt_when = "here/journal";
    cr_assert_eq(run(&program, "--duration", "200h", "-ohere"), 130);
    cr_assert_not(program_read(&program, "here/summary.json", &content));
    text_release(&content);
    program_release(&program);
}

Test(run, a_full_disk_exits_3_says_so_once_and_leaves_no_half_file)
{
    struct program program;
    struct text content;
    begin(&program);
    text_init(&content);
    program.file_limit = 6000;
    cr_assert_eq(run(&program, "-o", "here", NULL), 3);
    const char *said = strstr(text_get(&program.err), "cannot write");
    cr_assert_not_null(said);
    cr_assert_null(strstr(said + 1, "cannot write"));
    cr_assert_not(program_read(&program, "here/summary.json", &content));
    cr_assert_not(program_read(&program, "here/summary.json.tmp", &content));
    cr_assert_not(program_read(&program, "here/manifest.json", &content));
    text_release(&content);
    program_release(&program);
}

Test(run, a_directory_that_cannot_be_made_exits_3)
{
    struct program program;
    begin(&program);
    cr_assert_eq(run(&program, "-o", "queue.yaml/x", NULL), 3);
    cr_assert_not_null(strstr(text_get(&program.err), "cannot make the directory"));
    program_release(&program);
}

Test(run, one_replication_can_be_looked_at_event_by_event)
{
    struct program program;
    struct text log;
    begin(&program);
    text_init(&log);
    run(&program, "--only-rep", "3", "--events=events.jsonl");
    cr_assert(program_read(&program, "events.jsonl", &log));
    cr_assert_not_null(strstr(text_get(&log), "\"request\": \"people#"));
    cr_assert_not_null(strstr(text_get(&log), "\"fault\": \"outage\""));
    cr_assert_eq(run(&program, "--events", "x", NULL), 2);
    text_release(&log);
    program_release(&program);
}

Test(show, and_report_work_from_results_h5_alone)
{
    struct program program;
    struct text first, again;
    begin(&program);
    text_init(&first);
    text_init(&again);
    run(&program, "-o", "here", NULL);
    text_add(&first, text_get(&program.out));
    const char *const show[] = {"show", "here", NULL};
    cr_assert_eq(program_run(&program, show), 0);
    cr_assert_str_eq(text_get(&program.out), text_get(&first));
    const char *const report[] = {"report", "here/results.h5", "-o", "there", "--format", "json",
                                  NULL};
    cr_assert_eq(program_run(&program, report), 0, "%s", text_get(&program.err));
    cr_assert(program_read(&program, "here/summary.json", &first));
    cr_assert(program_read(&program, "there/summary.json", &again));
    cr_assert_str_eq(text_get(&first), text_get(&again));
    const char *const nothing[] = {"show", "nowhere", NULL};
    cr_assert_eq(program_run(&program, nothing), 3);
    text_release(&first);
    text_release(&again);
    program_release(&program);
}

Test(doctor, finds_the_numbers_of_every_machine)
{
    struct program program;
    begin(&program);
    const char *const doctor[] = {"doctor", NULL};
    cr_assert_eq(program_run(&program, doctor), 0, "%s", text_get(&program.out));
    program_release(&program);
}
