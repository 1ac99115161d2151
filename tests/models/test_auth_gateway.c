// test_auth_gateway - limits, tokens, keys and their rotation, and the OAuth proxy, at exact times.
#include <criterion/criterion.h>

#include "models/gateways/auth_token.h"
#include "models/gateways/key_set.h"
#include "sim/engine/node.h"
#include "tests/models/stage.h"

// ---- tokens and key sets ----------------------------------------------------------------------

static struct auth_token_rules some_rules(void)
{
    return (struct auth_token_rules){.ttl = 3600 * TIME_S, .renew = 0.5, .skew = 30 * TIME_S};
}

Test(auth_token, a_subject_renews_its_token_at_its_own_phase_and_keeps_it_meanwhile)
{
    const struct auth_token_rules rules = some_rules();
    for (uint64_t subject = 0; subject < 100; subject++) {
        int64_t last = INT64_MIN;
        for (int64_t now = 0; now < 6 * 3600 * TIME_S; now += 60 * TIME_S) {
            const struct auth_token_bearer bearer = {subject, now, 7, now, INT64_MIN};
            const struct auth_token token = auth_token_of(&rules, &bearer, 0);
            cr_assert_leq(token.issued_ns, now);
            cr_assert_gt(token.issued_ns, now - 1800 * TIME_S);
            cr_assert_eq(token.expires_ns, token.issued_ns + 3600 * TIME_S);
            cr_assert(last == INT64_MIN || token.issued_ns == last ||
                      token.issued_ns == last + 1800 * TIME_S);
            last = token.issued_ns;
        }
    }
}

Test(auth_token, a_token_that_the_subject_fetched_itself_counts_while_it_is_newer)
{
    const struct auth_token_rules rules = some_rules();
    struct auth_token_bearer bearer = {3, 1, 7, 1000 * TIME_S, INT64_MIN};
    const int64_t own = auth_token_of(&rules, &bearer, 0).issued_ns;
    bearer.renewed_ns = own + 1;
    cr_assert_eq(auth_token_of(&rules, &bearer, 0).issued_ns, own + 1);
    bearer.renewed_ns = own - 1;
    cr_assert_eq(auth_token_of(&rules, &bearer, 0).issued_ns, own);
    bearer.renewed_ns = bearer.now_ns + 1;
    cr_assert_eq(auth_token_of(&rules, &bearer, 0).issued_ns, own);
}

Test(auth_token, flaws_come_at_their_shares_and_stay_with_the_request)
{
    struct auth_token_rules rules = some_rules();
    rules.expired = 0.1;
    rules.tampered = 0.2;
    rules.unsigned_ = 0.3;
    uint32_t counts[4] = {0};
    for (uint64_t request = 0; request < 100000; request++) {
        const struct auth_token_bearer bearer = {1, request, 7, TIME_S, INT64_MIN};
        const struct auth_token token = auth_token_of(&rules, &bearer, 0);
        counts[token.flaw]++;
        cr_assert_eq(token.flaw, auth_token_of(&rules, &bearer, 0).flaw);
        if (token.flaw == AUTH_TOKEN_EXPIRED) {
            cr_assert_lt(token.expires_ns + rules.skew, TIME_S);
        }
    }
    cr_assert_float_eq((double)counts[AUTH_TOKEN_EXPIRED], 10000, 400);
    cr_assert_float_eq((double)counts[AUTH_TOKEN_TAMPERED], 20000, 500);
    cr_assert_float_eq((double)counts[AUTH_TOKEN_UNSIGNED], 30000, 600);
}

Test(key_set, a_key_is_known_from_its_publication_to_the_end_of_its_grace)
{
    const struct key_set_rules rules = {
        .ttl = 60 * TIME_S, .rotation = 100 * TIME_S, .prepublish = 10 * TIME_S,
        .grace = 50 * TIME_S};
    cr_assert_not(key_set_knows(&rules, -1, 0));
    cr_assert_not(key_set_knows(&rules, 89 * TIME_S, 1));
    cr_assert(key_set_knows(&rules, 90 * TIME_S, 1));
    cr_assert(key_set_knows(&rules, 149 * TIME_S, 0));
    cr_assert_not(key_set_knows(&rules, 150 * TIME_S, 0));
    cr_assert(key_set_is_fresh(&rules, 90 * TIME_S, 150 * TIME_S - 1));
    cr_assert_not(key_set_is_fresh(&rules, 90 * TIME_S, 150 * TIME_S));
}

