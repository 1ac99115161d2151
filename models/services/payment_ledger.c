// payment_ledger - double-entry accounts in integer minor units, one ledger a currency.
#include "models/services/payment_ledger.h"

#include <stdlib.h>

#include "sim/base/check.h"

#define OF_ACCOUNTS(member) .name = #member, .offset = offsetof(struct payment_ledger_rules, member)

const struct field payment_ledger_fields[] = {
    {OF_ACCOUNTS(customers), .type = FIELD_COUNT, .fallback = "100k", .minimum = 1,
     .maximum = 1e8, .meaning = "customers' accounts in each currency", .source = "assumption"},
    {OF_ACCOUNTS(merchants), .type = FIELD_COUNT, .fallback = "10k", .minimum = 1,
     .maximum = 1e8, .meaning = "merchants' accounts in each currency", .source = "assumption"},
    {OF_ACCOUNTS(opening), .type = FIELD_COUNT, .fallback = "0", .maximum = 1e12,
     .meaning = "what a customer has at first, in minor units; 0: no limit to what he spends",
     .source = "assumption"},
    {0},
};

static uint32_t account_count(const struct payment_ledger *ledger)
{
    return PAYMENT_HOUSE + ledger->customers + ledger->merchants;
}

static void open_accounts(struct payment_ledger *ledger, enum payment_currency currency,
                          int64_t opening)
{
    ledger->accounts[currency] =
        check_calloc(account_count(ledger), sizeof *ledger->accounts[currency]);
    for (uint32_t i = 0; i < ledger->customers && opening > 0; i++) {
        const struct payment_transfer transfer = {currency, PAYMENT_BANK, PAYMENT_HOUSE + i,
                                                  opening};
        payment_ledger_move(ledger, &transfer);
    }
}

void payment_ledger_init(struct payment_ledger *ledger, const struct payment_ledger_rules *rules)
{
    *ledger = (struct payment_ledger){
        .customers = (uint32_t)rules->customers,
        .merchants = (uint32_t)rules->merchants,
        .limited = rules->opening > 0,
    };
    for (int currency = 0; currency < PAYMENT_CURRENCIES; currency++) {
        open_accounts(ledger, (enum payment_currency)currency, (int64_t)rules->opening);
    }
}

void payment_ledger_release(struct payment_ledger *ledger)
{
    for (int currency = 0; currency < PAYMENT_CURRENCIES; currency++) {
        free(ledger->accounts[currency]);
    }
    *ledger = (struct payment_ledger){0};
}

uint32_t payment_ledger_customer(const struct payment_ledger *ledger, uint64_t number)
{
    return PAYMENT_HOUSE + (uint32_t)(number % ledger->customers);
}

uint32_t payment_ledger_merchant(const struct payment_ledger *ledger, uint64_t number)
{
    return PAYMENT_HOUSE + ledger->customers + (uint32_t)(number % ledger->merchants);
}

static struct payment_account *account_at(const struct payment_ledger *ledger,
                                          enum payment_currency currency, uint32_t account)
{
    CHECK(account < account_count(ledger));
    return &ledger->accounts[currency][account];
}

static bool can_pay(const struct payment_ledger *ledger, const struct payment_transfer *transfer)
{
    const bool customer = transfer->debit >= PAYMENT_HOUSE &&
                          transfer->debit < PAYMENT_HOUSE + ledger->customers;
    if (!ledger->limited || !customer) {
        return true;
    }
    const struct payment_account *account =
        account_at(ledger, transfer->currency, transfer->debit);
    const int64_t free = account->credits - account->debits - account->debits_pending;
    return free >= transfer->amount;
}

static void add_pending(struct payment_ledger *ledger, const struct payment_transfer *transfer,
                        int64_t amount)
{
    account_at(ledger, transfer->currency, transfer->debit)->debits_pending += amount;
    account_at(ledger, transfer->currency, transfer->credit)->credits_pending += amount;
}

bool payment_ledger_reserve(struct payment_ledger *ledger, const struct payment_transfer *transfer)
{
    CHECK(transfer->amount > 0);
    if (!can_pay(ledger, transfer)) {
        return false;
    }
    add_pending(ledger, transfer, transfer->amount);
    return true;
}

void payment_ledger_void(struct payment_ledger *ledger, const struct payment_transfer *transfer)
{
    add_pending(ledger, transfer, -transfer->amount);
}

void payment_ledger_post(struct payment_ledger *ledger, const struct payment_transfer *transfer)
{
    payment_ledger_void(ledger, transfer);
    payment_ledger_move(ledger, transfer);
}

void payment_ledger_move(struct payment_ledger *ledger, const struct payment_transfer *transfer)
{
    CHECK(transfer->amount >= 0);
    account_at(ledger, transfer->currency, transfer->debit)->debits += transfer->amount;
    account_at(ledger, transfer->currency, transfer->credit)->credits += transfer->amount;
    ledger->posted++;
}

bool payment_ledger_is_balanced(const struct payment_ledger *ledger,
                                enum payment_currency currency)
{
    __int128 posted = 0, pending = 0;
    for (uint32_t i = 0; i < account_count(ledger); i++) {
        const struct payment_account *account = &ledger->accounts[currency][i];
        posted += account->debits - account->credits;
        pending += account->debits_pending - account->credits_pending;
    }
    return posted == 0 && pending == 0;
}

int64_t payment_ledger_balance(const struct payment_ledger *ledger, enum payment_currency currency,
                               uint32_t account)
{
    const struct payment_account *found = account_at(ledger, currency, account);
    return found->credits - found->debits;
}

int64_t payment_ledger_pending(const struct payment_ledger *ledger, enum payment_currency currency)
{
    int64_t pending = 0;
    for (uint32_t i = 0; i < account_count(ledger); i++) {
        pending += ledger->accounts[currency][i].debits_pending;
    }
    return pending;
}
