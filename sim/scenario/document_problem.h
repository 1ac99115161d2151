// document_problem - what libyaml says of broken YAML, and how we say it.
#pragma once

struct document_problem {
    const char *said;    // by libyaml
    const char *message; // by us
    const char *caret;
};

// NULL if `said` is not known; NULL is allowed.
const struct document_problem *document_problem_find(const char *said);
