// junit - writes the suite with its properties and cases.
#include "reports/junit.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "reports/escape.h"
#include "reports/figure_text.h"

static void add_attribute(struct text *out, const char *name, const char *value)
{
    text_format(out, " %s=\"", name);
    escape_xml(out, value);
    text_add(out, "\"");
}

static void add_property(struct text *out, const char *name, const char *value)
{
    text_add(out, "      <property");
    add_attribute(out, "name", name);
    add_attribute(out, "value", value);
    text_add(out, "/>\n");
}

static void write_properties(const struct result *result, struct text *out)
{
    char buffer[FIGURE_TEXT_ROOM];
    text_add(out, "    <properties>\n");
    snprintf(buffer, sizeof buffer, "%" PRIu64, result->seed);
    add_property(out, "seed", buffer);
    add_property(out, "digest", result->digest);
    add_property(out, "version", result->version);
    snprintf(buffer, sizeof buffer, "%016" PRIx64 "%016" PRIx64, result->fingerprint.high,
             result->fingerprint.low);
    add_property(out, "fingerprint", buffer);
    snprintf(buffer, sizeof buffer, "%u", result->replication_count);
    add_property(out, "replications", buffer);
    add_property(out, "verdict", result_verdict_name(result->verdict));
    for (uint32_t i = 0; i < result->parameter_count; i++) {
        add_property(out, result->parameters[i].key, result->parameters[i].value);
    }
    text_add(out, "    </properties>\n");
}

// "p(99) < 500ms: observed 612ms, CI [600ms, 624ms], margin -22 %"
static void add_message(const struct result *result, const struct result_slo *slo, struct text *out)
{
    char buffer[FIGURE_TEXT_ROOM];
    text_format(out, "%s: observed %s", slo->objective,
                figure_text_estimate(buffer, sizeof buffer, &slo->observed, slo->unit));
    figure_text_interval(buffer, sizeof buffer, &slo->observed, slo->unit);
    if (buffer[0] != '\0') {
        text_format(out, ", CI %s", buffer);
    }
    figure_text_margin(buffer, sizeof buffer, result, slo);
    if (buffer[0] != '\0') {
        text_format(out, ", margin %s", buffer);
    }
}

static void write_outcome(const struct result *result, const struct result_slo *slo,
                          struct text *out)
{
    const char *element = slo->warn_only                 ? "skipped"
                          : slo->verdict == VERDICT_FAIL ? "failure"
                                                         : "error";
    struct text message;
    text_init(&message);
    add_message(result, slo, &message);
    text_format(out, "      <%s", element);
    add_attribute(out, "message", text_get(&message));
    if (!slo->warn_only) {
        add_attribute(out, "type", result_verdict_name(slo->verdict));
    }
    text_add(out, ">");
    escape_xml(out, slo->why == NULL ? "" : slo->why);
    text_format(out, "</%s>\n", element);
    text_release(&message);
}

static void write_case(const struct result *result, const struct result_slo *slo, struct text *out)
{
    struct text name, class;
    text_init(&name);
    text_init(&class);
    text_format(&name, "%s: %s", slo->name, slo->objective);
    text_format(&class, "%s.%s", result->scenario, slo->target);
    text_add(out, "    <testcase");
    add_attribute(out, "name", text_get(&name));
    add_attribute(out, "classname", text_get(&class));
    text_format(out, " time=\"%.3f\"", result->simulated_s);
    if (slo->verdict == VERDICT_PASS) {
        text_add(out, "/>\n");
    } else {
        text_add(out, ">\n");
        write_outcome(result, slo, out);
        text_add(out, "    </testcase>\n");
    }
    text_release(&name);
    text_release(&class);
}

void junit_write(const struct result *result, struct text *out)
{
    uint32_t failures = 0, errors = 0, skipped = 0;
    for (uint32_t s = 0; s < result->slo_count; s++) {
        const struct result_slo *slo = &result->slos[s];
        const bool bad = slo->verdict != VERDICT_PASS;
        skipped += bad && slo->warn_only;
        failures += bad && !slo->warn_only && slo->verdict == VERDICT_FAIL;
        errors += bad && !slo->warn_only && slo->verdict != VERDICT_FAIL;
    }
    text_format(out,
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                "<testsuites tests=\"%u\" failures=\"%u\" errors=\"%u\">\n  <testsuite",
                result->slo_count, failures, errors);
    add_attribute(out, "name", result->scenario);
    text_format(out, " tests=\"%u\" failures=\"%u\" errors=\"%u\" skipped=\"%u\" time=\"%.3f\">\n",
                result->slo_count, failures, errors, skipped, result->simulated_s);
    write_properties(result, out);
    for (uint32_t s = 0; s < result->slo_count; s++) {
        write_case(result, &result->slos[s], out);
    }
    text_add(out, "  </testsuite>\n</testsuites>\n");
}
