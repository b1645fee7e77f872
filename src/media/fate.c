#include "src/media/fate.h"

#include <stddef.h>

const char *vg_fate_name(enum vg_fate fate)
{
    static const char *const name[VG_FATE_COUNT] = {
        "analysed", "rate",  "newest",  "corrupt", "pool",
        "overload", "still", "stopped", "decoder", "shutdown",
    };
    return (size_t)fate < VG_FATE_COUNT ? name[fate] : "unknown";
}
