// platform - what the program takes for granted of compiler and machine, proved at compile time.
#include <float.h>
#include <limits.h>
#include <stdint.h>

_Static_assert(CHAR_BIT == 8, "files and hashes count in bytes of eight bits");
_Static_assert(sizeof(double) == 8 && DBL_MANT_DIG == 53, "double is IEEE 754 binary64");
_Static_assert(FLT_EVAL_METHOD == 0, "an expression of doubles is rounded to double at every step");
_Static_assert(sizeof(void *) == 8, "sizes of hot records are counted with 64-bit pointers");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "hashed records are little-endian");

#ifdef __FAST_MATH__
#error "-ffast-math changes results: build without it"
#endif
