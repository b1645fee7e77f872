#include "src/cli/cold_start.h"

#include <stdio.h>

#include "src/base/text.h"

static const char *label_of(enum vg_programs_work work)
{
    switch (work) {
    case VG_PROGRAMS_BUILD:
        return _("first start on this device: kernels read");
    case VG_PROGRAMS_LAUNCH:
        return _("first start on this device: kernels compiled");
    case VG_PROGRAMS_STORE:
        break;
    }
    return _("first start on this device: kernels kept");
}

static void working(struct vg_programs_listener *listener, enum vg_programs_work work,
                    uint32_t done, uint32_t total, const char *kernel)
{
    struct vg_cold_start *start = (struct vg_cold_start *)(void *)listener;
    const struct vg_mono_time now = vg_mono_now();
    (void)kernel;
    if (!start->progress.terminal || now.us - start->progress.start.us < VG_US_PER_S)
        return;
    if (start->shown && start->work != work) /* a line of its own */
        vg_progress_end(&start->progress, label_of(start->work), start->total, start->total);
    start->shown = true;
    start->work = work;
    start->total = total;
    vg_progress_show(&start->progress, label_of(work), done, total);
}

void vg_cold_start_init(struct vg_cold_start *start)
{
    *start = (struct vg_cold_start){.listener = {working}};
    vg_progress_init(&start->progress, stderr);
}

void vg_cold_start_end(struct vg_cold_start *start)
{
    if (start->shown)
        vg_progress_end(&start->progress, label_of(start->work), start->total, start->total);
    start->shown = false;
}
