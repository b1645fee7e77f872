#include "scheduler/forecast/shared_processor.h"

#include <assert.h>
#include <math.h>

#include "src/base/alloc.h"

struct vg_shared_processor {
    uint64_t cores_milli, used_milli; /* there are; what runs could use */
    int64_t now_us;
    double work_us; /* the clock of work */

    /* which task ends first: a tournament by the clock of work, then by number */
    uint32_t leaves; /* a power of 2 */
    uint32_t *winner;
    double *end_us; /* by that clock; HUGE_VAL: it does not run */
    uint32_t *uses_milli;
};

enum vg_status vg_shared_processor_open(struct vg_shared_processor **processor,
                                        uint32_t cores_milli, uint32_t tasks)
{
    struct vg_shared_processor *p = vg_alloc(sizeof *p);
    *processor = p;
    if (!p)
        return VG_E_MEMORY;
    p->cores_milli = cores_milli;
    for (p->leaves = 1; p->leaves < tasks;)
        p->leaves *= 2;
    p->winner = vg_alloc_array(2 * (size_t)p->leaves, sizeof *p->winner);
    p->end_us = vg_alloc_array(p->leaves, sizeof *p->end_us);
    p->uses_milli = vg_alloc_array(p->leaves, sizeof *p->uses_milli);
    if (!p->winner || !p->end_us || !p->uses_milli) {
        vg_shared_processor_close(processor);
        return VG_E_MEMORY;
    }
    for (uint32_t i = 0; i < p->leaves; i++) {
        p->winner[p->leaves + i] = i;
        p->end_us[i] = HUGE_VAL;
    }
    for (uint32_t i = p->leaves; i-- > 1;)
        p->winner[i] = p->winner[2 * i];
    return VG_OK;
}

void vg_shared_processor_close(struct vg_shared_processor **processor)
{
    struct vg_shared_processor *p = *processor;
    if (!p)
        return;
    vg_free(p->winner);
    vg_free(p->end_us);
    vg_free(p->uses_milli);
    vg_free(p);
    *processor = NULL;
}

static void set_end(struct vg_shared_processor *p, uint32_t task, double end_us)
{
    p->end_us[task] = end_us;
    for (uint32_t i = (p->leaves + task) / 2; i >= 1; i /= 2) {
        const uint32_t a = p->winner[2 * i], b = p->winner[2 * i + 1];
        p->winner[i] = p->end_us[b] < p->end_us[a] ? b : a;
    }
}

static double speed(const struct vg_shared_processor *p)
{
    return p->cores_milli == 0 || p->used_milli <= p->cores_milli
               ? 1
               : (double)p->cores_milli / (double)p->used_milli;
}

static void pass(struct vg_shared_processor *p, int64_t now_us)
{
    if (now_us <= p->now_us)
        return;
    p->work_us += (double)(now_us - p->now_us) * speed(p);
    p->now_us = now_us;
}

void vg_shared_processor_begin(struct vg_shared_processor *processor, uint32_t task,
                               struct vg_shared_work work, int64_t now_us)
{
    struct vg_shared_processor *p = processor;
    assert(task < p->leaves && p->end_us[task] >= HUGE_VAL);
    pass(p, now_us);
    p->used_milli += work.cores_milli;
    p->uses_milli[task] = work.cores_milli;
    set_end(p, task, p->work_us + (double)(work.work_us > 0 ? work.work_us : 0));
}

void vg_shared_processor_stop(struct vg_shared_processor *processor, uint32_t task, int64_t now_us)
{
    struct vg_shared_processor *p = processor;
    assert(task < p->leaves);
    if (p->end_us[task] >= HUGE_VAL)
        return;
    pass(p, now_us);
    p->used_milli -= p->uses_milli[task];
    set_end(p, task, HUGE_VAL);
}

int64_t vg_shared_processor_next_us(const struct vg_shared_processor *processor)
{
    const struct vg_shared_processor *p = processor;
    const double end_us = p->end_us[p->winner[1]];
    if (end_us >= HUGE_VAL)
        return VG_SHARED_NEVER;
    const double left_us = end_us > p->work_us ? (end_us - p->work_us) / speed(p) : 0;
    return p->now_us + (int64_t)ceil(left_us);
}

uint32_t vg_shared_processor_end(struct vg_shared_processor *processor)
{
    const uint32_t task = processor->winner[1];
    vg_shared_processor_stop(processor, task, vg_shared_processor_next_us(processor));
    return task;
}
