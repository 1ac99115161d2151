// test_read_distribution - laws in both forms, and every mistake at its place.
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/base/diagnostic_render.h"
#include "sim/scenario/read_distribution.h"
#include "sim/scenario/read_law.h"

static struct diagnostic_list list;
static struct document document;
static struct distribution law;
static struct text out;

static bool read_law(const char *yaml, enum read_value_unit unit)
{
    const struct document_bytes file = {"t.yaml", yaml, strlen(yaml)};
    diagnostic_init(&list);
    text_init(&out);
    cr_assert(document_load_bytes(&document, file, NULL, &list), "%s", yaml);
    return read_distribution(&document, document_at(&document, "v"), unit, &law);
}

static void release(void)
{
    document_release(&document);
    diagnostic_release(&list);
    text_release(&out);
}

static void expect_problem(const char *yaml, enum read_value_unit unit, const char *wanted)
{
    cr_expect(!read_law(yaml, unit), "%s", yaml);
    diagnostic_render(&list, DIAGNOSTIC_SHORT, false, &out);
    cr_expect(strncmp(text_get(&out), wanted, strlen(wanted)) == 0, "%s", text_get(&out));
    release();
}

Test(read_distribution, knows_every_law_by_its_mean)
{
    static const struct {
        const char *yaml;
        double mean_ms;
    } cases[] = {
        {"v: 5ms", 5},
        {"v: const(5ms)", 5},
        {"v: const(value=5ms)", 5},
        {"v: exp(mean=1ms)", 1},
        {"v: exp(1ms)", 1},
        {"v: gamma(mean=3ms, cv=0.8)", 3},
        {"v: gamma(cv=0.8, mean=3ms)", 3},
        {"v: lognormal(mean=3ms, cv=0.8)", 3},
        {"v: lognormal(median=4ms, p99=4ms)", 4},
        {"v: weibull(scale=3ms, shape=1)", 3},
        {"v: erlang(k=2, mean=3ms)", 3},
        {"v: pareto(min=1ms, alpha=2)", 2},
        {"v: uniform(min=1ms, max=3ms)", 2},
        {"v: uniform(low=1ms, high=3ms)", 2},
        {"v: hyperexponential(mean=2ms, cv=3)", 2},
        {"v: mix(0.9*exp(mean=1ms) + 0.1*exp(mean=20ms))", 2.9},
        {"v: mix(50%*exp(mean=1ms) + const(3ms)*0.5)", 2},
        {"v: {dist: gamma, mean: 6ms, cv: 0.8}", 6},
        {"v: {dist: exp, mean: 2ms}", 2},
        {"params: {m: 7ms}\nv: exp(mean=$m)", 7},
        {"params: {m: 7ms}\nv: $m", 7},
        {"params: {m: exp(mean=7ms)}\nv: $m", 7},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_expect(read_law(cases[i].yaml, READ_VALUE_DURATION), "%s", cases[i].yaml);
        cr_expect_float_eq(distribution_mean(&law) / 1e6, cases[i].mean_ms, 1e-9, "%s",
                           cases[i].yaml);
        release();
    }
}

Test(read_distribution, reads_counts_and_bytes)
{
    cr_expect(read_law("v: geometric(mean=3)", READ_VALUE_COUNT));
    cr_expect(law.kind == DISTRIBUTION_GEOMETRIC && law.a == 3);
    release();
    cr_expect(read_law("v: \"zipf(n=1000000, s=1.1)\"", READ_VALUE_COUNT));
    cr_expect(law.kind == DISTRIBUTION_ZIPF && law.n == 1000000 && law.shape == 1.1);
    release();
    cr_expect(read_law("v: exp(mean=20kB)", READ_VALUE_BYTES));
    cr_expect(law.a == 20000);
    release();
    cr_expect(read_law("v: 12", READ_VALUE_COUNT));
    cr_expect(law.kind == DISTRIBUTION_CONSTANT && law.a == 12);
    release();
}

