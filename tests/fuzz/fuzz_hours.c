// fuzz_hours - any bytes as the measured hours of a plan: read or refused with a place, never
// wrong.
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "models/catalog.h"
#include "sim/base/check.h"
#include "sim/base/diagnostic_render.h"
#include "sim/base/text.h"
#include "sim/scenario/scenario.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void write_scenario(int file, struct text *out)
{
    text_format(out,
                "orrery: v1\nparams: {c: 1}\n"
                "components: {desk: {kind: station, servers: $c, service: 1ms}}\n"
                "workloads: {people: {target: desk, rate: 1/s}}\n"
                "plan: {vary: {c: 1..2}, load: {profile: /proc/self/fd/%d}}\n",
                file);
}

static void check_hours(const struct measured_load *load)
{
    CHECK(load->hour_count > 0);
    CHECK(load->column_count > 0);
    for (size_t i = 0; i < (size_t)load->hour_count * load->column_count; i++) {
        CHECK(load->rates[i] >= 0.0);
        CHECK(isfinite(load->rates[i]));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const int file = memfd_create("hours.csv", 0);
    CHECK(file >= 0);
    CHECK(write(file, bytes, size) == (ssize_t)size);
    struct diagnostic_list diagnostics;
    struct scenario scenario;
    struct text text, out;
    diagnostic_init(&diagnostics);
    text_init(&text);
    text_init(&out);
    write_scenario(file, &text);
    const struct document_bytes source = {"fuzz.yaml", text_get(&text), text.length};
    const bool good = scenario_load_bytes(&scenario, source, NULL, &catalog_all, &diagnostics);
    CHECK(good == (diagnostics.errors == 0));
    if (good) {
        check_hours(&scenario.top.plan.load.measured);
    }
    diagnostic_render(&diagnostics, DIAGNOSTIC_HUMAN, false, &out);
    scenario_release(&scenario);
    diagnostic_release(&diagnostics);
    text_release(&text);
    text_release(&out);
    close(file);
    return 0;
}
