// payment_audit - the trail of what became of payments: records chained by hash.
#include "models/services/payment_audit.h"

#include <assert.h>
#include <stdbool.h>

#include "sim/base/digest.h"

static_assert(sizeof(struct payment_audit_record) == 40, "the hashed bytes have no padding");

static uint64_t link_of(const struct payment_audit_record *record, uint64_t before)
{
    return digest_bytes(record, sizeof *record, before);
}

void payment_audit_verify(struct payment_audit *audit)
{
    uint64_t link = audit->seal;
    uint64_t sequence = audit->sequence - audit->count;
    bool holds = true;
    for (uint32_t i = 0; i < audit->count; i++) {
        link = link_of(&audit->records[i], link);
        holds = holds && link == audit->links[i] && audit->records[i].sequence == ++sequence;
    }
    audit->broken += !holds;
}

void payment_audit_add(struct payment_audit *audit, struct payment_audit_record record)
{
    if (audit->count == PAYMENT_AUDIT_SEGMENT) {
        payment_audit_verify(audit);
        audit->seal = audit->links[PAYMENT_AUDIT_SEGMENT - 1];
        audit->count = 0;
    }
    record.sequence = ++audit->sequence;
    const uint64_t before = audit->count == 0 ? audit->seal : audit->links[audit->count - 1];
    audit->records[audit->count] = record;
    audit->links[audit->count++] = link_of(&record, before);
}
