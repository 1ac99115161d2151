// payment_till - what an action on a payment does to the ledger, the audit trail and the book.
//
// authorize  reserves  customer -> clearing capture    posts that reservation pay reserves,
// then posts refund     reserves, then posts  merchant -> customer settle     moves clearing ->
// merchant, clearing -> fees Nothing is posted before the database has confirmed it; a
// reservation of an action that came to nothing is voided.
#pragma once

#include "models/services/payment_audit.h"
#include "models/services/payment_book.h"
#include "models/services/payment_ledger.h"
#include "sim/engine/model.h"

struct payment_till {
    struct component *component;
    struct payment_book book;
    struct payment_ledger ledger;
    struct payment_audit audit;
    uint64_t fee_millionths;
    bool settles_at_once;
    int64_t captured[PAYMENT_CURRENCIES]; // captured and not settled, in minor units
    int64_t reserved[PAYMENT_CURRENCIES]; // pending, in minor units
    struct histogram settlement;          // from the request to the settlement
    uint64_t double_charges;
    uint64_t posts;
};

void payment_till_begin(struct payment_till *till, struct component *component,
                        const struct payment_ledger_rules *rules);
void payment_till_end(struct payment_till *till);

// True if the payment's state allows the action.
bool payment_till_allows(const struct payment *payment, enum payment_action action);

// Before the write. False: the customer has not enough.
bool payment_till_reserve(struct payment_till *till, struct payment *payment,
                          enum payment_action action);
// The write is confirmed; the answer OK is stored.
void payment_till_post(struct payment_till *till, struct payment *payment,
                       enum payment_action action);
// The write did certainly not happen.
void payment_till_void(struct payment_till *till, struct payment *payment,
                       enum payment_action action);
void payment_till_decline(struct payment_till *till, struct payment *payment,
                          enum payment_action action);
void payment_till_settle(struct payment_till *till, struct payment *payment);

// The invariants that need sums over all accounts; the rest is stated where it happens.
void payment_till_check(struct payment_till *till);
