// path - marks of functions: on the way that nearly every event takes, beside it, or off it.
//
// A function that stays a call keeps the way around it short: nothing is saved for it in advance.
#pragma once

#define PATH_HOT __attribute__((always_inline)) inline
#define PATH_APART __attribute__((noinline))
#define PATH_RARE __attribute__((noinline, cold))
