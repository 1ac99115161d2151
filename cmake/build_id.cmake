# build_id - writes OUTPUT, a C file that names the program by the digest of its ARCHIVE.
file(SHA256 ${ARCHIVE} digest)
string(SUBSTRING ${digest} 0 32 digest)
file(WRITE ${OUTPUT}
  "// build_id - made by cmake/build_id.cmake.\n"
  "#include \"sim/base/build.h\"\n\nconst char build_id[] = \"${digest}\";\n")
