// fuzz_scenario - any bytes as a scenario: diagnostics or a design, never a crash, hang or leak.
#include <stddef.h>
#include <stdint.h>

#include "models/catalog.h"
#include "sim/base/diagnostic_render.h"
#include "sim/base/text.h"
#include "sim/scenario/scenario.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct diagnostic_list diagnostics;
    struct scenario scenario;
    struct text out;
    diagnostic_init(&diagnostics);
    text_init(&out);
    const struct document_bytes file = {"fuzz.yaml", (const char *)bytes, size};
    const bool good = scenario_load_bytes(&scenario, file, NULL, &catalog_all, &diagnostics);
    diagnostic_render(&diagnostics, DIAGNOSTIC_HUMAN, true, &out);
    if (good) {
        text_clear(&out);
        scenario_resolved(&scenario, &out);
    }
    text_release(&out);
    scenario_release(&scenario);
    diagnostic_release(&diagnostics);
    return 0;
}
