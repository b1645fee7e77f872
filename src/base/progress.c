#include "src/base/progress.h"

#include <unistd.h>

#include "src/base/text.h"

enum {
    BAR_CELLS = 30
};

void vg_progress_init(struct vg_progress *progress, FILE *out)
{
    progress->out = out;
    progress->terminal = isatty(fileno(out));
    progress->unit = VG_PROGRESS_PICTURES;
    progress->start = progress->last = vg_mono_now();
}

/* On no terminal: a line for itself. */
static void say(const struct vg_progress *progress, const char *label, uint64_t done,
                uint64_t total, double rate)
{
    if (progress->unit == VG_PROGRESS_SOURCES)
        (void)fprintf(progress->out, _("%s: %llu of %llu sources\n"), label,
                      (unsigned long long)done, (unsigned long long)total);
    else if (progress->unit == VG_PROGRESS_SECONDS)
        (void)fprintf(progress->out, _("%s: %llu of %llu s\n"), label, (unsigned long long)done,
                      (unsigned long long)total);
    else
        (void)fprintf(progress->out, _("%s: %llu of %llu pictures, %.1f per second\n"), label,
                      (unsigned long long)done, (unsigned long long)total, rate);
}

static void draw(struct vg_progress *progress, const char *label, uint64_t done, uint64_t total)
{
    const double seconds = (double)(vg_mono_now().us - progress->start.us) / 1e6;
    const double rate = seconds > 0 ? (double)done / seconds : 0;
    if (done > total)
        total = total ? done : 0;
    if (!progress->terminal || total == 0) {
        say(progress, label, done, total, rate);
        return;
    }
    const int cells = (int)(done * BAR_CELLS / total);
    (void)fprintf(progress->out, "\r%s [", label);
    for (int i = 0; i < BAR_CELLS; i++)
        (void)fputc(i < cells ? '#' : '.', progress->out);
    (void)fprintf(progress->out, "] %3d %% ", (int)(done * 100 / total));
    if (progress->unit != VG_PROGRESS_SECONDS)
        (void)fprintf(progress->out, "%.1f/s ", rate);
    (void)fflush(progress->out);
}

void vg_progress_show(struct vg_progress *progress, const char *label, uint64_t done,
                      uint64_t total)
{
    const struct vg_mono_time now = vg_mono_now();
    const int64_t every_us = progress->terminal ? VG_US_PER_S / 10 : 5 * VG_US_PER_S;
    if (now.us - progress->last.us < every_us)
        return;
    progress->last = now;
    draw(progress, label, done, total);
}

void vg_progress_end(struct vg_progress *progress, const char *label, uint64_t done, uint64_t total)
{
    draw(progress, label, done, total);
    if (progress->terminal && total > 0)
        (void)fputc('\n', progress->out);
}
