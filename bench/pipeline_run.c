#include "bench/pipeline_run.h"

#include "bench/board_watch.h"
#include "bench/foreign_cores.h"
#include "bench/live_admission.h"
#include "src/base/alloc.h"
#include "src/base/clock.h"
#include "src/base/text.h"

#define LOOK_US VG_US_PER_S

struct stand {
    const struct vg_pipeline_run *run;
    struct vg_live_server *server;
    struct vg_server_counts *now, *first, *minute; /* of now; at the begins */
    struct vg_board_watch *boards;
};

static double seconds_since(struct vg_mono_time start)
{
    return (double)(vg_mono_now().us - start.us) / (double)VG_US_PER_S;
}

static void look(const struct stand *s, const char *what, double done_s, double of_s)
{
    if (s->run->look)
        s->run->look(s->run->user, what, done_s < of_s ? done_s : of_s, of_s);
}

/* Flux of which a picture was analysed. */
static uint32_t served(const struct stand *s)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < s->run->server.flux; i++) {
        char id[VG_SERVER_ID_SIZE];
        vg_hold_flux_name(i, id);
        const struct vg_flux_counts *flux = vg_server_counts_flux(s->now, id);
        count += flux && flux->fate[VG_FATE_ANALYSED] > 0;
    }
    return count;
}

static enum vg_status wait_open(struct stand *s, struct vg_pipeline_cost *cost,
                                struct vg_fault *fault)
{
    const struct vg_mono_time start = vg_mono_now();
    const double open_s = s->run->open_s;
    while (cost->opened < s->run->server.flux && seconds_since(start) < open_s) {
        const enum vg_status status = vg_live_server_wait(s->server, LOOK_US, fault);
        if (status)
            return status;
        if (vg_live_server_counts(s->server, s->now, NULL) == VG_OK)
            cost->opened = served(s);
        const enum vg_status refused =
            cost->opened ? VG_OK : vg_live_server_refuses(s->server, fault);
        if (refused)
            return refused;
        look(s, N_("opening"), seconds_since(start), open_s);
    }
    cost->opened_s = seconds_since(start);
    if (cost->opened > 0)
        return VG_OK;
    return vg_fault_set(fault, VG_E_TIMEOUT, N_("not one picture was analysed"),
                        N_("check clip, model and device; more time: --open"), "%s",
                        vg_live_server_last_word(s->server));
}

static enum vg_status settle(struct stand *s, struct vg_fault *fault)
{
    const struct vg_mono_time start = vg_mono_now();
    enum vg_status status = VG_OK;
    while (!status && seconds_since(start) < s->run->settle_s) {
        const double left_s = s->run->settle_s - seconds_since(start);
        status = vg_live_server_wait(s->server, left_s < 1 ? (int64_t)(left_s * 1e6) + 1 : LOOK_US,
                                     fault);
        look(s, N_("settling"), seconds_since(start), s->run->settle_s);
    }
    return status;
}

/* The newest counts. An answer that does not come, or is not yet newer, is asked for again. */
static enum vg_status read_counts(struct stand *s, double newer_than_s, struct vg_fault *fault)
{
    const struct vg_mono_time start = vg_mono_now();
    for (;;) {
        if (vg_live_server_counts(s->server, s->now, NULL) == VG_OK && s->now->up_s > newer_than_s)
            return VG_OK;
        if (seconds_since(start) > 30)
            return vg_fault_set(fault, VG_E_TIMEOUT, N_("the server's counts cannot be read"), NULL,
                                "%s", vg_live_server_last_word(s->server));
        const enum vg_status status = vg_live_server_wait(s->server, LOOK_US / 4, fault);
        if (status)
            return status;
    }
}

static void tell_count(const struct stand *s)
{
    if (s->run->count)
        s->run->count(s->run->count_user, s->now->up_s, vg_server_counts_judged(s->now));
}

/* By the analysis' own clock, since counts are told once a second or so. */
static enum vg_status measure_minutes(struct stand *s, struct vg_hold *hold, struct vg_fault *fault)
{
    const double measure_s = s->run->measure_s;
    const double minute_s = measure_s / vg_hold_minutes(measure_s);
    *s->minute = *s->first;
    while (s->now->up_s - s->first->up_s < measure_s) {
        enum vg_status status = vg_live_server_wait(s->server, LOOK_US / 2, fault);
        if (!status)
            status = read_counts(s, 0, fault);
        if (status)
            return status;
        if (s->now->up_s < s->minute->up_s)
            return VG_OK; /* vg_hold_end says it */
        look(s, N_("measuring"), s->now->up_s - s->first->up_s, measure_s);
        vg_board_watch_look(s->boards);
        tell_count(s);
        const double next_s = minute_s * (hold->minute_count + 1);
        if (s->now->up_s - s->first->up_s < next_s)
            continue;
        vg_hold_add_minute(hold, s->minute, s->now);
        *s->minute = *s->now;
    }
    if (hold->minute_count < vg_hold_minutes(measure_s)) /* a last one short of a rounding */
        vg_hold_add_minute(hold, s->minute, s->now);
    return VG_OK;
}

