// auth_token - signed tokens as records: holder, issue, expiry, signing key, flaw.
//
// Nothing is kept for a subject: it renews its token every `renew` x `ttl`, at a phase of its
// own, so its token at any time follows from the subject's number. Shares of flawed tokens are
// by hash of the request: a retry carries the same token.
#pragma once

#include "sim/engine/model.h"

enum auth_token_flaw {
    AUTH_TOKEN_NONE,
    AUTH_TOKEN_EXPIRED,
    AUTH_TOKEN_TAMPERED,
    AUTH_TOKEN_UNSIGNED,
};

struct auth_token_rules { // the mapping `token`
    const char *subject;
    int64_t ttl;
    double renew;
    int algorithm;
    struct distribution parse, verify;
    int64_t skew, clock_error;
    double expired, tampered, unsigned_;
    uint64_t cache;
};

// Rows of struct auth_token_rules, and the time to verify a signature by `algorithm`.
extern const struct field auth_token_fields[];
extern const int64_t auth_token_verify_ns[];

struct auth_token_bearer {
    uint64_t subject, request;
    uint64_t luck;      // the replication's
    int64_t now_ns;     // when the request arrived
    int64_t renewed_ns; // a token fetched by the subject itself, INT64_MIN: none
};

struct auth_token {
    uint64_t identity;
    int64_t issued_ns, expires_ns; // nbf = iat
    int64_t key;                   // number of the signing key: whole rotations up to the issue
    enum auth_token_flaw flaw;
};

// The token that the bearer's request carries; rotation 0: there is one key for ever.
struct auth_token auth_token_of(const struct auth_token_rules *rules,
                                const struct auth_token_bearer *bearer, int64_t rotation_ns);

// Division that rounds towards the past; divisor > 0.
int64_t auth_token_divide(int64_t dividend, int64_t divisor);
