#include "src/cli/batch_coverage.h"

#include <stdio.h>

#include "src/base/text_buffer.h"

#define PROMISE_MAX_US (VG_BATCH_COVERAGE_MINUTES_MAX * VG_COVERAGE_MINUTE_US)

/* Milliseconds that add up, as seconds. */
static void add_seconds(struct vg_text_buffer *line, int64_t ms)
{
    vg_text_add(line, ",%lld.%03lld", (long long)(ms / 1000), (long long)(ms % 1000));
}

static void write_head(struct vg_batch_files *files)
{
    char text[512];
    struct vg_text_buffer line;
    vg_text_buffer_init(&line, text, sizeof text);
    vg_text_add(&line, "time_s,nominal_s,wanted,analysed");
    for (int c = 0; c < VG_COVERAGE_OFF; c++)
        vg_text_add(&line, ",%s_s", vg_coverage_cause_name((enum vg_coverage_cause)c));
    vg_batch_write_line(files, VG_BATCH_COVERAGE, text);
}

static void take(struct vg_coverage_taker *taker, const struct vg_coverage *coverage)
{
    struct vg_batch_coverage *c = (struct vg_batch_coverage *)(void *)taker;
    const struct vg_coverage_row *row = &coverage->row;
    char text[512];
    struct vg_text_buffer line;
    int64_t part_us[VG_COVERAGE_CAUSES], shown[VG_COVERAGE_CAUSES];
    if (c->lines++ >= VG_BATCH_COVERAGE_MINUTES_MAX)
        return;
    for (int k = 0; k < VG_COVERAGE_CAUSES; k++)
        part_us[k] = row->part_us[k];
    const int64_t nominal = vg_coverage_round(part_us, 1000, shown);
    vg_text_buffer_init(&line, text, sizeof text);
    vg_text_add(&line, "%lld", (long long)row->minute * 60);
    add_seconds(&line, nominal);
    vg_text_add(&line, ",%u,%u", row->wanted, row->analysed);
    for (int k = 0; k < VG_COVERAGE_OFF; k++)
        add_seconds(&line, shown[k]);
    vg_batch_write_line(c->files, VG_BATCH_COVERAGE, text);
}

static void look(struct vg_batch_coverage *c, int64_t us)
{
    vg_coverage_look(&c->coverage, (struct vg_mono_time){us}, (struct vg_wall_time){us}, &c->input);
}

void vg_batch_coverage_begin(struct vg_batch_coverage *c, struct vg_batch_files *files,
                             double rate_fps, uint32_t source_fps_milli)
{
    *c = (struct vg_batch_coverage){.taker.take = take, .files = files};
    vg_coverage_init(&c->coverage, &c->taker);
    c->source_period_us = source_fps_milli ? VG_US_PER_S * 1000 / source_fps_milli : 0;
    c->input = (struct vg_coverage_input){
        .connected = true,
        .period_us = rate_fps > 0 ? (int64_t)(1e6 / rate_fps + 0.5) : c->source_period_us,
        .source_period_us = c->source_period_us,
    };
    write_head(files);
    look(c, 0);
}

void vg_batch_coverage_add(struct vg_batch_coverage *c, const struct vg_batch_cover *cover,
                           enum vg_coverage_view view)
{
    const struct vg_mono_time mono = {cover->media.us};
    const struct vg_wall_time wall = {cover->media.us};
    c->last_us = cover->media.us;
    c->input.view = view;
    c->input.refused += cover->picture == VG_BATCH_PICTURE_REFUSED;
    c->input.corrupt += cover->picture == VG_BATCH_PICTURE_CORRUPT;
    struct vg_coverage_input now = c->input;
    now.refused += cover->lost;
    if (cover->picture == VG_BATCH_PICTURE_ANALYSED) {
        /* of those that came only the wanted ones count: the rest says nothing of a silence */
        now.arrived = ++c->input.arrived;
        vg_coverage_picture(&c->coverage, mono, now.arrived - 1, mono, wall, &now);
    } else {
        vg_coverage_look(&c->coverage, mono, wall, &now);
    }
}

void vg_batch_coverage_end(struct vg_batch_coverage *c, int64_t promised_us)
{
    const int64_t end_us = c->last_us + c->source_period_us;
    struct vg_coverage_input last = c->coverage.last;
    const bool cut = promised_us > end_us && promised_us <= PROMISE_MAX_US;
    vg_coverage_look(&c->coverage, (struct vg_mono_time){end_us}, (struct vg_wall_time){end_us},
                     &last);
    last.connected = !cut;
    const int64_t at_us = cut ? promised_us : end_us;
    vg_coverage_end(&c->coverage, (struct vg_mono_time){at_us}, (struct vg_wall_time){at_us}, &last,
                    VG_COVERAGE_DUTY_WATCHED);
}
