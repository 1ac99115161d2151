// payment_service - takes payments once: idempotency keys, ledger, settlement, audit trail.
//
// A payment is authorised (money reserved), captured (the customer pays into clearing) and
// settled (the merchant is paid, less the fee), at once or by batches; it can be refunded.
// Every change is screened, signed by the HSM and written to the database before it counts:
// what the ledger holds is the image of the database, shared by the replicas, and changes only
// when the write has been confirmed. A write whose outcome is unknown is read back by its
// idempotency key; until that is answered the payment stays open, its money reserved, and
// reconciliation asks again. A crash loses a replica's work in progress: what was not yet
// written is void, what may have been written is open.
#include "models/services/services.h"

#include "models/services/payment_steps.h"
#include "models/services/payment_works.h"
#include "sim/base/text.h"

// ---- configuration ------------------------------------------------------------------

static const char *const duplicates[] = {"conflict", "wait", NULL};
static const char *const settlements[] = {"transaction", "batch", NULL};

#define AT(member) .name = #member, .offset = offsetof(struct payment_configuration, member)
#define OF_HSM(member) .name = #member, .offset = offsetof(struct payment_hsm, member)
#define CALL .type = FIELD_CUSTOM, .read = "call", .size = sizeof(struct call_design)

static const struct field hsm_fields[] = {
    {OF_HSM(servers), .type = FIELD_COUNT, .fallback = "16", .minimum = 1, .maximum = 1e6,
     .meaning = "sessions a replica has with the security module", .source = "assumption"},
    {OF_HSM(sign), .type = FIELD_DISTRIBUTION, .fallback = "lognormal(median=500us, p99=2ms)",
     .meaning = "time of one signature", .source = "0.1 to 2 ms, assumption"},
    {0},
};

static const struct field fields[] = {
    {AT(fraud), CALL,
     .meaning = "call that screens a payment (`invalid` declines it); none when absent"},
    {AT(store), CALL, .meaning = "call that writes a change; the ledger counts it when it is ok"},
    {AT(lookup_endpoint), CALL,
     .meaning = "call that reads a write back (ok: it is there, miss: it is not); the write is "
                "repeated when absent"},
    {AT(events), .type = FIELD_CUSTOM, .read = "publish", .size = sizeof(struct call_design),
     .meaning = "topic that is told of every change; none when absent"},
    {AT(work), .type = FIELD_DISTRIBUTION, .fallback = "lognormal(median=150us, p99=600us)",
     .meaning = "processor time of a request",
     .source = "assumption, Actix at some 5k requests/s a core"},
    {AT(hsm), .type = FIELD_RECORD, .size = sizeof(struct payment_hsm), .sub = hsm_fields,
     .meaning = "the security module in the signing path (FIPS 140-2 L3)"},
    {AT(payments), .type = FIELD_RECORD, .size = sizeof(struct payment_desk_rules),
     .sub = payment_desk_fields, .meaning = "which payments are made"},
    {AT(duplicate), .type = FIELD_CHOICE, .fallback = "conflict", .choices = duplicates,
     .meaning = "what a repeated request gets while the first is in progress",
     .source = "Stripe, Checkout.com: 409"},
    {AT(fraud_open), .type = FIELD_BOOL, .fallback = "false",
     .meaning = "payments go on when they can't be screened", .source = "assumption: fail closed"},
    {AT(declined), .type = FIELD_RATIO, .fallback = "0%", .maximum = 1,
     .meaning = "payments that the issuer declines", .source = "assumption"},
    {AT(fee), .type = FIELD_RATIO, .fallback = "1.4%", .maximum = 1,
     .meaning = "kept at settlement, rounded down to a minor unit", .source = "assumption"},
    {AT(accounts), .type = FIELD_RECORD, .size = sizeof(struct payment_ledger_rules),
     .sub = payment_ledger_fields, .meaning = "the ledger's accounts"},
    {AT(settlement), .type = FIELD_CHOICE, .fallback = "transaction", .choices = settlements,
     .meaning = "every capture is settled with its own write, or by batches",
     .source = "assumption"},
    {AT(settle_every), .type = FIELD_DURATION, .fallback = "1s", .minimum = 1e6,
     .meaning = "time between batches", .source = "assumption"},
    {AT(settle_batch), .type = FIELD_COUNT, .fallback = "8190", .minimum = 1, .maximum = 1e6,
     .meaning = "largest batch", .source = "TigerBeetle: 8,190 transfers"},
    {AT(reconcile), .type = FIELD_DURATION, .fallback = "1s", .minimum = 1e6,
     .meaning = "how often open payments are asked for", .source = "assumption"},
    {AT(bytes), .type = FIELD_BYTES, .fallback = "1kB",
     .meaning = "of an answer, on the network", .source = "assumption"},
    {0},
};

