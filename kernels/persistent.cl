/* All steps of a plan in one launch, for processors: as many work-items as there are workers, each
 * alone in its group, stay until the last step is done ("persistent threads"; Gupta, Stuart and
 * Owens, A Study of Persistent Threads Style GPU Programming, InPar 2012).
 *
 * A step's items lie in one row and are cut into tasks. Each worker has an equal share of them
 * next to one another, takes its own first and then what is left of the others' shares. The next
 * step begins when all items are done.
 * A worker waits only for tasks that others have already taken, and whoever has taken one ends it
 * without waiting for anybody. So it does not matter when a worker comes, in which order, or
 * whether it comes at all: one alone does all the work.
 * memory, room  the engine's buffers and room of each worker, handed on to the steps.
 * steps    what each does (struct vg_persistent_step).
 * counters COUNTERS integers a step, two turns of them, VG_PERSISTENT_APART integers apart: how
 *          far each worker's share is given away, and how many tasks are done. All 0 before the
 *          first launch; each launch uses one turn and clears the other.
 * work     as many items as workers, groups of one. */
#include "kernel_sizes.h"

#ifndef STEP_RUN /* the engine puts it before this text: calls the function of a step */
#define STEP_RUN(function, memory, room, step, pictures, first, end, across, down) \
    ((void)(memory), (void)(room), (void)(first), (void)(end), (void)(across), (void)(down))
#endif

#define TASKS    16 /* of a worker's share: the last task is all that can be waited for */
#define COUNTERS (workers + 1)

#ifdef __x86_64__
#define PAUSE __asm__ volatile("pause")
#else
#define PAUSE
#endif

static inline int size_of(__global const struct vg_persistent_step *step, int pictures, int d)
{
    if (d != step->batch_dimension)
        return step->work[d];
    return (step->work[d] * pictures + step->batch_divisor - 1) / step->batch_divisor;
}

__attribute__((reqd_work_group_size(1, 1, 1))) __kernel void
persistent(__global uchar *arena, __global uchar *weights, __global uchar *scratch,
           __global uchar *pixels, __global uchar *jobs, __global uchar *classes,
           __global uchar *counts, __global uchar *candidates,
           __global const struct vg_persistent_step *steps, volatile __global int *counters,
           const struct vg_persistent_run run, __local float *room)
{
    __global uchar *const memory[] = {arena, weights, scratch, pixels,
                                      jobs,  classes, counts,  candidates};
    const int me = (int)get_group_id(0), workers = (int)get_num_groups(0);
    const int all = run.steps * COUNTERS;
    for (int i = me; i < all; i += workers)
        counters[((1 - run.turn) * all + i) * VG_PERSISTENT_APART] = 0;
    counters += run.turn * all * VG_PERSISTENT_APART;
    for (int i = run.first; i < run.end; i++) {
        __global const struct vg_persistent_step *step = steps + i;
        volatile __global int *taken = counters + i * COUNTERS * VG_PERSISTENT_APART;
        volatile __global int *done = taken + workers * VG_PERSISTENT_APART;
        const int across = size_of(step, run.pictures, 0), down = size_of(step, run.pictures, 1);
        const int items = across * down * size_of(step, run.pictures, 2);
        const int each = max(step->least, items / (workers * TASKS));
        const int tasks = (items + each - 1) / each;
        int mine = 0;
        for (int k = 0; k < workers; k++) {
            const int from = (me + k) % workers;
            const int first = (int)((long)tasks * from / workers);
            const int share = (int)((long)tasks * (from + 1) / workers) - first;
            volatile __global int *next = taken + from * VG_PERSISTENT_APART;
            while (*next < share) {
                const int at = atomic_inc(next);
                if (at >= share)
                    break;
                STEP_RUN(step->function, memory, room, step, run.pictures, (first + at) * each,
                         min((first + at + 1) * each, items), across, down);
                mine++;
            }
        }
        mem_fence(CLK_GLOBAL_MEM_FENCE);
        if (mine)
            atomic_add(done, mine);
        while (*done < tasks)
            PAUSE;
        mem_fence(CLK_GLOBAL_MEM_FENCE);
    }
}
