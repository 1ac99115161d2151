// strike - runs a durability scenario with the fault at many instants, each with a seed of its own,
// and counts the runs in which an acknowledged write was lost.
//
//   strike FILE RUNS FIRST_NS STEP_NS STOP NAME=VALUE...
//
// Run i has seed i + 1 and `strike` = FIRST_NS + i STEP_NS (STEP_NS 0: there is none). With STOP 1
// it ends at the first loss. A VALUE `a|b|c` is one of these, `100..2000ms` a whole number between,
// drawn anew for each run. Prints `RUNS ACKNOWLEDGED LOSING MOST STRIKE_NS SEED BROKEN`: runs made,
// writes acknowledged in all, runs that lost some, most lost in one, instant and seed of the first
// such run (0 0: none), and invariants violated. Exit code: 0, 2 the scenario is wrong.
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/catalog.h"
#include "sim/base/digest.h"
#include "sim/engine/figure.h"
#include "sim/engine/run.h"
#include "sim/scenario/scenario.h"

enum { SETTINGS = 64, WORDS = 64 };

struct campaign {
    const char *file;
    uint64_t runs;
    int64_t first_ns, step_ns;
    bool stop;
    struct document_override settings[SETTINGS];
    size_t setting_count;
};

struct tally_of_runs {
    uint64_t runs, acknowledged, losing, most, seed, broken;
    int64_t strike_ns;
};

// Sums the metric over the components that have it.
static double metric(const struct design *design, const struct run_record *record, const char *name)
{
    double sum = 0;
    uint32_t at = 0;
    for (uint32_t c = 0; c < design->component_count; c++) {
        for (uint32_t k = 0; k < figure_count(design, c); k++, at++) {
            const bool wanted = strcmp(figure_at(design, c, k)->name, name) == 0;
            const double value = record->model_metrics[at];
            sum += wanted && !isnan(value) ? value : 0;
        }
    }
    return sum;
}

static uint64_t violations(const struct run_record *record)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < record->invariant_count; i++) {
        if (record->invariants[i].violated > 0) {
            fprintf(stderr, "%s: %s\n", record->invariants[i].name, record->invariants[i].first);
        }
        sum += record->invariants[i].violated;
    }
    return sum;
}

static void run(const struct scenario *scenario, int64_t strike_ns, uint64_t seed,
                struct tally_of_runs *tally)
{
    struct run_record record;
    run_replication(&scenario->design, 0, NULL, &record);
    const uint64_t lost = (uint64_t)metric(&scenario->design, &record, "lost");
    tally->runs++;
    tally->acknowledged += (uint64_t)metric(&scenario->design, &record, "acknowledged");
    tally->broken += violations(&record);
    if (lost > 0 && tally->losing++ == 0) {
        tally->strike_ns = strike_ns;
        tally->seed = seed;
    }
    tally->most = lost > tally->most ? lost : tally->most;
    run_record_release(&record, &scenario->design);
}

// How to see the broken run again.
static void tell_settings(const struct document_override *settings, size_t count, uint64_t seed)
{
    fprintf(stderr, "with --seed %" PRIu64, seed);
    for (size_t i = 0; i < count; i++) {
        fprintf(stderr, " --set %s=%s", settings[i].name, settings[i].value);
    }
    fprintf(stderr, "\n");
}

// One of the values between bars.
static void choose(const char *values, uint64_t word, char *chosen)
{
    uint64_t count = 1;
    for (const char *at = values; *at != '\0'; at++) {
        count += *at == '|';
    }
    for (uint64_t skip = word % count; skip > 0; skip--) {
        values = strchr(values, '|') + 1;
    }
    snprintf(chosen, WORDS, "%.*s", (int)strcspn(values, "|"), values);
}

static const char *drawn(const char *value, uint64_t word, char *room)
{
    const char *dots = strstr(value, "..");
    if (strchr(value, '|') != NULL) {
        choose(value, word, room);
        return room;
    }
    if (dots == NULL) {
        return value;
    }
    char *unit;
    const uint64_t low = strtoull(value, NULL, 10), high = strtoull(dots + 2, &unit, 10);
    snprintf(room, WORDS, "%" PRIu64 "%s", low + word % (high - low + 1), unit);
    return room;
}

static bool load_and_run(const struct campaign *campaign, uint64_t number,
                         struct tally_of_runs *tally)
{
    char strike[WORDS], seed[WORDS];
    const int64_t strike_ns = campaign->first_ns + (int64_t)number * campaign->step_ns;
    snprintf(strike, sizeof strike, "%" PRId64 "ns", strike_ns);
    snprintf(seed, sizeof seed, "%" PRIu64, number + 1);
    struct document_override settings[SETTINGS] = {{.name = "strike", .value = strike}};
    char room[SETTINGS][WORDS];
    for (size_t i = 1; i < campaign->setting_count; i++) {
        const uint64_t word = digest_mix(number + 1, i);
        settings[i] = campaign->settings[i];
        settings[i].value = drawn(settings[i].value, word, room[i]);
    }
    const size_t skip = campaign->step_ns == 0; // without a strike: all is drawn
    const struct scenario_options options = {
        .overrides = {settings + skip, campaign->setting_count - skip}, .seed = seed};
    struct diagnostic_list diagnostics;
    struct scenario scenario;
    diagnostic_init(&diagnostics);
    const bool good =
        scenario_load(&scenario, campaign->file, &options, &catalog_all, &diagnostics);
    const uint64_t broken = tally->broken;
    if (good) {
        run(&scenario, strike_ns, number + 1, tally);
    }
    if (tally->broken > broken) {
        tell_settings(settings + skip, campaign->setting_count - skip, number + 1);
    }
    if (!good) {
        for (uint32_t i = 0; i < diagnostics.count; i++) {
            fprintf(stderr, "%s: %s\n", diagnostics.entries[i]->code,
                    diagnostics.entries[i]->message);
        }
    }
    scenario_release(&scenario);
    diagnostic_release(&diagnostics);
    return good;
}

int main(int count, char **arguments)
{
    struct campaign campaign = {.setting_count = 1};
    struct tally_of_runs tally = {0};
    if (count < 6 || count - 6 >= SETTINGS) {
        fputs("usage: strike FILE RUNS FIRST_NS STEP_NS STOP NAME=VALUE...\n", stderr);
        return 2;
    }
    campaign.file = arguments[1];
    campaign.runs = strtoull(arguments[2], NULL, 10);
    campaign.first_ns = strtoll(arguments[3], NULL, 10);
    campaign.step_ns = strtoll(arguments[4], NULL, 10);
    campaign.stop = arguments[5][0] == '1';
    for (int i = 6; i < count; i++) {
        char *equals = strchr(arguments[i], '=');
        if (equals == NULL) {
            return 2;
        }
        *equals = '\0';
        campaign.settings[campaign.setting_count++] =
            (struct document_override){.name = arguments[i], .value = equals + 1};
    }
    for (uint64_t i = 0; i < campaign.runs && !(campaign.stop && tally.losing > 0); i++) {
        if (!load_and_run(&campaign, i, &tally)) {
            return 2;
        }
    }
    printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRId64 " %" PRIu64 " %" PRIu64 "\n",
           tally.runs, tally.acknowledged, tally.losing, tally.most, tally.strike_ns, tally.seed,
           tally.broken);
    return 0;
}
