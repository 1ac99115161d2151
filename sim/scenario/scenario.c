// scenario - a file becomes a design: reading, decoding, assembling and checking in one call.
#include "sim/scenario/scenario.h"

#include <string.h>

#include "sim/base/units.h"
#include "sim/scenario/assemble.h"
#include "sim/scenario/place.h"
#include "sim/scenario/read_value.h"

enum { SCENARIO_BINS = 1000000 };

// ---- options -----------------------------------------------------------------------------------

static bool complain_option(struct assembly *assembly, const char *option, const char *value,
                            const char *why)
{
    struct diagnostic *entry =
        diagnostic_error(assembly->document->diagnostics, "E0128", (struct place){0},
                         "--%s: `%s` cannot be used", option, value);
    diagnostic_help(entry, "%s", why);
    return false;
}

static bool apply_duration(struct assembly *assembly, const char *text)
{
    struct units_why why;
    if (text == NULL) {
        return true;
    }
    if (!units_duration(text, &assembly->design->duration_ns, &why)) {
        return complain_option(assembly, "duration", text, why.text);
    }
    return assembly->design->duration_ns > 0 ||
           complain_option(assembly, "duration", text, "a run takes longer than that");
}

static bool apply_warmup(struct assembly *assembly, const char *text)
{
    struct units_why why;
    struct design *design = assembly->design;
    if (text == NULL) {
        return true;
    }
    design->warmup_auto = text_same(text, "auto");
    design->warmup_ns = 0;
    return design->warmup_auto || units_duration(text, &design->warmup_ns, &why) ||
           complain_option(assembly, "warmup", text, why.text);
}

static bool read_count(const char *text, size_t length, uint32_t *count)
{
    char digits[32];
    uint64_t value;
    struct units_why why;
    if (length == 0 || length >= sizeof digits) {
        return false;
    }
    memcpy(digits, text, length);
    digits[length] = '\0';
    if (!units_count(digits, &value, &why) || value == 0 || value > 1000000) {
        return false;
    }
    *count = (uint32_t)value;
    return true;
}

static bool apply_replications(struct assembly *assembly, const char *text)
{
    struct replications_design *replications = &assembly->design->replications;
    if (text == NULL) {
        return true;
    }
    const char *dots = strstr(text, "..");
    const size_t length = dots == NULL ? strlen(text) : (size_t)(dots - text);
    bool good = read_count(text, length, &replications->minimum);
    replications->maximum = replications->minimum;
    if (dots != NULL) {
        good = good && read_count(dots + 2, strlen(dots + 2), &replications->maximum);
        replications->until_decided = replications->until_decided || replications->stop_at <= 0;
    } else {
        replications->stop_at = 0;
        replications->until_decided = false;
    }
    return (good && replications->minimum <= replications->maximum) ||
           complain_option(assembly, "rep", text, "expected N or MIN..MAX, e.g. 10 or 10..200");
}

static bool apply_seed(struct assembly *assembly, const char *text)
{
    struct units_why why;
    return text == NULL || units_count(text, &assembly->design->seed, &why) ||
           complain_option(assembly, "seed", text, why.text);
}

static bool check_warmup(const struct assembly *assembly)
{
    const struct design *design = assembly->design;
    if (design->warmup_auto || design->warmup_ns < design->duration_ns) {
        return true;
    }
    const struct document_node *simulation = document_peek(assembly->document->root, "simulation");
    const struct document_node *node = document_peek(simulation, "warmup");
    node = node == NULL ? assembly->document->root : node;
    diagnostic_caret(
        document_error(assembly->document, node, "E0212", "the warm-up takes the whole run"),
        "it must be shorter than `duration`");
    return false;
}

static bool check_resolution(const struct assembly *assembly)
{
    const struct design *design = assembly->design;
    if (design->resolution_ns > 0 && design->duration_ns / design->resolution_ns < SCENARIO_BINS) {
        return true;
    }
    const struct document_node *simulation = document_peek(assembly->document->root, "simulation");
    const struct document_node *node = document_peek(simulation, "resolution");
    node = node == NULL ? document_peek(simulation, "duration") : node;
    node = node == NULL ? assembly->document->root : node;
    diagnostic_caret(document_error(assembly->document, node, "E0212",
                                    "the time series would have more than a million bins"),
                     "a coarser `resolution`, or a shorter `duration`");
    return false;
}

// ---- the head ----------------------------------------------------------------------------------

// "scenarios/checkout.yaml" is named checkout.
static const char *name_of_path(struct arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash == NULL ? path : slash + 1;
    const size_t length = strcspn(base, ".");
    return length == 0 ? "scenario" : arena_text_part(arena, base, length);
}

static void fill_parameters(struct assembly *assembly)
{
    const struct document_node *params = document_peek(assembly->document->root, "params");
    if (params == NULL) {
        return;
    }
    struct parameter_design *parameters =
        arena_take_array(assembly->arena, params->count, sizeof *parameters);
    struct design *design = assembly->design;
    for (const struct document_node *child = params->first; child != NULL; child = child->next) {
        parameters[design->parameter_count++] =
            (struct parameter_design){child->key, child->text == NULL ? "" : child->text};
    }
    design->parameters = parameters;
}

