// sequence - Sobol's points from GSL's generator.
#include "sim/kernel/sequence.h"

#include <gsl/gsl_qrng.h>

#include "sim/base/check.h"

void sequence_sobol(uint32_t dimensions, uint32_t count, double *points)
{
    CHECK(dimensions > 0 && dimensions <= SEQUENCE_DIMENSIONS);
    gsl_qrng *generator = gsl_qrng_alloc(gsl_qrng_sobol, dimensions);
    CHECK(generator != NULL);
    for (uint32_t i = 0; i < count; i++) {
        gsl_qrng_get(generator, points + (uint64_t)i * dimensions);
    }
    gsl_qrng_free(generator);
}
