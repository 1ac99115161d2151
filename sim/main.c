// main - joins the catalog of models and the command line.
#include "models/catalog.h"
#include "sim/cli/cli.h"

int main(int argc, char **argv)
{
    return cli_run(&catalog_all, argc, argv);
}