// ---- the gateway ------------------------------------------------------------------------------

// One client in ten sends each request; the upstream takes 1 ms; no network delay.
#define GATEWAY(rate, more)                                                                        \
    "orrery: v1\nname: t\nsimulation: {duration: 1h, warmup: 0, seed: 1, replications: 1}\n"       \
    "topology: {regions: {r: [z]}, links: {same_zone: {latency: 0}}}\n"                            \
    "components:\n"                                                                                \
    "  gate:\n    kind: auth-gateway\n    upstream: service.serve\n"                               \
    "    token_endpoint: service.serve\n"                                                          \
    more                                                                                           \
    "  service: {kind: service, operations: {serve: [{sleep: 1ms}, {reply: 0}]}}\n"                \
    "workloads:\n"                                                                                 \
    "  clients: {target: gate.request, arrivals: constant, rate: " rate                            \
    ", keys: {who: \"zipf(n=1, s=1)\"}}\n"                                                         \
    "  apps: {target: gate.token, arrivals: constant, rate: 1/min}\n"                              \
    "slos: [{name: s, target: clients, objectives: [\"success >= 1%\"]}]\n"

#define KEYS_AT_ONCE "    jwks: {fetch: 0, rotation: 0}\n"

Test(auth_gateway, a_request_costs_its_parsing_its_verification_and_its_upstream)
{
    struct stage stage;
    stage_begin(&stage, GATEWAY("1/s", KEYS_AT_ONCE "    token: {algorithm: ES256}\n"));
    stage_run(&stage, 10500 * TIME_MS);
    cr_assert_eq(stage_count(&stage, "gate", "request", STATUS_OK), 10);
    const struct operation_meter *meter = stage_meter(&stage, "gate", "request");
    cr_assert_eq(meter->latency.minimum, 4000 + 64700 + TIME_MS);
    cr_assert_eq(meter->latency.maximum, 4000 + 64700 + TIME_MS);
    cr_assert_eq(stage_metric(&stage, "gate", "verifications"), 10);
    cr_assert_eq(stage_metric(&stage, "gate", "jwks_fetches"), 1);
    stage_end(&stage);
}

Test(auth_gateway, a_key_over_its_limit_is_throttled)
{
    struct stage stage;
    stage_begin(&stage, GATEWAY("10/s", KEYS_AT_ONCE
                                "    limit: {rate: 4/s, burst: 5, per: who}\n"));
    stage_run(&stage, 100 * TIME_S + 1);
    const uint64_t good = stage_count(&stage, "gate", "request", STATUS_OK);
    const uint64_t throttled = stage_count(&stage, "gate", "request", STATUS_THROTTLED);
    cr_assert(good >= 403 && good <= 404, "%d", (int)good); // 5 at first, then 4/s
    cr_assert_geq(good + throttled, 999);
    stage_end(&stage);
}

Test(auth_gateway, a_limit_of_a_replica_counts_for_each_and_a_shared_one_for_all)
{
    struct stage stage;
    stage_begin(&stage, GATEWAY("10/s", KEYS_AT_ONCE "    replicas: 2\n"
                                "    limit: {rate: 1/s, burst: 1, per: who}\n"));
    stage_run(&stage, 100 * TIME_S);
    cr_assert_geq(stage_count(&stage, "gate", "request", STATUS_OK), 198);
    stage_end(&stage);
    stage_begin(&stage, GATEWAY("10/s", KEYS_AT_ONCE "    replicas: 2\n"
                                "    limit: {rate: 1/s, burst: 1, per: all, scope: shared}\n"));
    stage_run(&stage, 100 * TIME_S);
    cr_assert_leq(stage_count(&stage, "gate", "request", STATUS_OK), 100);
    stage_end(&stage);
}

