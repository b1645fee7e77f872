#include "bench/foreign_cores.h"

#include <stdio.h>
#include <unistd.h>

#include "src/base/clock.h"

static struct vg_machine_load machine_load(void)
{
    char text[256] = "";
    FILE *file = fopen("/proc/stat", "re");
    if (!file)
        return (struct vg_machine_load){0};
    const size_t n = fread(text, 1, sizeof text - 1, file);
    text[n] = '\0';
    (void)fclose(file);
    return vg_machine_load_parse(text);
}

struct vg_cores_taken vg_cores_taken_now(void)
{
    return (struct vg_cores_taken){machine_load(), vg_cores_here()};
}

/* Of the cores that are ours; -1: not known. */
static double busy_s(const struct vg_cores_taken *before, const struct vg_cores_taken *after)
{
    if (before->cores.used_us > 0 && after->cores.used_us >= before->cores.used_us)
        return (double)(after->cores.used_us - before->cores.used_us) / (double)VG_US_PER_S;
    if (vg_cores_limited(&after->cores) || before->machine.all == 0 ||
        after->machine.busy < before->machine.busy)
        return -1;
    return (double)(after->machine.busy - before->machine.busy) / (double)sysconf(_SC_CLK_TCK);
}

double vg_foreign_cores(const struct vg_cores_taken *before, const struct vg_cores_taken *after,
                        double seconds, double own_cores)
{
    const double busy = busy_s(before, after);
    const double foreign = busy / seconds - own_cores;
    return busy < 0 ? -1 : foreign > 0 ? foreign : 0;
}
