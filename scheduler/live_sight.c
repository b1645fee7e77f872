#include "scheduler/live_sight.h"

#include <stdio.h>

#include "scheduler/sight_file.h"
#include "src/base/alloc.h"
#include "src/base/log.h"

#define SAVE_EVERY_US (300 * VG_US_PER_S)

enum vg_status vg_live_sight_init(struct vg_live_sight *s, const char *data, const char *id,
                                  struct vg_flux_view *view, struct vg_save_thread *saves)
{
    char path[512];
    *s = (struct vg_live_sight){.id = id, .view = view};
    s->report.health = *vg_view_watch_health(view->watch);
    const int n = snprintf(path, sizeof path, "%s/state/%s.view", data, id);
    return n < 0 || (size_t)n >= sizeof path ? VG_E_CALL : vg_save_file_open(&s->file, saves, path);
}

void vg_live_sight_release(struct vg_live_sight *s)
{
    vg_save_file_close(&s->file);
}

void vg_live_sight_forget(const struct vg_live_sight *s)
{
    vg_save_file_remove(s->file);
}

/* True: the reference is there. */
static bool take_file(struct vg_live_sight *s, const uint8_t *bytes, size_t size)
{
    struct vg_sight_file file;
    if (vg_sight_file_parse(bytes, size, &file)) {
        vg_log(VG_LOG_WARN, "flux %s: its kept view cannot be read, another is taken", s->id);
        return false;
    }
    if (file.source != s->source) {
        vg_log(VG_LOG_INFO, "flux %s: its address has changed, another view is taken", s->id);
        vg_live_sight_forget(s);
        return false;
    }
    if (vg_view_watch_restore(s->view->watch, file.reference, VG_VIEW_REFERENCE_BYTES)) {
        vg_log(VG_LOG_WARN, "flux %s: its kept view is damaged, another is taken", s->id);
        return false;
    }
    s->report.confirmed = file.confirmed;
    s->kept = true;
    s->saved = vg_mono_now();
    return true;
}

void vg_live_sight_restore(struct vg_live_sight *s, uint64_t confirmed)
{
    struct vg_fault fault;
    uint8_t *bytes = NULL;
    size_t size;
    if (s->restored)
        return;
    s->restored = true;
    const enum vg_status status =
        vg_save_file_read(s->file, VG_SIGHT_FILE_BYTES, &bytes, &size, &fault);
    if (status && status != VG_E_MISSING)
        vg_log(VG_LOG_WARN, "flux %s: its kept view was not read: %s", s->id, fault.place);
    if (status || !take_file(s, bytes, size))
        s->report.confirmed = confirmed; /* the first view is to be taken anyway */
    vg_free(bytes);
}

void vg_live_sight_save(struct vg_live_sight *s)
{
    const struct vg_sight_file file = {.source = s->source, .confirmed = s->report.confirmed};
    uint8_t *bytes = vg_alloc(VG_SIGHT_FILE_BYTES);
    if (!bytes)
        return; /* at the next occasion */
    vg_sight_file_head(&file, bytes);
    if (vg_view_watch_save(s->view->watch, bytes + VG_SIGHT_FILE_HEAD)) {
        vg_free(bytes);
        return; /* there is none yet */
    }
    s->kept = true;
    s->saved = vg_mono_now();
    vg_save_file_give(s->file, bytes, VG_SIGHT_FILE_BYTES, VG_SAVE_WHOLE);
}

/* A person looked at this picture or at one a moment older. */
static void take_confirmation(struct vg_live_sight *s, struct vg_view_lens *lens,
                              uint64_t confirmed)
{
    s->report.confirmed = confirmed;
    if (vg_view_confirm(s->view->watch, lens->scratch)) {
        vg_log(VG_LOG_WARN,
               "flux %s: the view was confirmed, but there is nothing in it to know it by: "
               "the one before stays",
               s->id);
        return;
    }
    vg_log(VG_LOG_INFO, "flux %s: the view is confirmed and taken", s->id);
    s->kept = false;
}

static void tell_change(struct vg_live_sight *s, enum vg_view_state before)
{
    const struct vg_sight_report *r = &s->report;
    if (r->reason[0])
        vg_log(VG_LOG_WARN, "flux %s: view %s (%s), it was %s", s->id,
               vg_view_state_name(r->health.state), r->reason, vg_view_state_name(before));
    else
        vg_log(VG_LOG_INFO, "flux %s: view %s, it was %s", s->id,
               vg_view_state_name(r->health.state), vg_view_state_name(before));
}

bool vg_live_sight_stirs(const struct vg_live_sight *s)
{
    return vg_view_watch_health(s->view->watch)->looks != s->looks;
}

void vg_live_sight_follow(struct vg_live_sight *s, struct vg_view_lens *lens, uint64_t confirmed,
                          struct vg_wall_time wall)
{
    if (!vg_live_sight_stirs(s))
        return;
    struct vg_sight_report *r = &s->report;
    const enum vg_view_state before = r->health.state;
    const bool first = s->looks == 0;
    r->health = *vg_view_watch_health(s->view->watch);
    s->looks = r->health.looks;
    if (first || r->health.state != before) {
        r->since = wall;
        vg_view_reason(&r->health, r->reason);
    }
    if (r->health.state != before)
        tell_change(s, before);
    if (r->confirmed != confirmed)
        take_confirmation(s, lens, confirmed);
    const bool due = s->kept && vg_mono_now().us - s->saved.us >= SAVE_EVERY_US;
    if (vg_view_watch_health(s->view->watch)->referenced && (!s->kept || due))
        vg_live_sight_save(s);
}
