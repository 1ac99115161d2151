// payment_works - the life of works in progress: ended, deserted, lost in a crash, open, adopted.
#pragma once

#include "models/services/payment_till.h"
#include "sim/engine/model.h"

// The work is over: whoever waits for it sees what became of the payment.
void payment_works_end(struct node *node, struct payment_till *till, struct payment_work *work);

// True if the visit that did it has gone: cancelled, or its deadline has passed.
bool payment_works_is_deserted(const struct world *world, const struct payment_work *work);

// Nobody does it any more: what was not written is void, what may have been written is open.
void payment_works_abandon(struct node *node, struct payment_till *till,
                           struct payment_work *work);

// Abandons the deserted works of the replica; all of them, after its crash.
void payment_works_sweep(struct node *node, struct payment_till *till);
void payment_works_lose(struct node *node, struct payment_till *till);

// Begins `reconcile` at the node for open works that nobody looks into, some at a time.
void payment_works_adopt(struct node *node, struct payment_till *till,
                         const struct operation *reconcile);
