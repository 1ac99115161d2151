// fuzz_law - any text as a law and as every kind of value: read or refused, never wrong.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/diagnostic_render.h"
#include "sim/base/units.h"
#include "sim/base/units_format.h"
#include "sim/scenario/read_distribution.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// What was read as a duration is written and read again to the same.
static void read_units(const char *text)
{
    struct units_why why;
    int64_t ns = 0;
    uint64_t whole = 0;
    double real = 0;
    double other = 0;
    char per[16];
    if (units_duration(text, &ns, &why)) {
        char exact[UNITS_FORMAT_ROOM];
        int64_t again = -1;
        units_format_exact(exact, sizeof exact, ns);
        CHECK(units_duration(exact, &again, &why));
        CHECK(again == ns);
        units_format_duration(exact, sizeof exact, (double)ns);
    }
    units_bytes(text, &whole, &why);
    units_count(text, &whole, &why);
    units_bandwidth(text, &real, &why);
    units_rate(text, &real, &why);
    units_ratio(text, &real, &why);
    units_cores(text, &real, &why);
    units_number(text, &real, &why);
    units_growth(text, &real, &other, &why);
    units_factor(text, &real, &why);
    units_price(text, &real, per, &why);
    units_decimal(text, &real);
}

static void read_law(const char *text, enum read_value_unit unit)
{
    static const char scenario[] = "params: {p: 3ms}\nv: 1\n";
    const struct document_override item = {"v", text, true};
    const struct document_overrides overrides = {&item, 1};
    const struct document_bytes file = {"fuzz.yaml", scenario, sizeof scenario - 1};
    struct diagnostic_list diagnostics;
    struct document document;
    struct distribution law;
    struct text out;
    diagnostic_init(&diagnostics);
    text_init(&out);
    document_load_bytes(&document, file, &overrides, &diagnostics);
    const bool good = read_distribution(&document, document_at(&document, "v"), unit, &law);
    CHECK(good || diagnostics.errors > 0);
    if (good) {
        CHECK(distribution_mean(&law) >= 0);
    }
    diagnostic_render(&diagnostics, DIAGNOSTIC_HUMAN, false, &out);
    text_release(&out);
    document_release(&document);
    diagnostic_release(&diagnostics);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = check_calloc(size + 1, 1);
    memcpy(text, data, size);
    read_units(text);
    read_law(text, READ_VALUE_DURATION);
    read_law(text, READ_VALUE_COUNT);
    free(text);
    return 0;
}