// ---- state --------------------------------------------------------------------------

static const struct payment_configuration *configuration_of(const struct node *node)
{
    return node->component->design->configuration;
}

static struct payment_service *state_of(const struct node *node)
{
    return node->component->state;
}

// ---- metrics ------------------------------------------------------------------------

static const struct payment_counts *counts_of(const struct component *component)
{
    return &((const struct payment_service *)component->state)->counts;
}

static double share(const struct component *component, uint64_t number)
{
    return (double)number / (double)counts_of(component)->requests;
}

static double settlement_s(const struct component *component, double quantile)
{
    const struct payment_service *state = component->state;
    return histogram_quantile(&state->till.settlement, quantile) / 1e9;
}

static double read_settlement_p95(const struct component *component)
{
    return settlement_s(component, 0.95);
}

static double read_settlement_p99(const struct component *component)
{
    return settlement_s(component, 0.99);
}

static double read_replayed(const struct component *component)
{
    return share(component, counts_of(component)->replayed);
}

static double read_conflicts(const struct component *component)
{
    return share(component, counts_of(component)->conflicts);
}

static double read_declined(const struct component *component)
{
    return share(component, counts_of(component)->declined);
}

static double read_unknown(const struct component *component)
{
    return (double)counts_of(component)->unknown;
}

static double read_reconciled(const struct component *component)
{
    return (double)counts_of(component)->reconciled;
}

static double read_open(const struct component *component)
{
    return ((const struct payment_service *)component->state)->till.book.unresolved_count;
}

static double read_double_charges(const struct component *component)
{
    return (double)((const struct payment_service *)component->state)->till.double_charges;
}

static double read_untold(const struct component *component)
{
    return (double)counts_of(component)->untold;
}

static const struct model_metric metrics[] = {
    {"settlement_p95", "s", "from the request to the settlement", read_settlement_p95},
    {"settlement_p99", "s", "from the request to the settlement", read_settlement_p99},
    {"replayed_ratio", "1", "requests answered from a stored answer", read_replayed},
    {"conflict_ratio", "1", "requests refused while the first was in progress", read_conflicts},
    {"declined_ratio", "1", "payments declined", read_declined},
    {"unknown_writes", "{write}", "writes whose outcome was not known", read_unknown},
    {"reconciled", "{payment}", "open payments that reconciliation closed", read_reconciled},
    {"open", "{payment}", "payments open at the end", read_open},
    {"double_charges", "{payment}", "customers charged again by repeats that brought no key",
     read_double_charges},
    {"untold", "{event}", "changes that the event topic was not told", read_untold},
    {0},
};

static const struct model_invariant invariants[] = {
    {"ledger-balanced", "debits equal credits in every currency, posted and pending"},
    {"money-conserved", "clearing holds what is captured and not settled"},
    {"money-reserved", "what is pending is what payments in progress reserve"},
    {"charged-once", "no idempotency key charges its customer twice"},
    {"answers-recorded", "every payment answered OK is in the ledger and in the audit trail"},
    {"audit-chained", "every link of the audit trail follows from its record and the link before"},
    {0},
};

// ---- life ---------------------------------------------------------------------------

static uint32_t device_named_hsm(const struct component_design *design)
{
    uint32_t device = 0;
    while (device < design->device_count && !text_same(design->devices[device].name, "hsm")) {
        device++;
    }
    return device;
}

// The security module is a device of every replica, beside those that the scenario declares.
static void add_hsm(struct model_preparation *preparation, uint64_t servers)
{
    struct component_design *design = preparation->component;
    if (device_named_hsm(design) < design->device_count) {
        return;
    }
    struct device_design *devices =
        arena_take_array(preparation->arena, design->device_count + 1, sizeof *devices);
    for (uint32_t i = 0; i < design->device_count; i++) {
        devices[i] = design->devices[i];
    }
    devices[design->device_count] =
        (struct device_design){.name = "hsm", .servers = (uint32_t)servers};
    design->devices = devices;
    design->device_count++;
}

