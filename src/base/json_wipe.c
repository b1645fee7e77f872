#include "src/base/json_wipe.h"

#include <jansson.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

void vg_json_wipe(void *allocation)
{
    if (allocation)
        explicit_bzero(allocation, malloc_usable_size(allocation));
}

static void let_go(void *allocation)
{
    vg_json_wipe(allocation);
    free(allocation);
}

void vg_json_wipe_all(void)
{
    json_set_alloc_funcs(malloc, let_go);
}
