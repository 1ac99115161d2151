// distribution_draw - one value of a law: falls as the word drawn rises, whatever the law.
#include "sim/kernel/distribution.h"

#include "sim/base/check.h"
#include "sim/kernel/zipf.h"

enum { ERLANG_STAGES = 8 }; // up to here one logarithm of a product of uniforms

static const struct distribution *choose_part(const struct distribution *mix,
                                              struct random_stream *stream)
{
    const double share = random_unit(stream);
    uint32_t i = 0;
    while (i + 1 < mix->part_count && share >= mix->weights[i]) {
        i++;
    }
    return &mix->parts[i];
}

// Marsaglia and Tsang, ACM TOMS 26 (2000), for shape >= 1.
static double draw_gamma(double d, double c, struct random_stream *stream)
{
    for (;;) {
        const double x = -inversion_normal_draw(stream), root = 1 + c * x;
        if (root <= 0) {
            continue;
        }
        const double v = root * root * root, u = inversion_open_unit(stream), x2 = x * x;
        if (u < 1 - 0.0331 * x2 * x2 ||
            inversion_log(u) < 0.5 * x2 + d * (1 - v + inversion_log(v))) {
            return d * v;
        }
    }
}

static double draw_gamma_law(const struct distribution *law, struct random_stream *stream)
{
    const double value = draw_gamma(law->precomputed[1], law->precomputed[2], stream);
    const double scaled = law->precomputed[0] * value;
    return law->shape < 1 ? scaled * inversion_exp(-inversion_exponential(stream) / law->shape)
                          : scaled;
}

static double draw_erlang(const struct distribution *law, struct random_stream *stream)
{
    if (law->shape > ERLANG_STAGES) {
        return draw_gamma_law(law, stream);
    }
    double product = 1;
    for (int stages = (int)law->shape; stages > 0; stages--) {
        product *= inversion_open_unit(stream);
    }
    return -law->precomputed[0] * inversion_log(product);
}

static double draw_normal(const struct distribution *law, struct random_stream *stream)
{
    const double above = inversion_open_unit(stream) * law->precomputed[0];
    const double value = law->a - law->b * inversion_normal(above);
    return value > 0 ? value : 0;
}

static double draw_empirical(const struct distribution *law, struct random_stream *stream)
{
    const double at = (1 - inversion_open_unit(stream)) * (double)(law->n - 1);
    const uint64_t i = (uint64_t)at;
    if (i + 1 >= law->n) {
        return law->values[law->n - 1];
    }
    return law->values[i] + (at - (double)i) * (law->values[i + 1] - law->values[i]);
}

double distribution_draw_real(const struct distribution *law, struct random_stream *stream)
{
    while (law->kind == DISTRIBUTION_MIX) {
        law = choose_part(law, stream);
    }
    switch (law->kind) {
    case DISTRIBUTION_CONSTANT:
        return law->a;
    case DISTRIBUTION_EXPONENTIAL:
        return law->a * inversion_exponential(stream);
    case DISTRIBUTION_ERLANG:
        return draw_erlang(law, stream);
    case DISTRIBUTION_GAMMA:
        return draw_gamma_law(law, stream);
    case DISTRIBUTION_LOGNORMAL:
        return inversion_exp(law->a - law->b * inversion_normal_draw(stream));
    case DISTRIBUTION_WEIBULL:
        return law->a *
               inversion_exp(law->precomputed[0] * inversion_log(inversion_exponential(stream)));
    case DISTRIBUTION_PARETO:
        return law->a * inversion_exp(law->precomputed[0] * inversion_exponential(stream));
    case DISTRIBUTION_UNIFORM:
        return law->b - (law->b - law->a) * inversion_open_unit(stream);
    case DISTRIBUTION_NORMAL:
        return draw_normal(law, stream);
    case DISTRIBUTION_EMPIRICAL:
        return draw_empirical(law, stream);
    case DISTRIBUTION_ZIPF:
        return zipf_draw((double)law->n, law->shape, law->precomputed, stream);
    case DISTRIBUTION_GEOMETRIC:
        return 1 + (double)(int64_t)(law->precomputed[0] * inversion_exponential(stream));
    case DISTRIBUTION_MIX:
        break;
    }
    CHECK(law->kind != DISTRIBUTION_MIX);
    return 0;
}