Test(auth_gateway, a_crash_refills_the_buckets_and_loses_the_keys)
{
    struct stage stage;
    stage_begin(&stage, GATEWAY("10/s", "    jwks: {fetch: 1ms}\n"
                                "    limit: {rate: 1/min, burst: 3, per: who}\n"));
    stage_run(&stage, 10 * TIME_S);
    cr_assert_eq(stage_count(&stage, "gate", "request", STATUS_OK), 3);
    struct node *node = &stage_component(&stage, "gate")->nodes[0];
    node_kill(node, false);
    node_restart(node);
    stage_run(&stage, 20 * TIME_S);
    cr_assert_eq(stage_count(&stage, "gate", "request", STATUS_OK), 6);
    cr_assert_eq(stage_metric(&stage, "gate", "jwks_fetches"), 2);
    stage_end(&stage);
}

Test(auth_gateway, flawed_tokens_are_refused_and_only_signed_ones_cost_a_verification)
{
    struct stage stage;
    stage_begin(&stage, GATEWAY("100/s", KEYS_AT_ONCE
                                "    token: {expired: 10%, tampered: 10%, unsigned: 20%}\n"));
    stage_run(&stage, 100 * TIME_S);
    const double all = 9999;
    const double good = (double)stage_count(&stage, "gate", "request", STATUS_OK);
    const double refused = (double)stage_count(&stage, "gate", "request", STATUS_UNAUTHORIZED);
    cr_assert_float_eq(good / all, 0.6, 0.02);
    cr_assert_float_eq(refused / all, 0.4, 0.02);
    cr_assert_float_eq(stage_metric(&stage, "gate", "verifications") / all, 0.8, 0.02);
    stage_end(&stage);
}

Test(auth_gateway, verification_waits_for_one_fetch_of_the_keys)
{
    struct stage stage;
    stage_begin(&stage, GATEWAY("10/s", "    jwks: {fetch: 1s}\n"));
    stage_run(&stage, 1500 * TIME_MS);
    // The first request comes at 0.1 s; all that came before 1.1 s wait for its fetch.
    cr_assert_eq(stage_metric(&stage, "gate", "jwks_fetches"), 1);
    cr_assert_eq(stage_count(&stage, "gate", "request", STATUS_OK), 14);
    const struct operation_meter *meter = stage_meter(&stage, "gate", "request");
    cr_assert_eq(meter->latency.maximum, TIME_S + 4000 + 18600 + TIME_MS);
    stage_end(&stage);
}

Test(auth_gateway, the_key_set_is_fetched_anew_when_it_is_too_old)
{
    struct stage stage;
    stage_begin(&stage, GATEWAY("1/s", "    jwks: {fetch: 1ms, ttl: 10s}\n"));
    stage_run(&stage, 60500 * TIME_MS);
    cr_assert_eq(stage_metric(&stage, "gate", "jwks_fetches"), 6);
    cr_assert_eq(stage_count(&stage, "gate", "request", STATUS_OK), 60);
    stage_end(&stage);
}

// The only subject renews its token every 9 s (90 % of 10 s); keys rotate every 20 s.
#define ROTATION(more)                                                                             \
    "    token: {subject: who, ttl: 10s}\n    jwks: {fetch: 1ms, ttl: 1h, rotation: 20s" more "}\n"

Test(auth_gateway, an_unknown_key_is_fetched_once_after_each_rotation)
{
    struct stage stage;
    stage_begin(&stage, GATEWAY("10/s", ROTATION(", cooldown: 1s")));
    stage_run(&stage, 205 * TIME_S);
    const double fetches = stage_metric(&stage, "gate", "jwks_fetches");
    cr_assert(fetches >= 10 && fetches <= 11, "%g", fetches);
    cr_assert_eq(stage_count(&stage, "gate", "request", STATUS_UNAUTHORIZED), 0);
    stage_end(&stage);
}

