#include "src/energy/machine_load.h"

#include <stdlib.h>
#include <string.h>

enum {
    IDLE = 3,
    IOWAIT = 4,
    FIELDS = 8
};

struct vg_machine_load vg_machine_load_parse(const char *text)
{
    struct vg_machine_load load = {0, 0};
    if (strncmp(text, "cpu ", 4) != 0)
        return load;
    text += 4;
    for (int i = 0; i < FIELDS; i++) {
        char *end;
        const unsigned long long ticks = strtoull(text, &end, 10);
        if (end == text)
            return (struct vg_machine_load){0, 0};
        load.all += ticks;
        load.busy += i == IDLE || i == IOWAIT ? 0 : ticks;
        text = end;
    }
    return load;
}

double vg_machine_load_between(const struct vg_machine_load *before,
                               const struct vg_machine_load *after)
{
    if (before->all == 0 || after->all <= before->all || after->busy < before->busy)
        return -1;
    const double share = (double)(after->busy - before->busy) / (double)(after->all - before->all);
    return share < 1 ? share : 1;
}