Test(read_distribution, locates_every_mistake)
{
    const enum read_value_unit time = READ_VALUE_DURATION;
    expect_problem("v: 30ss", time, "t.yaml:1:4: error[E0203]: `30ss` is not a duration; expected");
    expect_problem("v: 30", time, "t.yaml:1:4: error[E0201]: `30` is not a duration; 30 what?");
    expect_problem("v: exp(mean=1)", time, "t.yaml:1:13: error[E0201]: `1` is not a duration");
    expect_problem("v: expo(mean=1ms)", time,
                   "t.yaml:1:4: error[E0221]: unknown law `expo`; did you mean `exp`?");
    expect_problem("v: exponential(1ms)", time,
                   "t.yaml:1:4: error[E0221]: unknown law `exponential`; did you mean `exp`?");
    expect_problem("v: gamma(mean=3ms, cx=1)", time,
                   "t.yaml:1:20: error[E0222]: `gamma` has no argument `cx`");
    expect_problem("v: gamma(3ms, cv=1)", time,
                   "t.yaml:1:10: error[E0222]: an argument of `gamma`");
    expect_problem("v: gamma(mean=3ms)", time,
                   "t.yaml:1:4: error[E0223]: `gamma` needs its argument `cv`");
    expect_problem("v: lognormal(mean=3ms)", time,
                   "t.yaml:1:4: error[E0223]: `lognormal` needs its argument `cv`");
    expect_problem("v: lognormal(p99=3ms)", time,
                   "t.yaml:1:4: error[E0223]: `lognormal` needs its argument `median`");
    expect_problem("v: lognormal(median=3ms, cv=1)", time,
                   "t.yaml:1:4: error[E0222]: these arguments of `lognormal` do not go together");
    expect_problem("v: exp", time, "t.yaml:1:4: error[E0223]: `exp` needs its arguments");
    expect_problem("v: exp()", time, "t.yaml:1:4: error[E0223]: `exp` needs its argument `mean`");
    expect_problem("v: exp(mean=1ms, mean=2ms)", time,
                   "t.yaml:1:18: error[E0227]: `mean` is given twice");
    expect_problem("v: uniform(low=1ms, min=2ms)", time,
                   "t.yaml:1:21: error[E0227]: `min` is given twice");
    expect_problem("v: lognormal(median=4ms, p99=1ms)", time,
                   "t.yaml:1:4: error[E0224]: impossible parameters of `lognormal`");
    expect_problem("v: gamma(mean=3ms, cv=0)", time, "t.yaml:1:4: error[E0224]");
    expect_problem("v: exp(mean=0s)", time, "t.yaml:1:4: error[E0224]");
    expect_problem("v: hyperexponential(mean=1ms, cv=0.5)", time, "t.yaml:1:4: error[E0224]");
    expect_problem("v: geometric(mean=3)", time,
                   "t.yaml:1:4: error[E0226]: `geometric` is a law of counts");
    expect_problem("v: exp(mean=-1ms)", time,
                   "t.yaml:1:13: error[E0212]: `-1ms` is not a duration");
    expect_problem("v: gamma(mean=3ms, cv=1ms)", time, "t.yaml:1:23: error[E0202]");
    expect_problem("v: exp(mean=1ms", time, "t.yaml:1:16: error[E0220]");
    expect_problem("v: mix(0.5*exp(mean=1ms) + 0.4*exp(mean=2ms))", time,
                   "t.yaml:1:8: error[E0228]: the weights of the mix are wrong; together they are "
                   "0.9, not 1");
    expect_problem("v: mix(exp(mean=1ms))", time, "t.yaml:1:8: error[E0228]: a part of the mix");
    expect_problem("v: mix(0.5*expo(mean=1ms) + 0.5*exp(mean=2ss))", time,
                   "t.yaml:1:12: error[E0221]: unknown law `expo`; did you mean `exp`?\n"
                   "t.yaml:1:42: error[E0203]: `2ss` is not a duration");
    expect_problem("v: exp(mean=$x)", time, "t.yaml:1:13: error[E0118]");
    expect_problem("v: [1]", time,
                   "t.yaml:1:1: error[E0125]: expected a law, e.g. exp(mean=1ms); this is a list");
    expect_problem("v:", time, "t.yaml:1:3: error[E0220]");
    expect_problem("v: {mean: 6ms}", time, "t.yaml:1:4: error[E0124]");
    expect_problem("v: {dist: gamma, mean: 6ms, cvv: 1}", time,
                   "t.yaml:1:29: error[E0222]: `gamma` has no argument `cvv`; did you mean `cv`?");
    expect_problem("v: {dist: gamma, mean: 6, cv: 1}", time,
                   "t.yaml:1:24: error[E0201]: `6` is not a duration");
    expect_problem("v: empirical(none.csv)", time,
                   "t.yaml:1:4: error[E0100]: cannot read `none.csv`");
}

