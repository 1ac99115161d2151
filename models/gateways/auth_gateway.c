// auth_gateway - lets in who is within the rate limit and carries a good token; proxies OAuth 2.0.
//
// A request passes a token bucket of its key, has its JWT read and checked (signature, nbf,
// exp), and goes on to the upstream. Tokens are records: a subject renews its token every
// `renew` x `ttl`, so issue, expiry and signing key of the token that a request carries follow
// from the subject and the time; a token fetched through `token` is newer. Keys rotate: a token
// signed by a key that the replica does not know makes it fetch the key set anew, at most once
// in `cooldown`, one fetch at a time, while verification waits. Memory (buckets, keys, verified
// tokens) is lost in a crash.
#include "models/gateways/gateways.h"

#include <stdlib.h>

#include "models/gateways/auth_token.h"
#include "models/gateways/key_set.h"
#include "sim/base/check.h"
#include "sim/base/text.h"

// ---- configuration ----------------------------------------------------------------------------

enum scope { SCOPE_REPLICA, SCOPE_SHARED };

struct limit {
    double rate;
    uint64_t burst;
    const char *per;
    uint64_t keys;
    int scope;
    struct distribution lookup;
};

struct configuration {
    struct call_design upstream, token_endpoint, key_endpoint;
    uint64_t bytes;
    struct limit limit;
    struct auth_token_rules token;
    struct key_set_rules jwks;
};

static const char *const scopes[] = {"replica", "shared", NULL};

#define OF_LIMIT(member) .name = #member, .offset = offsetof(struct limit, member)

static const struct field limit_fields[] = {
    {OF_LIMIT(rate), .type = FIELD_RATE,
     .meaning = "requests a key may send in the long run; no limit when absent"},
    {OF_LIMIT(burst), .type = FIELD_COUNT, .fallback = "1", .minimum = 1, .maximum = 1e9,
     .meaning = "requests of a key that may come at once", .source = "depth of the token bucket"},
    {OF_LIMIT(per), .type = FIELD_NAME,
     .meaning = "the workload's key that is limited, or `all`; the call's own key when absent"},
    {OF_LIMIT(keys), .type = FIELD_COUNT, .fallback = "1M", .minimum = 1, .maximum = 5e8,
     .meaning = "keys remembered; a new key beyond is refused", .source = "nginx limit_req_zone"},
    {OF_LIMIT(scope), .type = FIELD_CHOICE, .fallback = "replica", .choices = scopes,
     .meaning = "every replica counts for itself, or all share one store",
     .source = "Envoy local and global rate limiting"},
    {OF_LIMIT(lookup), .type = FIELD_DISTRIBUTION, .fallback = "0",
     .meaning = "round trip to the shared store", .source = "none for a replica's own memory"},
    {0},
};

static const struct field fields[] = {
    {.name = "upstream", .type = FIELD_CUSTOM, .read = "call", .size = sizeof(struct call_design),
     .offset = offsetof(struct configuration, upstream),
     .meaning = "call that a request let in becomes; answered here when absent"},
    {.name = "token_endpoint", .type = FIELD_CUSTOM, .read = "call",
     .size = sizeof(struct call_design), .offset = offsetof(struct configuration, token_endpoint),
     .meaning = "call that `token` is proxied to; unavailable when absent"},
    {.name = "key_endpoint", .type = FIELD_CUSTOM, .read = "call",
     .size = sizeof(struct call_design), .offset = offsetof(struct configuration, key_endpoint),
     .meaning = "call that fetches the key set; the time of `jwks.fetch` when absent"},
    FIELD_FROM(bytes, FIELD_BYTES, "1kB", "of an answer, on the network", "assumption"),
    {.name = "limit", .type = FIELD_RECORD, .offset = offsetof(struct configuration, limit),
     .size = sizeof(struct limit), .sub = limit_fields, .meaning = "rate limit"},
    {.name = "token", .type = FIELD_RECORD, .offset = offsetof(struct configuration, token),
     .size = sizeof(struct auth_token_rules), .sub = auth_token_fields,
     .meaning = "the tokens and their check"},
    {.name = "jwks", .type = FIELD_RECORD, .offset = offsetof(struct configuration, jwks),
     .size = sizeof(struct key_set_rules), .sub = key_set_fields,
     .meaning = "the keys that verify signatures"},
    {0},
};

// ---- state ------------------------------------------------------------------------------------

struct counts {
    uint64_t requests, throttled, unauthorized, unknown_key, verifications, fetches, cached;
};

