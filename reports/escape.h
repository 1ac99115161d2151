// escape - text of anybody's making, written so that it stays text where it is going.
//
// One function a context; each appends to `out`. Bytes that are no UTF-8 and control characters
// become U+FFFD everywhere; a line break becomes a blank where a break would end something.
#pragma once

#include "sim/base/text.h"

void escape_html(struct text *out, const char *from);     // text, and attributes in "" or ''
void escape_xml(struct text *out, const char *from);      // the same for XML 1.0; breaks as &#10;
void escape_markdown(struct text *out, const char *from); // text and table cells of GitHub's kind
void escape_mermaid(struct text *out, const char *from);  // inside of ["..."] in a ```mermaid block
void escape_gnuplot(struct text *out, const char *from);  // inside of '...'
void escape_tic(struct text *out, const char *from);      // the same, as the label of a tic
void escape_dot(struct text *out, const char *from);      // inside of "..." of Graphviz
void escape_openmetrics(struct text *out, const char *from); // a label's value in ""
void escape_shell(struct text *out, const char *from);       // one word of a POSIX command line
void escape_identifier(struct text *out, const char *from);  // an id and a #fragment; never equal
                                                             // for two different names
// At most `most` code points, "..." for the rest, for labels in pictures.
void escape_cut(struct text *out, const char *from, size_t most);
