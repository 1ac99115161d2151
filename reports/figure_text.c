// figure_text - writes values, intervals, margins and verdicts for people.
#include "reports/figure_text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sim/base/text.h"
#include "sim/base/units_format.h"

const char *figure_text_value(char *buffer, size_t size, double value, const char *unit)
{
    if (isnan(value)) {
        snprintf(buffer, size, "-");
        return buffer;
    }
    if (text_same(unit, "s")) {
        return units_format_duration(buffer, size, value * 1e9);
    }
    if (text_same(unit, "1")) {
        return units_format_ratio(buffer, size, value);
    }
    if (text_same(unit, "By")) {
        return units_format_bytes(buffer, size, value);
    }
    char number[UNITS_FORMAT_ROOM];
    units_format_si(number, sizeof number, value);
    const bool per_second = text_same(unit, "1/s");
    snprintf(buffer, size, "%s%s", number, per_second ? "/s" : "");
    return buffer;
}

const char *figure_text_estimate(char *buffer, size_t size, const struct estimate *estimate,
                                 const char *unit)
{
    return figure_text_value(buffer, size, estimate->known ? estimate->value : (double)NAN, unit);
}

const char *figure_text_interval(char *buffer, size_t size, const struct estimate *estimate,
                                 const char *unit)
{
    char low[UNITS_FORMAT_ROOM], high[UNITS_FORMAT_ROOM];
    buffer[0] = '\0';
    if (estimate->known && estimate->has_interval) {
        snprintf(buffer, size, "[%s, %s]", figure_text_value(low, sizeof low, estimate->low, unit),
                 figure_text_value(high, sizeof high, estimate->high, unit));
    }
    return buffer;
}

const char *figure_text_margin(char *buffer, size_t size, const struct result *result,
                               const struct result_slo *slo)
{
    buffer[0] = '\0';
    if (slo->budget != RESULT_NONE && slo->observed.known) {
        const struct result_budget *budget = &result->budgets[slo->budget];
        const double times = budget->spent_s / budget->allowed_s;
        snprintf(buffer, size, times < 10.0 ? "budget x%.2f spent" : "budget x%.1f spent", times);
    } else if (!isnan(slo->margin)) {
        snprintf(buffer, size, fabs(slo->margin) < 0.0995 ? "%+.1f %%" : "%+.0f %%",
                 slo->margin * 100.0);
    }
    return buffer;
}

const char *figure_text_verdict(char *buffer, size_t size, const struct result_slo *slo)
{
    const bool warns = slo->warn_only && slo->verdict != VERDICT_PASS;
    snprintf(buffer, size, "%s%s", result_verdict_name(slo->verdict), warns ? " (warn)" : "");
    return buffer;
}

const char *figure_text_length(char *buffer, size_t size, const struct result *result)
{
    char duration[UNITS_FORMAT_ROOM], warmup[UNITS_FORMAT_ROOM];
    snprintf(buffer, size, "%u replication%s x %s (warm-up %s)", result->replication_count,
             result->replication_count == 1 ? "" : "s",
             units_format_duration(duration, sizeof duration, result->duration_s * 1e9),
             units_format_duration(warmup, sizeof warmup, result->warmup_s * 1e9));
    return buffer;
}