struct state { // of the component
    uint32_t limit_key, subject_key; // key numbers, 0: the call's own
    bool limits_all;
    bool limited;
    struct limiter shared;
    struct map renewals; // subject -> ms of its newest token from `token`, plus 1
    struct counts counts;
};

enum key_news { KEY_NEWS_NONE, KEY_NEWS_FAILED, KEY_NEWS_FETCHED }; // what a waiting visit is told

struct replica { // of a node: all of it but the clock is memory
    struct limiter limiter;
    struct keyed verified;
    struct random_stream *stream;
    int64_t clock_ns;   // wrong by
    int64_t fetched_ns; // of the key set; -1: none
    bool fetching;
    uint64_t *waiting;  // tickets
    uint32_t waiting_count, waiting_room;
};

static const struct configuration *configuration_of(const struct node *node)
{
    return node->component->design->configuration;
}

static struct state *state_of(const struct node *node)
{
    return node->component->state;
}

static void count(const struct node *node, uint64_t *counter)
{
    *counter += node->world->measuring;
}

// ---- metrics ----------------------------------------------------------------------------------

static const struct counts *counts_of(const struct component *component)
{
    return &((const struct state *)component->state)->counts;
}

static double read_throttled(const struct component *component)
{
    return (double)counts_of(component)->throttled / (double)counts_of(component)->requests;
}

static double read_unauthorized(const struct component *component)
{
    return (double)counts_of(component)->unauthorized / (double)counts_of(component)->requests;
}

static double read_unknown_key(const struct component *component)
{
    return (double)counts_of(component)->unknown_key / (double)counts_of(component)->requests;
}

static double read_verifications(const struct component *component)
{
    return (double)counts_of(component)->verifications;
}

static double read_fetches(const struct component *component)
{
    return (double)counts_of(component)->fetches;
}

static double read_cached(const struct component *component)
{
    const struct counts *counts = counts_of(component);
    return (double)counts->cached / (double)(counts->cached + counts->verifications);
}

static const struct model_metric metrics[] = {
    {"throttled_ratio", "1", "requests over their rate limit", read_throttled},
    {"unauthorized_ratio", "1", "requests whose token was refused", read_unauthorized},
    {"unknown_key_ratio", "1", "requests refused for want of their token's key", read_unknown_key},
    {"verifications", "{token}", "signatures verified", read_verifications},
    {"jwks_fetches", "{fetch}", "fetches of the key set", read_fetches},
    {"verified_hit_ratio", "1", "tokens found among those verified before", read_cached},
    {0},
};

static const struct model_invariant invariants[] = {
    {"rate-limit", "no key sends more than burst + rate x time in any window"},
    {"token-expiry", "no token counts later than exp + skew, but for the clock's error"},
    {0},
};

// ---- tokens -----------------------------------------------------------------------------------

static uint64_t key_of(const struct visit *visit, uint32_t number)
{
    if (number == 0) {
        return visit_key(visit);
    }
    return workload_key(visit->node->world, visit->request, number);
}

// The newest token that the subject had when its request arrived.
static struct auth_token token_of(const struct visit *visit)
{
    const struct configuration *configuration = configuration_of(visit->node);
    const struct state *state = state_of(visit->node);
    const uint64_t subject = key_of(visit, state->subject_key);
    const uint32_t renewal = map_get(&state->renewals, subject);
    const struct auth_token_bearer bearer = {
        .subject = subject,
        .request = workload_key(visit->node->world, visit->request, 0),
        .luck = visit->node->world->key,
        .now_ns = visit->began_ns,
        .renewed_ns = renewal == 0 ? INT64_MIN : (int64_t)(renewal - 1) * TIME_MS,
    };
    return auth_token_of(&configuration->token, &bearer, configuration->jwks.rotation);
}

static void hold_expiry(const struct visit *visit, const struct auth_token *jwt)
{
    const struct auth_token_rules *rules = &configuration_of(visit->node)->token;
    const int64_t late = visit_now(visit) - jwt->expires_ns - rules->skew - rules->clock_error;
    if (late >= 0) {
        world_hold(visit->node->world, "token-expiry", false, "%s let a token in %lld ns late",
                   visit->node->component->design->name, (long long)late);
    }
}

// ---- the key set ------------------------------------------------------------------------------

static const struct operation operations[3];
enum { OPERATION_REQUEST, OPERATION_TOKEN, OPERATION_FETCH };

static void begin_fetch(struct visit *visit)
{
    struct replica *replica = visit->node->state;
    replica->fetching = true;
    count(visit->node, &state_of(visit->node)->counts.fetches);
    node_begin_visit(visit->node, &operations[OPERATION_FETCH], visit->request);
}

