// payment_audit - the trail of what became of payments: records chained by hash.
//
// A record's link is the XXH3-64 of its bytes seeded with the link before. Records are kept by
// segments: a full segment is verified from its first link to its last, then sealed and
// forgotten, so memory is bounded and every record is verified once.
#pragma once

#include <stdint.h>

enum payment_event {
    PAYMENT_AUTHORISED,
    PAYMENT_CAPTURED,
    PAYMENT_SETTLED,
    PAYMENT_REFUNDED,
    PAYMENT_DECLINED,
};

struct payment_audit_record {
    uint64_t sequence; // from 1
    int64_t time_ns;
    uint64_t payment;
    int64_t amount;
    uint32_t event, currency;
};

enum { PAYMENT_AUDIT_SEGMENT = 1024 };

struct payment_audit {
    uint64_t sequence;   // of the newest record
    uint64_t seal;       // link of the last record before this segment
    uint64_t broken;     // segments that did not verify
    uint32_t count;      // records of this segment
    struct payment_audit_record records[PAYMENT_AUDIT_SEGMENT];
    uint64_t links[PAYMENT_AUDIT_SEGMENT];
};

// Zeroed memory is an empty trail. The record's sequence is given here.
void payment_audit_add(struct payment_audit *audit, struct payment_audit_record record);

// Verifies the present segment, counting it as broken if it does not hold.
void payment_audit_verify(struct payment_audit *audit);
