// build - which build of the program this is.
#pragma once

// Digest of the archive of all code but `main`: the same in every program of one build, another
// whenever source, compiler or flags are. 32 hexadecimal digits.
extern const char build_id[];