static enum outcome wait_for_keys(struct visit *visit)
{
    struct replica *replica = visit->node->state;
    if (!replica->fetching) {
        begin_fetch(visit);
    }
    if (replica->waiting_count == replica->waiting_room) {
        replica->waiting_room = replica->waiting_room == 0 ? 16 : replica->waiting_room * 2;
        replica->waiting =
            check_realloc(replica->waiting, replica->waiting_room * sizeof *replica->waiting);
    }
    replica->waiting[replica->waiting_count++] = visit_ticket(visit);
    step_wait(visit);
    return OUTCOME_AGAIN;
}

static void wake_waiting(struct node *node, enum key_news news)
{
    struct replica *replica = node->state;
    for (uint32_t i = 0; i < replica->waiting_count; i++) {
        struct visit *visit = visit_of(node->world, replica->waiting[i]);
        if (visit != NULL) {
            visit->value = news;
            visit_wake_later(node->world, replica->waiting[i]);
        }
    }
    replica->waiting_count = 0;
}

// ---- steps ------------------------------------------------------------------------------------

static enum outcome refuse(struct visit *visit, enum status status)
{
    struct counts *counts = &state_of(visit->node)->counts;
    count(visit->node, status == STATUS_THROTTLED ? &counts->throttled : &counts->unauthorized);
    return step_fail(visit, status);
}

static bool admits(struct visit *visit)
{
    struct state *state = state_of(visit->node);
    struct replica *replica = visit->node->state;
    const bool shared = configuration_of(visit->node)->limit.scope == SCOPE_SHARED;
    const uint64_t key = state->limits_all ? 0 : key_of(visit, state->limit_key);
    return limiter_admit(shared ? &state->shared : &replica->limiter, key, visit_now(visit));
}

static enum outcome take_token(struct visit *visit)
{
    struct state *state = state_of(visit->node);
    const struct replica *replica = visit->node->state;
    count(visit->node, &state->counts.requests);
    if (!state->limited) {
        return step_next(visit);
    }
    if (!admits(visit)) {
        return refuse(visit, STATUS_THROTTLED);
    }
    const struct distribution *lookup = &configuration_of(visit->node)->limit.lookup;
    return step_hold(visit, distribution_draw(lookup, replica->stream), METER_IO);
}

static enum outcome parse(struct visit *visit)
{
    const struct replica *replica = visit->node->state;
    return step_cpu(visit, distribution_draw(&configuration_of(visit->node)->token.parse,
                                             replica->stream));
}

enum { STEP_CHECK_CLAIMS = 4 };

static enum outcome find_verified(struct visit *visit)
{
    struct replica *replica = visit->node->state;
    const struct auth_token jwt = token_of(visit);
    if (jwt.flaw == AUTH_TOKEN_UNSIGNED) {
        return refuse(visit, STATUS_UNAUTHORIZED);
    }
    struct keyed_entry *entry = keyed_find(&replica->verified, jwt.identity);
    if (entry == NULL || jwt.flaw != AUTH_TOKEN_NONE) {
        return step_next(visit);
    }
    keyed_touch(&replica->verified, entry);
    count(visit->node, &state_of(visit->node)->counts.cached);
    return step_jump(visit, STEP_CHECK_CLAIMS + 1);
}

static enum outcome refuse_key(struct visit *visit)
{
    count(visit->node, &state_of(visit->node)->counts.unknown_key);
    return visit->value == KEY_NEWS_FAILED ? step_fail(visit, STATUS_UNAVAILABLE)
                                           : refuse(visit, STATUS_UNAUTHORIZED);
}

static enum outcome find_key(struct visit *visit)
{
    const struct key_set_rules *rules = &configuration_of(visit->node)->jwks;
    const int64_t fetched = ((const struct replica *)visit->node->state)->fetched_ns;
    const bool fresh = key_set_is_fresh(rules, fetched, visit_now(visit));
    const bool usable = fresh || visit->value == KEY_NEWS_FETCHED ||
                        (visit->value == KEY_NEWS_FAILED && rules->stale);
    if (usable && key_set_knows(rules, fetched, token_of(visit).key)) {
        return step_next(visit);
    }
    const bool ask = visit->value == KEY_NEWS_NONE &&
                     (!fresh || visit_now(visit) - fetched >= rules->cooldown);
    return ask ? wait_for_keys(visit) : refuse_key(visit);
}

static enum outcome verify_signature(struct visit *visit)
{
    const struct auth_token_rules *token = &configuration_of(visit->node)->token;
    const struct replica *replica = visit->node->state;
    const int64_t given = distribution_draw(&token->verify, replica->stream);
    count(visit->node, &state_of(visit->node)->counts.verifications);
    return step_cpu(visit, given > 0 ? given : auth_token_verify_ns[token->algorithm]);
}

