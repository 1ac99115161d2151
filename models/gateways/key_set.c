// key_set - the keys that verify signatures: published by the issuer, cached and fetched anew.
#include "models/gateways/key_set.h"

#include "models/gateways/auth_token.h"

#define OF_JWKS(member) .name = #member, .offset = offsetof(struct key_set_rules, member)

const struct field key_set_fields[] = {
    {OF_JWKS(ttl), .type = FIELD_DURATION, .fallback = "10m", .minimum = 1e6,
     .meaning = "age at which the key set is fetched anew", .source = "jose cacheMaxAge"},
    {OF_JWKS(cooldown), .type = FIELD_DURATION, .fallback = "30s",
     .meaning = "no fetch for an unknown key within this of the last", .source = "jose"},
    {OF_JWKS(rotation), .type = FIELD_DURATION, .fallback = "0",
     .meaning = "a new signing key comes into use; 0: never", .source = "off unless declared"},
    {OF_JWKS(prepublish), .type = FIELD_DURATION, .fallback = "0",
     .meaning = "how long before its use a key is published", .source = "assumption"},
    {OF_JWKS(grace), .type = FIELD_DURATION, .fallback = "2h",
     .meaning = "how long a replaced key stays published", .source = "at least a token's life"},
    {OF_JWKS(fetch), .type = FIELD_DISTRIBUTION, .fallback = "lognormal(median=5ms, p99=50ms)",
     .meaning = "time of a fetch where `key_endpoint` is absent", .source = "assumption"},
    {OF_JWKS(stale), .type = FIELD_BOOL, .fallback = "false",
     .meaning = "known keys go on to count when a fetch fails", .source = "jose: they do not"},
    {0},
};

bool key_set_is_fresh(const struct key_set_rules *rules, int64_t fetched_ns, int64_t now_ns)
{
    return fetched_ns >= 0 && now_ns - fetched_ns < rules->ttl;
}

bool key_set_knows(const struct key_set_rules *rules, int64_t fetched_ns, int64_t key)
{
    if (fetched_ns < 0 || rules->rotation == 0) {
        return fetched_ns >= 0;
    }
    const int64_t newest = auth_token_divide(fetched_ns + rules->prepublish, rules->rotation);
    const int64_t oldest = auth_token_divide(fetched_ns - rules->grace, rules->rotation);
    return key >= oldest && key <= newest;
}
