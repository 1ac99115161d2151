// payment_desk - finds or makes the payment that a request is about.
//
// authorize and pay make a payment, unless the idempotency key is known. A repeated request
// without a key makes another one: its customer pays twice, and the run counts it. capture,
// refund and status are about the payment that the request names; where it names none of ours,
// about a past one that allows the action, the same again for a repeat. What a payment is
// (amount, currency, accounts) follows from its number.
#pragma once

#include "models/services/payment_till.h"
#include "sim/engine/model.h"

struct payment_desk_rules { // the mapping `payments`
    const char *key, *customer, *merchant;
    int64_t remember;
    struct distribution amount;
    double eur, btc;
    uint64_t satoshi_per_cent;
};
extern const struct field payment_desk_fields[];

struct payment_desk {
    const struct payment_desk_rules *rules;
    struct payment_till *till;
    uint32_t key, customer, merchant; // key numbers, 0: none
    uint64_t amounts;                 // name of the stream of amounts
    uint64_t serial;                  // of payments made by repeats without a key
    struct random_stream *stream;
};

// The till has begun.
void payment_desk_begin(struct payment_desk *desk, struct payment_till *till,
                        const struct payment_desk_rules *rules);

// NULL: there is no such payment.
struct payment *payment_desk_find(struct payment_desk *desk, const struct visit *visit,
                                  enum payment_action action);
// The payment that the request names, without making or choosing one.
struct payment *payment_desk_named(const struct payment_desk *desk, const struct visit *visit);