static void prepare(struct model_preparation *preparation)
{
    const struct payment_configuration *configuration = preparation->configuration;
    if (configuration->payments.eur + configuration->payments.btc > 1) {
        model_complain(preparation, "payments", "`eur` and `btc` together exceed 100%%");
    }
    add_hsm(preparation, configuration->hsm.servers);
}

static void begin(struct component *component)
{
    const struct payment_configuration *configuration = component->design->configuration;
    struct payment_service *state = component->state;
    payment_till_begin(&state->till, component, &configuration->accounts);
    payment_desk_begin(&state->desk, &state->till, &configuration->payments);
    state->till.fee_millionths = (uint64_t)(configuration->fee * 1e6 + 0.5);
    state->till.settles_at_once = configuration->settlement == PAYMENT_SETTLEMENT_TRANSACTION;
    state->hsm = device_named_hsm(component->design);
}

static void replica_on_reconcile(struct node *node, uint64_t word)
{
    payment_works_sweep(node, &state_of(node)->till);
    payment_works_adopt(node, &state_of(node)->till, &payment_steps_operations[PAYMENT_RECONCILE]);
    node_timer_constant(node, configuration_of(node)->reconcile, replica_on_reconcile, word);
}

// The first replica that is up does it.
static bool is_settler(const struct node *node)
{
    const struct node *nodes = node->component->nodes;
    uint32_t first = 0;
    while (!node_is_up(&nodes[first])) {
        first++;
    }
    return first == node->replica;
}

static void replica_on_settle(struct node *node, uint64_t serial)
{
    const struct payment_configuration *configuration = configuration_of(node);
    struct payment_service *state = state_of(node);
    const uint32_t waiting = state->till.book.unsettled_count;
    node_timer_constant(node, configuration->settle_every, replica_on_settle, serial + 1);
    if (!is_settler(node) || state->batch > 0 || waiting == 0) {
        return;
    }
    const uint64_t largest = configuration->settle_batch;
    state->batch = waiting < largest ? waiting : (uint32_t)largest;
    state->settler = node->replica;
    const uint64_t nobody = (uint64_t)UINT16_MAX << 48;
    node_begin_visit(node, &payment_steps_operations[PAYMENT_SETTLE], nobody | serial);
}

static bool start(struct node *node)
{
    const struct payment_configuration *configuration = configuration_of(node);
    struct payment_replica *replica = node->state;
    replica->stream =
        replica->stream != NULL ? replica->stream : node_stream(node, "payments");
    node_timer_constant(node, configuration->reconcile, replica_on_reconcile, 0);
    if (configuration->settlement == PAYMENT_SETTLEMENT_BATCH) {
        node_timer_constant(node, configuration->settle_every, replica_on_settle, 0);
    }
    return true;
}

static void crash(struct node *node)
{
    struct payment_service *state = state_of(node);
    payment_works_lose(node, &state->till);
    state->batch = state->settler == node->replica ? 0 : state->batch;
}

static void check(struct component *component)
{
    struct payment_service *state = component->state;
    payment_till_check(&state->till);
    world_hold(component->world, "charged-once", true, "-");
    world_hold(component->world, "answers-recorded", true, "-");
}

static void end(struct component *component)
{
    payment_till_end(&((struct payment_service *)component->state)->till);
}

static double demand(const struct component_design *component, const struct operation *operation)
{
    (void)operation;
    const struct payment_configuration *configuration = component->configuration;
    return distribution_mean(&configuration->work) / 1e9;
}

// ---- descriptor ---------------------------------------------------------------------

const struct model payment_service_model = {
    .kind = "payment-service",
    .family = "service",
    .summary = "payments with idempotency keys, a double-entry ledger, settlement and an audit",
    .stands_for = "an Actix service with Stripe's idempotency and a TigerBeetle-like ledger; "
                  "no exchange between currencies, no charge-backs",
    .fields = fields,
    .configuration_size = sizeof(struct payment_configuration),
    .component_size = sizeof(struct payment_service),
    .node_size = sizeof(struct payment_replica),
    .operations = payment_steps_operations,
    .operation_count = PAYMENT_OPERATIONS,
    .metrics = metrics,
    .invariants = invariants,
    .prepare = prepare,
    .begin = begin,
    .start = start,
    .crash = crash,
    .check = check,
    .end = end,
    .demand = demand,
};
