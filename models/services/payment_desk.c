// payment_desk - finds or makes the payment that a request is about.
#include "models/services/payment_desk.h"

#include "sim/base/text.h"

enum { DRAWS = 8 }; // of a past payment

#define OF_DESK(member) .name = #member, .offset = offsetof(struct payment_desk_rules, member)

const struct field payment_desk_fields[] = {
    {OF_DESK(key), .type = FIELD_NAME,
     .meaning = "the workload's key that names the payment and is its idempotency key; when "
                "absent the request itself, where its call is `idempotent`"},
    {OF_DESK(customer), .type = FIELD_NAME,
     .meaning = "the workload's key that names the customer; by chance when absent"},
    {OF_DESK(merchant), .type = FIELD_NAME,
     .meaning = "the workload's key that names the merchant; by chance when absent"},
    {OF_DESK(remember), .type = FIELD_DURATION, .fallback = "24h", .minimum = 1e9,
     .meaning = "how long keys and answers are kept", .source = "Stripe: at least 24 h"},
    {OF_DESK(amount), .type = FIELD_COUNTS, .fallback = "geometric(mean=4500)",
     .meaning = "of a payment, in cents", .source = "assumption"},
    {OF_DESK(eur), .type = FIELD_RATIO, .fallback = "35%", .maximum = 1,
     .meaning = "payments in EUR; the rest is USD", .source = "assumption"},
    {OF_DESK(btc), .type = FIELD_RATIO, .fallback = "5%", .maximum = 1,
     .meaning = "payments in BTC", .source = "assumption"},
    {OF_DESK(satoshi_per_cent), .type = FIELD_COUNT, .fallback = "15", .minimum = 1, .maximum = 1e6,
     .meaning = "turns the amount's cents into satoshi", .source = "assumption"},
    {0},
};

void payment_desk_begin(struct payment_desk *desk, struct payment_till *till,
                        const struct payment_desk_rules *rules)
{
    struct component *component = till->component;
    const struct design *design = component->world->design;
    const char *name = component->design->name;
    *desk = (struct payment_desk){
        .rules = rules,
        .till = till,
        .key = design_key(design, rules->key),
        .customer = design_key(design, rules->customer),
        .merchant = design_key(design, rules->merchant),
        .amounts = text_hash(arena_format(&component->world->arena, "%s/amounts", name)),
        .stream = node_component_stream(component, "past"),
    };
}

static uint64_t chosen_or(const struct visit *visit, uint32_t key, uint64_t chance)
{
    return key == 0 ? chance : workload_key(visit->node->world, visit->request, key);
}

static void draw_amount(const struct payment_desk *desk, const struct visit *visit,
                        struct payment *payment)
{
    const struct payment_desk_rules *rules = desk->rules;
    const struct world *world = visit->node->world;
    struct random_stream stream;
    random_stream_seek(&stream, world->key, desk->amounts, payment->id << 8 >> 8);
    const double at = digest_unit(digest_mix(payment->id, world->key));
    payment->amount = distribution_draw(&rules->amount, &stream);
    payment->amount += payment->amount == 0;
    payment->currency = at < rules->eur ? PAYMENT_EUR : PAYMENT_USD;
    if (at >= 1 - rules->btc) {
        payment->currency = PAYMENT_BTC;
        payment->amount *= (int64_t)rules->satoshi_per_cent;
    }
}

static struct payment *new_payment(struct payment_desk *desk, const struct visit *visit,
                                   uint64_t id)
{
    struct payment_till *till = desk->till;
    const int64_t now = visit_now(visit);
    payment_book_forget(&till->book, now - desk->rules->remember);
    struct payment *payment = payment_book_add(&till->book, id, now);
    payment->customer = payment_ledger_customer(
        &till->ledger, chosen_or(visit, desk->customer, digest_mix(id, 2)));
    payment->merchant = payment_ledger_merchant(
        &till->ledger, chosen_or(visit, desk->merchant, digest_mix(id, 3)));
    draw_amount(desk, visit, payment);
    return payment;
}

static bool is_keyed(const struct payment_desk *desk, const struct visit *visit)
{
    const struct world *world = visit->node->world;
    if (desk->key != 0 ||
        !call_is_open(world, visit->call, visit->call_generation, visit->attempt)) {
        return true;
    }
    return ((const struct call *)slots_at(&world->calls, visit->call))->design->idempotent;
}

static struct payment *past_payment(struct payment_desk *desk, const struct visit *visit,
                                    enum payment_action action)
{
    struct payment_book *book = &desk->till->book;
    const uint64_t request = digest_mix(visit->request, action);
    struct payment *payment = payment_book_given(book, request);
    for (int i = 0; i < DRAWS && payment == NULL && book->next != book->oldest; i++) {
        const uint64_t at = random_below(desk->stream, book->next - book->oldest);
        payment = payment_book_at(book, book->oldest + (uint32_t)at);
        payment = payment->work == 0 && payment_till_allows(payment, action) ? payment : NULL;
    }
    if (payment != NULL) {
        payment_book_give(book, request, payment);
    }
    return payment;
}

struct payment *payment_desk_named(const struct payment_desk *desk, const struct visit *visit)
{
    const uint64_t id = workload_key(visit->node->world, visit->request, desk->key);
    return payment_book_find(&desk->till->book, id);
}

struct payment *payment_desk_find(struct payment_desk *desk, const struct visit *visit,
                                  enum payment_action action)
{
    const bool creates = action == PAYMENT_AUTHORIZE || action == PAYMENT_PAY;
    const uint64_t id = workload_key(visit->node->world, visit->request, desk->key);
    struct payment *payment = payment_desk_named(desk, visit);
    if (payment == NULL) {
        return creates ? new_payment(desk, visit, id) : past_payment(desk, visit, action);
    }
    const bool seen = payment->work != 0 || payment->answers[action] != 0;
    if (creates && seen && !is_keyed(desk, visit)) {
        payment = new_payment(desk, visit, digest_mix(id, ++desk->serial) | (uint64_t)1 << 63);
        payment->duplicate = true;
    }
    return payment;
}