static struct vg_stage_sum stage_between(const struct vg_stage_sum *a, const struct vg_stage_sum *b)
{
    return (struct vg_stage_sum){b->count - a->count, b->seconds - a->seconds};
}

static void take_costs(const struct stand *s, struct vg_pipeline_cost *cost)
{
    const struct vg_batch_counts *a = &s->first->batches, *b = &s->now->batches;
    cost->batches = (struct vg_batch_counts){.batch_max = b->batch_max,
                                             .count = b->count - a->count,
                                             .jobs = b->jobs - a->jobs,
                                             .jobs_squared = b->jobs_squared - a->jobs_squared,
                                             .ms = b->ms - a->ms,
                                             .ms_jobs = b->ms_jobs - a->ms_jobs,
                                             .ms_squared = b->ms_squared - a->ms_squared};
    cost->devices = s->now->devices;
    cost->seconds = s->now->up_s - s->first->up_s;
    for (int i = 0; i < VG_SERVER_STAGES; i++)
        cost->stage[i] = stage_between(&s->first->stage[i], &s->now->stage[i]);
    for (uint32_t i = 0; i < s->run->server.flux && cost->seconds > 0; i++) {
        char id[VG_SERVER_ID_SIZE];
        vg_hold_flux_name(i, id);
        const struct vg_flux_counts *before = vg_server_counts_flux(s->first, id),
                                    *after = vg_server_counts_flux(s->now, id);
        if (!after)
            continue;
        const double took_s = after->decode_s - (before ? before->decode_s : 0);
        cost->decode_cores[i] = took_s > 0 ? took_s / cost->seconds : 0;
        cost->surfaces += after->surfaces;
        cost->hardware_flux += after->surfaces > 0 && before && before->surfaces > 0;
    }
}

static enum vg_status measure(struct stand *s, struct vg_hold *hold, struct vg_pipeline_cost *cost,
                              struct vg_fault *fault)
{
    enum vg_status status = read_counts(s, 0, fault);
    s->boards = vg_live_server_boards(s->server); /* takes its time: before counts of now */
    if (!status)                                  /* counts of now, not of up to a second ago */
        status = read_counts(s, s->now->up_s, fault);
    if (status) {
        (void)vg_board_watch_end(&s->boards);
        return status;
    }
    *s->first = *s->now;
    tell_count(s);
    const double disk = vg_live_server_disk_bytes(s->server);
    const struct vg_tree_load before = vg_live_server_load(s->server);
    const struct vg_cores_taken all_before = vg_cores_taken_now();
    const struct vg_mono_time start = vg_mono_now();
    status = measure_minutes(s, hold, fault);
    const struct vg_tree_load after = vg_live_server_load(s->server);
    const struct vg_cores_taken all_after = vg_cores_taken_now();
    const double seconds = seconds_since(start);
    const struct vg_board_use boards = vg_board_watch_end(&s->boards);
    cost->board_bytes = boards.memory_bytes;
    cost->decoder_share = boards.decode_share;
    cost->cpu_cores = (after.cpu_s - before.cpu_s) / seconds;
    cost->foreign_cores = vg_foreign_cores(&all_before, &all_after, seconds, cost->cpu_cores);
    for (int p = 0; p < VG_TREE_PARTS; p++)
        cost->part_cores[p] = (after.part_s[p] - before.part_s[p]) / seconds;
    cost->disk_bytes = vg_live_server_disk_bytes(s->server) - disk;
    take_costs(s, cost);
    cost->resident_bytes = after.resident_bytes;
    cost->batch_size = s->now->batch_size;
    cost->admitted = vg_live_admitted(s->server, s->run->server.from, s->run->server.flux);
    if (!status && vg_hold_end(hold, s->first, s->now))
        return vg_fault_set(fault, VG_E_STATE,
                            N_("the analysis started anew while it was measured"), NULL, "%s",
                            vg_live_server_last_word(s->server));
    return status;
}

enum vg_status vg_pipeline_run(const struct vg_pipeline_run *run, struct vg_hold *hold,
                               struct vg_pipeline_cost *cost, struct vg_fault *fault)
{
    struct stand s = {.run = run,
                      .now = vg_alloc(sizeof *s.now),
                      .first = vg_alloc(sizeof *s.first),
                      .minute = vg_alloc(sizeof *s.minute)};
    *hold = (struct vg_hold){.flux = run->server.flux};
    for (uint32_t i = 0; i < hold->flux; i++)
        hold->wanted_fps[i] = run->server.from[i].wanted_fps;
    *cost = (struct vg_pipeline_cost){0};
    enum vg_status status = VG_OK;
    if (!s.now || !s.first || !s.minute)
        status = vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "bench pipeline");
    if (!status)
        status = vg_live_server_open(&s.server, &run->server, fault);
    if (!status)
        status = wait_open(&s, cost, fault);
    if (!status)
        status = settle(&s, fault);
    if (!status)
        status = measure(&s, hold, cost, fault);
    vg_live_server_close(&s.server);
    vg_free(s.now);
    vg_free(s.first);
    vg_free(s.minute);
    return status;
}
