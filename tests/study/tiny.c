// tiny - the tiny worlds of the engine's tests, for studies too.
#include "tests/engine/tiny.c"