static bool fill_head(struct assembly *assembly, const struct scenario_options *options)
{
    const struct section_top *top = &assembly->top;
    const struct section_simulation *simulation = &top->simulation;
    struct design *design = assembly->design;
    design->name =
        top->name != NULL ? top->name : name_of_path(assembly->arena, assembly->document->path);
    design->description = top->description;
    design->duration_ns = simulation->duration;
    design->warmup_ns = simulation->warmup.ns;
    design->warmup_auto = simulation->warmup.is_auto;
    design->seed = simulation->seed;
    design->resolution_ns = simulation->resolution;
    design->max_events = simulation->max_events;
    design->replications = (struct replications_design){
        .minimum = (uint32_t)simulation->replications.minimum,
        .maximum = (uint32_t)simulation->replications.maximum,
        .stop_at = simulation->replications.stop_at,
        .until_decided = simulation->replications.until_decided,
    };
    fill_parameters(assembly);
    bool good = true;
    if (options != NULL) {
        good = apply_duration(assembly, options->duration);
        good = apply_warmup(assembly, options->warmup) && good;
        good = apply_replications(assembly, options->replications) && good;
        good = apply_seed(assembly, options->seed) && good;
    }
    good = check_resolution(assembly) && good;
    return check_warmup(assembly) && good;
}

static bool check_version(const struct assembly *assembly)
{
    const struct document_node *version = assembly->top.orrery;
    struct document *document = assembly->document;
    if (version != NULL && version->kind == DOCUMENT_SCALAR && text_same(version->text, "v1")) {
        return true;
    }
    if (version == NULL) {
        diagnostic_help(document_error(document, document->root, "E0126",
                                       "the version of the language is missing"),
                        "begin with `orrery: v1`");
    } else {
        diagnostic_caret(
            document_error(document, version, "E0126", "an unknown version of the language"),
            "expected v1");
    }
    return false;
}

// ---- the whole ---------------------------------------------------------------------------------

static void finish(struct assembly *assembly)
{
    struct design *design = assembly->design;
    design->edges = assembly->edges.items;
    design->edge_count = assembly->edges.count;
    design->consumers = assembly->consumers.items;
    design->consumer_count = assembly->consumers.count;
    design->key_names = assembly->key_names.items;
    design->key_name_count = assembly->key_names.count;
    design->assumptions = assembly->assumptions.items;
    design->assumption_count = assembly->assumptions.count;
}

static bool assemble(struct assembly *assembly, struct scenario *scenario,
                     const struct scenario_options *options)
{
    const struct schema_mapping mapping = {
        .node = assembly->document->root,
        .what = "the scenario",
        .explain = "scenario",
        .parts = {{sections_top, &assembly->top}},
    };
    bool good = schema_read(&assembly->schema, &mapping);
    good = check_version(assembly) && good;
    good = fill_head(assembly, options) && good;
    good = place_topology(assembly) && good;
    good = assemble_components(assembly) && good;
    if (assembly->design->component_count == 0) {
        return false; // every other part would only say that its components are missing
    }
    good = assemble_workloads(assembly) && good;
    good = assemble_consumers(assembly) && good;
    good = assemble_slos(assembly) && good;
    good = assemble_faults(assembly, options == NULL ? NULL : options->faults) && good;
    good = assemble_studies(assembly) && good;
    // What only the whole shows would be noise beside what its parts lack.
    good = good && assemble_checks(assembly);
    finish(assembly);
    if (good) {
        capacity_estimate(assembly, &scenario->capacity);
        scenario->flows = assembly->flows.items;
        scenario->flow_count = assembly->flows.count;
        capacity_lint(assembly, &scenario->capacity);
    }
    return good;
}

static bool build(struct scenario *scenario, bool read, const struct scenario_options *options,
                  const struct catalog *catalog)
{
    struct document *document = &scenario->document;
    if (document->root->count == 0) {
        return false;
    }
    struct assembly *assembly = arena_take(&document->arena, sizeof *assembly);
    *assembly = (struct assembly){
        .schema = {.document = document, .readers = sections_readers, .owner = assembly},
        .document = document,
        .arena = &document->arena,
        .catalog = catalog,
        .design = &scenario->design,
    };
    const uint32_t errors = document->diagnostics->errors;
    map_init(&assembly->stream_counts);
    const bool good = assemble(assembly, scenario, options);
    map_release(&assembly->stream_counts);
    scenario->top = assembly->top;
    document_digest(document, scenario->digest);
    scenario->good = read && good && document->diagnostics->errors == errors;
    return scenario->good;
}

bool scenario_load(struct scenario *scenario, const char *path,
                   const struct scenario_options *options, const struct catalog *catalog,
                   struct diagnostic_list *diagnostics)
{
    *scenario = (struct scenario){.good = false};
    const bool read = document_load(&scenario->document, path,
                                    options == NULL ? NULL : &options->overrides, diagnostics);
    return build(scenario, read, options, catalog);
}

bool scenario_load_bytes(struct scenario *scenario, struct document_bytes file,
                         const struct scenario_options *options, const struct catalog *catalog,
                         struct diagnostic_list *diagnostics)
{
    *scenario = (struct scenario){.good = false};
    const bool read = document_load_bytes(
        &scenario->document, file, options == NULL ? NULL : &options->overrides, diagnostics);
    return build(scenario, read, options, catalog);
}

void scenario_release(struct scenario *scenario)
{
    document_release(&scenario->document);
    *scenario = (struct scenario){.good = false};
}

void scenario_resolved(const struct scenario *scenario, struct text *out)
{
    document_render_resolved(&scenario->document, out);
}

double scenario_predict_events(const struct scenario *scenario)
{
    const struct design *design = &scenario->design;
    return scenario->capacity.events_per_s * (double)design->duration_ns / 1e9 *
           design->replications.minimum;
}

double scenario_predict_seconds(const struct scenario *scenario, uint32_t cores)
{
    const uint32_t used = scenario->design.replications.minimum < cores
                              ? scenario->design.replications.minimum
                              : cores;
    return scenario_predict_events(scenario) / CAPACITY_EVENTS_PER_S / (used == 0 ? 1 : used);
}