Test(read_distribution, what_cannot_be_a_parameter_is_complained_of)
{
    const enum read_value_unit time = READ_VALUE_DURATION;
    expect_problem("v: $\xc3\xa4", time,
                   "t.yaml:1:4: error[E0118]: `$\xc3\xa4` is not a parameter");
    expect_problem("v: $_1234567890123456789012345678901234567890123456789012345678901234", time,
                   "t.yaml:1:4: error[E0118]");
    expect_problem("v: $9", time, "t.yaml:1:4: error[E0220]");
}

Test(read_distribution, suspicious_minutes_are_a_warning)
{
    cr_expect(read_law("v: 500m", READ_VALUE_DURATION));
    cr_expect(list.count == 1);
    cr_expect_str_eq(list.entries[0]->code, "W2011");
    release();
}

static void enter_folder(char folder[64])
{
    snprintf(folder, 64, "%s/orrery-XXXXXX", P_tmpdir);
    cr_assert(mkdtemp(folder) != NULL);
    cr_assert(chdir(folder) == 0);
}

static void write_table(const char *bytes)
{
    FILE *file = fopen("table.csv", "wb");
    cr_assert(file != NULL);
    fputs(bytes, file);
    fclose(file);
}

Test(read_distribution, reads_measured_values)
{
    char first[33];
    char second[33];
    char folder[64];
    enter_folder(folder);
    write_table("# unit: ms\r\n3\n\n1\n# done\n2");
    cr_expect(read_law("v: empirical(table.csv)", READ_VALUE_DURATION));
    cr_expect(law.n == 3 && law.values[0] == 1e6 && law.values[2] == 3e6);
    document_digest(&document, first);
    release();
    write_table("1ms\n2500us\n");
    cr_expect(read_law("v: empirical(file=table.csv)", READ_VALUE_DURATION));
    cr_expect(law.n == 2 && law.values[1] == 2.5e6);
    document_digest(&document, second);
    cr_expect(strcmp(first, second) != 0);
    release();
    write_table("1ms\n2\n");
    expect_problem("v: empirical(table.csv)", READ_VALUE_DURATION,
                   "t.yaml:1:4: error[E0225]: line 2 of `table.csv` is no value");
    write_table("");
    expect_problem("v: empirical(table.csv)", READ_VALUE_DURATION,
                   "t.yaml:1:4: error[E0225]: `table.csv` has no values");
    remove("table.csv");
    rmdir(folder);
}

Test(read_distribution, the_examples_of_the_table_are_laws)
{
    for (uint32_t i = 0; read_law_at(i) != NULL; i++) {
        const struct read_law *known = read_law_at(i);
        char yaml[128];
        if (known->make == NULL && strcmp(known->name, "empirical") == 0) {
            continue;
        }
        snprintf(yaml, sizeof yaml, "v: \"%.*s\"", (int)strcspn(known->example, ")") + 1,
                 known->example);
        if (strcmp(known->name, "mix") == 0) {
            snprintf(yaml, sizeof yaml, "v: \"%s\"", known->example);
        }
        cr_expect(read_law(yaml, known->counts_only ? READ_VALUE_COUNT : READ_VALUE_DURATION), "%s",
                  yaml);
        cr_expect(isfinite(distribution_mean(&law)), "%s", yaml);
        release();
    }
}
