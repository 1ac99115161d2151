// payment_steps - what a payment service is configured with, what it holds, and its operations.
#pragma once

#include "models/services/payment_desk.h"
#include "models/services/payment_till.h"
#include "sim/engine/model.h"

enum payment_duplicate { PAYMENT_DUPLICATE_CONFLICT, PAYMENT_DUPLICATE_WAIT };
enum payment_settlement { PAYMENT_SETTLEMENT_TRANSACTION, PAYMENT_SETTLEMENT_BATCH };

struct payment_hsm { // the mapping `hsm`
    uint64_t servers;
    struct distribution sign;
};

struct payment_configuration {
    struct call_design fraud, store, lookup_endpoint, events;
    struct distribution work;
    struct payment_hsm hsm;
    struct payment_desk_rules payments;
    int duplicate;
    bool fraud_open;
    double declined, fee;
    struct payment_ledger_rules accounts;
    int settlement;
    int64_t settle_every;
    uint64_t settle_batch;
    int64_t reconcile;
    uint64_t bytes;
};

struct payment_counts {
    uint64_t requests, replayed, conflicts, declined, unknown, reconciled, untold;
};

struct payment_service { // of the component: the database's image, and what is counted
    struct payment_till till;
    struct payment_desk desk;
    uint32_t hsm;      // index of the device
    uint32_t batch;    // payments of the settlement batch that is on its way, 0: none
    uint32_t settler;  // replica that has it
    struct payment_counts counts;
};

struct payment_replica { // of a node
    struct random_stream *stream;
};

enum { // numbers of the operations: the actions come first
    PAYMENT_STATUS = PAYMENT_ACTIONS,
    PAYMENT_PROFILE,
    PAYMENT_SETTLE,
    PAYMENT_RECONCILE,
    PAYMENT_TELL,
    PAYMENT_OPERATIONS,
};
extern const struct operation payment_steps_operations[PAYMENT_OPERATIONS];
