// main - joins the catalog of models and the command line.
#include <signal.h>

#include "models/catalog.h"
#include "sim/base/check.h"
#include "sim/cli/cli.h"

int main(int argc, char **argv)
{
    // A file that may not grow is an error of its write, not the end of the program.
    const struct sigaction ignored = {.sa_handler = SIG_IGN};
    sigaction(SIGXFSZ, &ignored, NULL);
    check_keep_memory();
    return cli_run(&catalog_all, argc, argv);
}
