#include "src/maps/maps_course.h"

#include <assert.h>

static size_t aligned(size_t bytes)
{
    return (bytes + VG_MAP_ALIGN - 1) / VG_MAP_ALIGN * VG_MAP_ALIGN;
}

static size_t plane_of(const struct vg_maps_size *size)
{
    return aligned((size_t)size->width * size->height);
}

struct vg_maps_flow_places vg_maps_flow_places(const struct vg_maps_size *size)
{
    const size_t cells = (size_t)size->columns * size->rows;
    struct vg_maps_flow_places places = {.flow_x = VG_MAP_SHEET_PLANES * plane_of(size)};
    places.flow_y = places.flow_x + aligned(cells * sizeof(int16_t));
    places.sure = places.flow_y + aligned(cells * sizeof(int16_t));
    places.end = places.sure + aligned(cells);
    return places;
}

/* what lies where in a piece; the end is its size */
struct places {
    size_t sheet, words, halves, light, end;
};

static struct places places_of(const struct vg_maps_size *size)
{
    const size_t plane = plane_of(size);
    struct places places = {.sheet = vg_maps_flow_places(size).end};
    places.words = 2 * places.sheet;
    places.halves = places.words + VG_MAP_WORDS * sizeof(vg_i32) * plane;
    places.light = places.halves + VG_MAP_HALVES * sizeof(uint16_t) * plane;
    places.end = places.light + 2 * VG_MAP_LIGHT_WORDS * sizeof(vg_i32);
    return places;
}

size_t vg_maps_bytes(const struct vg_maps_size *size)
{
    return places_of(size).end;
}

size_t vg_maps_bytes_max(void)
{
    const struct vg_maps_size size = vg_maps_size(VG_MAPS_SIDE_MAX, VG_MAPS_SIDE_MAX);
    return vg_maps_bytes(&size);
}

static int begins_anew(const struct vg_maps_course *course, const struct vg_picture *picture,
                       struct vg_media_time time)
{
    return !course->pictures || course->made != course->set || course->epoch != picture->epoch ||
           course->picture_width != picture->width || course->picture_height != picture->height ||
           time.us < course->before_us;
}

/* whole milliseconds of the clock, so that nothing of it is lost between pictures */
static vg_i32 step_ms(int64_t before_us, int64_t now_us)
{
    const int64_t ms = now_us / 1000 - before_us / 1000;
    return ms > VG_MAP_STEP_MAX_MS ? VG_MAP_STEP_MAX_MS : (vg_i32)ms;
}

static void job_fill(const struct vg_maps_size *size, const struct vg_picture *picture,
                     struct vg_map_job *job)
{
    const struct places places = places_of(size);
    *job = (struct vg_map_job){.picture_width = (vg_i32)picture->width,
                               .picture_height = (vg_i32)picture->height,
                               .full_range = picture->range == VG_RANGE_FULL,
                               .shrink = (vg_i32)size->shrink,
                               .width = (vg_i32)size->width,
                               .height = (vg_i32)size->height,
                               .plane = (vg_i32)plane_of(size),
                               .sheet_bytes = (vg_i32)places.sheet,
                               .words_first = (vg_i32)places.words,
                               .halves_first = (vg_i32)places.halves,
                               .light_first = (vg_i32)places.light};
}

void vg_maps_course_step(struct vg_maps_course *course, const struct vg_picture *picture,
                         struct vg_media_time time, struct vg_map_job *job, struct vg_maps *maps)
{
    assert(picture->width && picture->height && picture->width <= VG_PICTURE_WIDTH_MAX &&
           picture->height <= VG_PICTURE_WIDTH_MAX);
    const int anew = begins_anew(course, picture, time);
    if (anew) {
        course->made = course->set;
        course->epoch = picture->epoch;
        course->picture_width = picture->width;
        course->picture_height = picture->height;
        course->pictures = 0;
        course->first_us = course->before_us = time.us;
    }
    *maps = (struct vg_maps){.size = vg_maps_size(picture->width, picture->height),
                             .set = course->set,
                             .time = time,
                             .step_us = time.us - course->before_us,
                             .learnt_us = time.us - course->first_us};
    job_fill(&maps->size, picture, job);
    course->turn = 1 - course->turn;
    job->set = (vg_i32)course->set;
    job->turn = course->turn;
    job->first = anew;
    job->step_ms = step_ms(course->before_us, time.us);
    course->before_us = time.us;
    course->pictures += course->pictures < UINT32_MAX;
}

size_t vg_maps_sheet_first(const struct vg_map_job *job)
{
    return (size_t)job->turn * (size_t)job->sheet_bytes;
}

static const uint8_t *plane_at(const struct vg_map_job *job, const uint8_t *sheet, vg_i32 plane)
{
    return sheet + (size_t)plane * (size_t)job->plane;
}

static const int16_t *shorts_at(const uint8_t *sheet, size_t first)
{
    const void *at = sheet + first;
    return at;
}

void vg_maps_of_sheet(const struct vg_map_job *job, const uint8_t *sheet, struct vg_maps *maps)
{
    const struct vg_maps_flow_places flow = vg_maps_flow_places(&maps->size);
    maps->luma = plane_at(job, sheet, VG_MAP_LUMA);
    maps->blue = plane_at(job, sheet, VG_MAP_BLUE);
    maps->red = plane_at(job, sheet, VG_MAP_RED);
    if (job->set & VG_MAP_GROUND) {
        maps->long_luma = plane_at(job, sheet, VG_MAP_LONG_LUMA);
        maps->long_blue = plane_at(job, sheet, VG_MAP_LONG_BLUE);
        maps->long_red = plane_at(job, sheet, VG_MAP_LONG_RED);
        maps->ground = plane_at(job, sheet, VG_MAP_CLASS);
        maps->stays = plane_at(job, sheet, VG_MAP_STAYS);
    }
    if ((job->set & VG_MAP_FLOW) && !job->first) {
        maps->flow_x = shorts_at(sheet, flow.flow_x);
        maps->flow_y = shorts_at(sheet, flow.flow_y);
        maps->flow_sure = sheet + flow.sure;
    }
    if (job->set & VG_MAP_FLAME) {
        maps->warm = plane_at(job, sheet, VG_MAP_WARM);
        maps->flicker = plane_at(job, sheet, VG_MAP_FLICKER);
    }
}