Test(auth_gateway, within_the_cool_down_an_unknown_key_is_refused)
{
    struct stage stage;
    stage_begin(&stage, GATEWAY("10/s", ROTATION(", cooldown: 100s, grace: 1h")));
    stage_run(&stage, 205 * TIME_S);
    cr_assert_eq(stage_metric(&stage, "gate", "jwks_fetches"), 3); // at 0, 100 and 200 s or later
    cr_assert_gt(stage_metric(&stage, "gate", "unknown_key_ratio"), 0.5);
    stage_end(&stage);
}

Test(auth_gateway, keys_published_before_their_use_are_never_unknown)
{
    struct stage stage;
    stage_begin(&stage, GATEWAY("10/s", "    token: {subject: who, ttl: 10s}\n"
                                "    jwks: {fetch: 1ms, ttl: 15s, rotation: 20s, prepublish: 16s, "
                                "cooldown: 1h}\n"));
    stage_run(&stage, 205 * TIME_S);
    cr_assert_eq(stage_count(&stage, "gate", "request", STATUS_UNAUTHORIZED), 0);
    stage_end(&stage);
}

Test(auth_gateway, verified_tokens_that_are_remembered_cost_no_second_verification)
{
    struct stage stage;
    stage_begin(&stage, GATEWAY("10/s", KEYS_AT_ONCE
                                "    token: {subject: who, cache: 100}\n"));
    stage_run(&stage, 100 * TIME_S);
    cr_assert_leq(stage_metric(&stage, "gate", "verifications"), 2);
    cr_assert_gt(stage_metric(&stage, "gate", "verified_hit_ratio"), 0.99);
    cr_assert_eq(stage_meter(&stage, "gate", "request")->latency.minimum, 4000 + TIME_MS);
    stage_end(&stage);
}

Test(auth_gateway, a_token_request_goes_to_the_token_endpoint)
{
    struct stage stage;
    stage_begin(&stage, GATEWAY("1/s", KEYS_AT_ONCE));
    stage_run(&stage, 130 * TIME_S);
    cr_assert_eq(stage_count(&stage, "gate", "token", STATUS_OK), 2);
    cr_assert_eq(stage_meter(&stage, "gate", "token")->latency.maximum, 4000 + TIME_MS);
    stage_end(&stage);
}

// ---- the key endpoint -------------------------------------------------------------------------

#define ISSUER(more)                                                                               \
    GATEWAY("10/s", "    key_endpoint: {to: issuer.keys, timeout: 100ms}\n"                        \
            "    jwks: {ttl: 10s" more "}\n"                                                       \
            "  issuer: {kind: service, operations: {keys: [{sleep: 5ms}, {reply: 1kB}]}}\n")

Test(auth_gateway, without_the_issuer_old_keys_do_not_count_unless_told_so)
{
    for (int stale = 0; stale <= 1; stale++) {
        struct stage stage;
        stage_begin(&stage, stale ? ISSUER(", stale: true") : ISSUER(""));
        stage_run(&stage, 9 * TIME_S);
        const uint64_t good = stage_count(&stage, "gate", "request", STATUS_OK);
        cr_assert_geq(good, 88);
        node_kill(&stage_component(&stage, "issuer")->nodes[0], false);
        stage_run(&stage, 40 * TIME_S);
        const uint64_t later = stage_count(&stage, "gate", "request", STATUS_OK);
        const uint64_t refused = stage_count(&stage, "gate", "request", STATUS_UNAVAILABLE);
        cr_assert_eq(refused > 0, stale == 0);
        cr_assert(stale ? later - good >= 308 : later - good <= 12);
        node_restart(&stage_component(&stage, "issuer")->nodes[0]);
        stage_run(&stage, 80 * TIME_S);
        cr_assert_geq(stage_count(&stage, "gate", "request", STATUS_OK) - later, 350);
        stage_end(&stage);
    }
}

Test(auth_gateway, what_cannot_be_is_refused)
{
    cr_assert(stage_refuses(GATEWAY("1/s", "    limit: {scope: shared}\n"), "E0306"));
    cr_assert(stage_refuses(GATEWAY("1/s", "    token: {expired: 60%, tampered: 60%}\n"), "E0306"));
    cr_assert(stage_refuses(GATEWAY("1/s", "    jwks: {prepublish: 1h}\n"), "E0306"));
}
