// payment_till - what an action on a payment does to the ledger, the audit trail and the book.
#include "models/services/payment_till.h"

enum { PAYMENT_TILL_SAMPLE = 1 << 16 }; // posts between two checks of the sums

void payment_till_begin(struct payment_till *till, struct component *component,
                        const struct payment_ledger_rules *rules)
{
    till->component = component;
    payment_book_init(&till->book);
    payment_ledger_init(&till->ledger, rules);
    histogram_init(&till->settlement);
}

void payment_till_end(struct payment_till *till)
{
    payment_book_release(&till->book);
    payment_ledger_release(&till->ledger);
    histogram_release(&till->settlement);
}

bool payment_till_allows(const struct payment *payment, enum payment_action action)
{
    switch (action) {
    case PAYMENT_AUTHORIZE:
    case PAYMENT_PAY:
        return payment->state == PAYMENT_STATE_NEW;
    case PAYMENT_CAPTURE:
        return payment->state == PAYMENT_STATE_AUTHORISED;
    case PAYMENT_REFUND:
        return payment->state == PAYMENT_STATE_SETTLED;
    case PAYMENT_ACTIONS:
        break;
    }
    return false;
}

static struct payment_transfer transfer_of(const struct payment *payment,
                                           enum payment_action action)
{
    const bool back = action == PAYMENT_REFUND;
    return (struct payment_transfer){
        .currency = (enum payment_currency)payment->currency,
        .debit = back ? payment->merchant : payment->customer,
        .credit = back ? payment->customer : PAYMENT_CLEARING,
        .amount = payment->amount,
    };
}

static void record(struct payment_till *till, struct payment *payment, enum payment_event event)
{
    payment->audited = true;
    payment_audit_add(&till->audit, (struct payment_audit_record){
                                        .time_ns = till->component->world->now,
                                        .payment = payment->id,
                                        .amount = payment->amount,
                                        .event = event,
                                        .currency = payment->currency,
                                    });
}

bool payment_till_reserve(struct payment_till *till, struct payment *payment,
                          enum payment_action action)
{
    if (payment->reserved) {
        return true; // by the authorisation that is now captured
    }
    const struct payment_transfer transfer = transfer_of(payment, action);
    payment->reserved = payment_ledger_reserve(&till->ledger, &transfer);
    till->reserved[payment->currency] += payment->reserved ? payment->amount : 0;
    return payment->reserved;
}

static void release_reservation(struct payment_till *till, struct payment *payment)
{
    payment->reserved = false;
    till->reserved[payment->currency] -= payment->amount;
}

void payment_till_void(struct payment_till *till, struct payment *payment,
                       enum payment_action action)
{
    if (payment->reserved && action != PAYMENT_CAPTURE) {
        const struct payment_transfer transfer = transfer_of(payment, action);
        payment_ledger_void(&till->ledger, &transfer);
        release_reservation(till, payment);
    }
}

void payment_till_decline(struct payment_till *till, struct payment *payment,
                          enum payment_action action)
{
    payment_till_void(till, payment, action);
    if (payment->state == PAYMENT_STATE_NEW) {
        payment->state = PAYMENT_STATE_DECLINED;
    }
    payment->answers[action] = 1 + STATUS_INVALID;
    record(till, payment, PAYMENT_DECLINED);
}

static void move_reserved(struct payment_till *till, struct payment *payment,
                          enum payment_action action)
{
    const struct payment_transfer transfer = transfer_of(payment, action);
    payment_ledger_post(&till->ledger, &transfer);
    release_reservation(till, payment);
}

static void charge(struct payment_till *till, struct payment *payment, enum payment_action action)
{
    struct world *world = till->component->world;
    move_reserved(till, payment, action);
    payment->state = PAYMENT_STATE_CAPTURED;
    payment->charges++;
    till->captured[payment->currency] += payment->amount;
    till->double_charges += payment->duplicate && world->measuring;
    record(till, payment, PAYMENT_CAPTURED);
    if (payment->charges > 1) {
        world_hold(world, "charged-once", false, "payment %llx charged %u times",
                   (unsigned long long)payment->id, payment->charges);
    }
    if (till->settles_at_once) {
        payment_till_settle(till, payment);
    } else {
        payment_book_await_settlement(&till->book, payment->number);
    }
}

void payment_till_settle(struct payment_till *till, struct payment *payment)
{
    const struct world *world = till->component->world;
    const enum payment_currency currency = (enum payment_currency)payment->currency;
    const int64_t fee =
        (int64_t)((__int128)payment->amount * (__int128)till->fee_millionths / 1000000);
    const struct payment_transfer to_merchant = {currency, PAYMENT_CLEARING, payment->merchant,
                                                 payment->amount - fee};
    const struct payment_transfer to_fees = {currency, PAYMENT_CLEARING, PAYMENT_FEES, fee};
    payment_ledger_move(&till->ledger, &to_merchant);
    payment_ledger_move(&till->ledger, &to_fees);
    till->captured[currency] -= payment->amount;
    payment->state = PAYMENT_STATE_SETTLED;
    record(till, payment, PAYMENT_SETTLED);
    if (world->measuring) {
        histogram_add(&till->settlement, world->now - payment->since_ns);
    }
}

void payment_till_post(struct payment_till *till, struct payment *payment,
                       enum payment_action action)
{
    payment->answers[action] = 1 + STATUS_OK;
    switch (action) {
    case PAYMENT_AUTHORIZE:
        payment->state = PAYMENT_STATE_AUTHORISED;
        record(till, payment, PAYMENT_AUTHORISED);
        break;
    case PAYMENT_CAPTURE:
    case PAYMENT_PAY:
        charge(till, payment, action);
        break;
    case PAYMENT_REFUND:
        move_reserved(till, payment, action);
        payment->state = PAYMENT_STATE_REFUNDED;
        record(till, payment, PAYMENT_REFUNDED);
        break;
    case PAYMENT_ACTIONS:
        break;
    }
    if (++till->posts % PAYMENT_TILL_SAMPLE == 0) {
        payment_till_check(till);
    }
}

void payment_till_check(struct payment_till *till)
{
    struct world *world = till->component->world;
    const char *name = till->component->design->name;
    for (int i = 0; i < PAYMENT_CURRENCIES; i++) {
        const enum payment_currency currency = (enum payment_currency)i;
        const int64_t clearing = payment_ledger_balance(&till->ledger, currency, PAYMENT_CLEARING);
        const int64_t pending = payment_ledger_pending(&till->ledger, currency);
        world_hold(world, "ledger-balanced", payment_ledger_is_balanced(&till->ledger, currency),
                   "debits and credits of %s differ in currency %d", name, i);
        world_hold(world, "money-conserved", clearing == till->captured[i],
                   "clearing of %s holds %lld, captured is %lld", name, (long long)clearing,
                   (long long)till->captured[i]);
        world_hold(world, "money-reserved", pending == till->reserved[i],
                   "pending in %s is %lld, reserved %lld", name, (long long)pending,
                   (long long)till->reserved[i]);
    }
    payment_audit_verify(&till->audit);
    world_hold(world, "audit-chained", till->audit.broken == 0,
               "%llu segments of the trail of %s do not verify",
               (unsigned long long)till->audit.broken, name);
}