static void remember(struct node *node, const struct auth_token *jwt)
{
    struct replica *replica = node->state;
    if (configuration_of(node)->token.cache > 0) {
        keyed_set(&replica->verified, jwt->identity, jwt->expires_ns);
    }
}

static enum outcome check_claims(struct visit *visit)
{
    struct node *node = visit->node;
    const struct auth_token_rules *token = &configuration_of(node)->token;
    const struct auth_token jwt = token_of(visit);
    const int64_t clock = visit_now(visit) + ((struct replica *)node->state)->clock_ns;
    const bool good = clock >= jwt.issued_ns - token->skew &&
                      clock < time_after(jwt.expires_ns, token->skew);
    if (!good || jwt.flaw == AUTH_TOKEN_TAMPERED) {
        return refuse(visit, STATUS_UNAUTHORIZED);
    }
    remember(node, &jwt);
    hold_expiry(visit, &jwt);
    return step_next(visit);
}

static enum outcome forward(struct visit *visit)
{
    const struct call_design *upstream = &configuration_of(visit->node)->upstream;
    visit->status = STATUS_OK;
    return upstream->operation == NULL ? step_next(visit) : step_call(visit, upstream);
}

static enum outcome pass_on(struct visit *visit)
{
    return step_reply_bytes(visit, (enum status)visit->status,
                            configuration_of(visit->node)->bytes);
}

static const struct step request_steps[] = {
    {.name = "take token", .run = take_token},
    {.name = "read token", .run = parse},
    {.name = "find among verified", .run = find_verified},
    {.name = "find key", .run = find_key},
    {.name = "verify signature", .run = verify_signature},
    {.name = "check claims", .run = check_claims},
    {.name = "forward", .run = forward},
    {.name = "answer", .run = pass_on},
};

static enum outcome proxy(struct visit *visit)
{
    const struct call_design *endpoint = &configuration_of(visit->node)->token_endpoint;
    if (endpoint->operation == NULL) {
        return step_fail(visit, STATUS_UNAVAILABLE);
    }
    return step_call(visit, endpoint);
}

static enum outcome note_token(struct visit *visit)
{
    struct state *state = state_of(visit->node);
    if (visit->status == STATUS_OK) {
        const uint64_t subject = key_of(visit, state->subject_key);
        map_set(&state->renewals, subject, (uint32_t)(visit_now(visit) / TIME_MS) + 1);
    }
    return step_next(visit);
}

static const struct step token_steps[] = {
    {.name = "take token", .run = take_token},
    {.name = "read request", .run = parse},
    {.name = "proxy", .run = proxy},
    {.name = "note token", .run = note_token},
    {.name = "answer", .run = pass_on},
};

static enum outcome fetch_keys(struct visit *visit)
{
    const struct configuration *configuration = configuration_of(visit->node);
    const struct replica *replica = visit->node->state;
    if (configuration->key_endpoint.operation != NULL) {
        return step_call(visit, &configuration->key_endpoint);
    }
    return step_hold(visit, distribution_draw(&configuration->jwks.fetch, replica->stream),
                     METER_CALLS);
}

static enum outcome take_keys(struct visit *visit)
{
    struct replica *replica = visit->node->state;
    const bool good = status_is_good((enum status)visit->status);
    replica->fetching = false;
    if (good) {
        replica->fetched_ns = visit_now(visit);
    }
    wake_waiting(visit->node, good ? KEY_NEWS_FETCHED : KEY_NEWS_FAILED);
    return step_reply(visit, STATUS_OK);
}

static const struct step fetch_steps[] = {
    {.name = "fetch keys", .run = fetch_keys},
    {.name = "take keys in", .run = take_keys},
};

// ---- operations -------------------------------------------------------------------------------

static const struct operation operations[] = {
    {.name = "request", .meaning = "checks limit and token, then goes on to the upstream",
     .steps = request_steps, .step_count = 8, .number = OPERATION_REQUEST},
    {.name = "token", .meaning = "OAuth 2.0: a token request, proxied to the token endpoint",
     .steps = token_steps, .step_count = 5, .number = OPERATION_TOKEN},
    {.name = "fetch_keys", .meaning = "fetches the key set", .steps = fetch_steps, .step_count = 2,
     .number = OPERATION_FETCH, .internal = true},
};

// ---- life -------------------------------------------------------------------------------------

static const int64_t FETCH_TIMEOUT_NS = 5 * TIME_S; // jose timeoutDuration

