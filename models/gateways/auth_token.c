// auth_token - signed tokens as records: holder, issue, expiry, signing key, flaw.
#include "models/gateways/auth_token.h"

static const char *const algorithms[] = {"RS256", "ES256", "EdDSA", "HS256", NULL};
const int64_t auth_token_verify_ns[] = {18600, 64700, 105000, 2800};

#define OF_TOKEN(member) .name = #member, .offset = offsetof(struct auth_token_rules, member)

const struct field auth_token_fields[] = {
    {OF_TOKEN(subject), .type = FIELD_NAME,
     .meaning = "the workload's key that names the owner; the call's own key when absent"},
    {OF_TOKEN(ttl), .type = FIELD_DURATION, .fallback = "1h", .minimum = 1e6,
     .meaning = "life of a token", .source = "Ory Hydra access token"},
    {OF_TOKEN(renew), .type = FIELD_RATIO, .fallback = "90%", .minimum = 0.01, .maximum = 1,
     .meaning = "a subject renews its token at this part of its life", .source = "assumption"},
    {OF_TOKEN(algorithm), .type = FIELD_CHOICE, .fallback = "RS256", .choices = algorithms,
     .meaning = "how tokens are signed", .source = "OpenID Connect's default"},
    {OF_TOKEN(parse), .type = FIELD_DISTRIBUTION, .fallback = "4us",
     .meaning = "processor time to read a token", .source = "3 to 5 us, assumption"},
    {OF_TOKEN(verify), .type = FIELD_DISTRIBUTION, .fallback = "0",
     .meaning = "processor time to verify a signature; 0: that of the algorithm",
     .source = "RS256 18.6us, ES256 64.7us, EdDSA 105us (OpenSSL 3.0), HS256 2.8us"},
    {OF_TOKEN(skew), .type = FIELD_DURATION, .fallback = "30s",
     .meaning = "tolerance of nbf and exp", .source = "30 s to 60 s are usual"},
    {OF_TOKEN(clock_error), .type = FIELD_DURATION, .fallback = "0",
     .meaning = "a replica's clock is wrong by up to this, drawn once", .source = "assumption"},
    {OF_TOKEN(expired), .type = FIELD_RATIO, .fallback = "0%", .maximum = 1,
     .meaning = "requests whose token has expired", .source = "assumption"},
    {OF_TOKEN(tampered), .type = FIELD_RATIO, .fallback = "0%", .maximum = 1,
     .meaning = "requests whose signature does not fit", .source = "assumption"},
    {.name = "unsigned", .offset = offsetof(struct auth_token_rules, unsigned_),
     .type = FIELD_RATIO, .fallback = "0%", .maximum = 1,
     .meaning = "requests without a signed token", .source = "assumption"},
    {OF_TOKEN(cache), .type = FIELD_COUNT, .fallback = "0", .maximum = 5e8,
     .meaning = "verified tokens remembered; 0: each is verified", .source = "fast-jwt: off"},
    {0},
};

int64_t auth_token_divide(int64_t dividend, int64_t divisor)
{
    const int64_t quotient = dividend / divisor;
    return quotient - (dividend % divisor < 0);
}

static enum auth_token_flaw flaw_of(const struct auth_token_rules *rules,
                                    const struct auth_token_bearer *bearer)
{
    const double at = digest_unit(digest_mix(bearer->request, bearer->luck));
    if (at < rules->expired) {
        return AUTH_TOKEN_EXPIRED;
    }
    if (at < rules->expired + rules->tampered) {
        return AUTH_TOKEN_TAMPERED;
    }
    const bool bare = at < rules->expired + rules->tampered + rules->unsigned_;
    return bare ? AUTH_TOKEN_UNSIGNED : AUTH_TOKEN_NONE;
}

static int64_t issue_of(const struct auth_token_rules *rules,
                        const struct auth_token_bearer *bearer)
{
    const int64_t period = (int64_t)((double)rules->ttl * rules->renew);
    const uint64_t hash = digest_mix(bearer->subject, ~bearer->luck);
    const int64_t phase = (int64_t)(hash % (uint64_t)period);
    const int64_t issued = auth_token_divide(bearer->now_ns + phase, period) * period - phase;
    const bool newer = bearer->renewed_ns > issued && bearer->renewed_ns <= bearer->now_ns;
    return newer ? bearer->renewed_ns : issued;
}

struct auth_token auth_token_of(const struct auth_token_rules *rules,
                                const struct auth_token_bearer *bearer, int64_t rotation_ns)
{
    struct auth_token token = {.flaw = flaw_of(rules, bearer)};
    token.issued_ns = issue_of(rules, bearer);
    if (token.flaw == AUTH_TOKEN_EXPIRED) {
        token.issued_ns = bearer->now_ns - rules->ttl - rules->skew - rules->clock_error - 1;
        token.issued_ns -= (int64_t)(digest_mix(bearer->request, 1) % (uint64_t)rules->ttl);
    }
    token.expires_ns = time_after(token.issued_ns, rules->ttl);
    token.identity = digest_mix(bearer->subject, (uint64_t)token.issued_ns);
    if (rotation_ns > 0) {
        token.key = auth_token_divide(token.issued_ns, rotation_ns);
    }
    return token;
}
