// sections_read_later - values of models that name other components: kept until all are known.
#include "sim/scenario/assembly.h"
#include "sim/scenario/sections_read.h"

bool sections_read_later(struct schema *schema, const struct document_node *node,
                         const struct field *field, void *value)
{
    struct assembly *assembly = schema->owner;
    struct assembly_pending *pending = assembly_add(assembly, &assembly->pending, sizeof *pending);
    *pending = (struct assembly_pending){
        .reader = schema_reader(schema, field->read),
        .field = field,
        .node = node,
        .value = value,
        .component = assembly->current,
    };
    return true;
}
