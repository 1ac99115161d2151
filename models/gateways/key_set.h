// key_set - the keys that verify signatures: published by the issuer, cached and fetched anew.
//
// Key k signs from k x rotation on; it is published from `prepublish` before that to `grace`
// after its successor came into use. A replica knows what was published when it fetched last.
#pragma once

#include "sim/engine/model.h"

struct key_set_rules { // the mapping `jwks`
    int64_t ttl, cooldown, rotation, prepublish, grace;
    struct distribution fetch;
    bool stale;
};

extern const struct field key_set_fields[];

// fetched_ns: of the last good fetch, -1: none yet.
bool key_set_is_fresh(const struct key_set_rules *rules, int64_t fetched_ns, int64_t now_ns);
bool key_set_knows(const struct key_set_rules *rules, int64_t fetched_ns, int64_t key);