static void prepare(struct model_preparation *preparation)
{
    struct configuration *configuration = preparation->configuration;
    const struct auth_token_rules *token = &configuration->token;
    if (token->expired + token->tampered + token->unsigned_ > 1) {
        model_complain(preparation, "token", "expired, tampered and unsigned exceed 100%%");
    }
    if (configuration->limit.scope == SCOPE_SHARED && configuration->limit.rate <= 0) {
        model_complain(preparation, "limit", "a shared limit needs a `rate`");
    }
    if (configuration->jwks.prepublish > 0 && configuration->jwks.rotation == 0) {
        model_complain(preparation, "jwks", "`prepublish` without `rotation`");
    }
    configuration->upstream.stop = false;
    configuration->token_endpoint.stop = false;
    configuration->key_endpoint.stop = false;
    if (configuration->key_endpoint.timeout_ns == 0) {
        configuration->key_endpoint.timeout_ns = FETCH_TIMEOUT_NS;
    }
}

static void begin(struct component *component)
{
    const struct configuration *configuration = component->design->configuration;
    const struct limit *limit = &configuration->limit;
    const struct design *design = component->world->design;
    struct state *state = component->state;
    state->limited = limit->rate > 0;
    state->limits_all = limit->per != NULL && text_same(limit->per, "all");
    state->limit_key = design_key(design, limit->per);
    state->subject_key = design_key(design, configuration->token.subject);
    if (state->limited) {
        limiter_init(&state->shared, limit->rate, limit->burst, (uint32_t)limit->keys);
    }
}

static void begin_replica(struct node *node)
{
    const struct configuration *configuration = configuration_of(node);
    const struct limit *limit = &configuration->limit;
    const struct auth_token_rules *token = &configuration->token;
    struct replica *replica = node->state;
    replica->stream = node_stream(node, "gateway");
    if (limit->rate > 0) {
        limiter_init(&replica->limiter, limit->rate, limit->burst, (uint32_t)limit->keys);
    }
    const uint32_t remembered = token->cache == 0 ? 1 : (uint32_t)token->cache;
    keyed_init(&replica->verified, KEYED_LRU, remembered, NULL);
    const double error = 2 * random_unit(node_stream(node, "clock")) - 1;
    replica->clock_ns = (int64_t)(error * (double)token->clock_error);
}

static bool start(struct node *node)
{
    struct replica *replica = node->state;
    if (replica->stream == NULL) {
        begin_replica(node);
    }
    replica->fetched_ns = -1;
    return true;
}

static void crash(struct node *node)
{
    struct replica *replica = node->state;
    limiter_clear(&replica->limiter);
    keyed_clear(&replica->verified);
    replica->fetching = false;
    replica->waiting_count = 0;
}

static void check(struct component *component)
{
    const struct state *state = component->state;
    uint64_t broken = state->shared.broken;
    for (uint32_t i = 0; i < component->node_count; i++) {
        broken += ((const struct replica *)component->nodes[i].state)->limiter.broken;
    }
    world_hold(component->world, "rate-limit", broken == 0, "%s let in %llu requests too many",
               component->design->name, (unsigned long long)broken);
    world_hold(component->world, "token-expiry", true, "-");
}

static void end(struct component *component)
{
    struct state *state = component->state;
    for (uint32_t i = 0; i < component->node_count; i++) {
        struct replica *replica = component->nodes[i].state;
        limiter_release(&replica->limiter);
        keyed_release(&replica->verified);
        free(replica->waiting);
    }
    limiter_release(&state->shared);
    map_release(&state->renewals);
}

static double demand(const struct component_design *component, const struct operation *operation)
{
    const struct configuration *configuration = component->configuration;
    const struct auth_token_rules *token = &configuration->token;
    const double given = distribution_mean(&token->verify);
    double ns = distribution_mean(&token->parse);
    if (operation->number == OPERATION_REQUEST && token->cache == 0) {
        ns += given > 0 ? given : (double)auth_token_verify_ns[token->algorithm];
    }
    return ns / 1e9;
}

// ---- descriptor -------------------------------------------------------------------------------

const struct model auth_gateway_model = {
    .kind = "auth-gateway",
    .family = "gateway",
    .summary = "admits requests by rate limit and signed token, and proxies OAuth 2.0",
    .stands_for = "Envoy with jwt_authn and rate limiting, or a Node.js gateway on jose; TLS is "
                  "not modelled, audience and issuer always fit",
    .fields = fields,
    .configuration_size = sizeof(struct configuration),
    .component_size = sizeof(struct state),
    .node_size = sizeof(struct replica),
    .operations = operations,
    .operation_count = sizeof operations / sizeof *operations,
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
