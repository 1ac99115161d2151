// zipf - ranks 1..n with probabilities in proportion to rank^-s, by rejection-inversion.
//
// W. Hoermann and G. Derflinger, Rejection-inversion to generate variates from monotone discrete
// distributions, ACM TOMACS 6 (1996): any s >= 0, no table, about 1.1 words a draw at any n.
#pragma once

#include "sim/kernel/random.h"

void zipf_prepare(double n, double s, double precomputed[3]);
double zipf_draw(double n, double s, const double precomputed[3], struct random_stream *stream);
