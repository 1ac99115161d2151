// payment_ledger - double-entry accounts in integer minor units, one ledger a currency.
//
// Every movement debits one account and credits another by the same amount, so the sums agree
// for what is posted and for what is pending, always. A reservation is pending until it is
// posted or voided. Amounts are cents of USD and EUR and satoshi of BTC; nothing is converted
// between ledgers.
#pragma once

#include "sim/engine/model.h"

enum payment_currency { PAYMENT_USD, PAYMENT_EUR, PAYMENT_BTC, PAYMENT_CURRENCIES };

// Accounts of a ledger: these, then the customers', then the merchants'.
enum payment_house { PAYMENT_BANK, PAYMENT_CLEARING, PAYMENT_FEES, PAYMENT_HOUSE };

struct payment_account {
    int64_t debits, credits, debits_pending, credits_pending;
};

struct payment_transfer {
    enum payment_currency currency;
    uint32_t debit, credit; // account numbers
    int64_t amount;         // > 0
};

struct payment_ledger {
    uint32_t customers, merchants;
    bool limited; // a customer can't spend more than he has
    uint64_t posted;
    struct payment_account *accounts[PAYMENT_CURRENCIES];
};

struct payment_ledger_rules { // the mapping `accounts`
    uint64_t customers, merchants;
    uint64_t opening; // of every customer in every currency, 0: no limit
};
extern const struct field payment_ledger_fields[];

void payment_ledger_init(struct payment_ledger *ledger, const struct payment_ledger_rules *rules);
void payment_ledger_release(struct payment_ledger *ledger);

uint32_t payment_ledger_customer(const struct payment_ledger *ledger, uint64_t number);
uint32_t payment_ledger_merchant(const struct payment_ledger *ledger, uint64_t number);

// False: the customer has not enough.
bool payment_ledger_reserve(struct payment_ledger *ledger, const struct payment_transfer *transfer);
void payment_ledger_post(struct payment_ledger *ledger, const struct payment_transfer *transfer);
void payment_ledger_void(struct payment_ledger *ledger, const struct payment_transfer *transfer);
// Reserves and posts at once; amount 0 moves nothing.
void payment_ledger_move(struct payment_ledger *ledger, const struct payment_transfer *transfer);

// Sum of debits = sum of credits, posted and pending, over all accounts of the currency.
bool payment_ledger_is_balanced(const struct payment_ledger *ledger,
                                enum payment_currency currency);

// What stands to an account's credit (posted), and the pending debits of all accounts.
int64_t payment_ledger_balance(const struct payment_ledger *ledger, enum payment_currency currency,
                               uint32_t account);
int64_t payment_ledger_pending(const struct payment_ledger *ledger, enum payment_currency currency);
