/* The clip of an alert: read whole or in part, to be played or to be saved. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "api/byte_range.h"
#include "api/handlers.h"
#include "api/mp4_codec.h"
#include "src/base/alloc.h"
#include "src/base/file.h"
#include "src/store/alert_clip.h"

enum {
    HEAD_BYTES = 4096, /* of a clip: the codec stands within */
    COME_AGAIN_S = 3
};

/* Browsers play H.264; what they do not play is a file to be saved. */
static bool plays_inline(int fd)
{
    uint8_t head[HEAD_BYTES];
    char codec[5];
    size_t size = 0;
    return vg_fd_read(fd, head, sizeof head, &size) == VG_OK &&
           vg_mp4_codec(head, size, codec) == VG_OK && strncmp(codec, "avc", 3) == 0;
}

/* "vigie_cam-1_2026-11-21_10-15-30.mp4": the place's own time, as people look for it. */
static void name_file(const struct vg_clip_about *about, const char *how, char *out, size_t size)
{
    char flux[VG_ARCHIVE_NAME_SIZE], when[32] = "";
    struct tm date;
    const time_t seconds = (time_t)(about->time.us / VG_US_PER_S);
    (void)snprintf(flux, sizeof flux, "%s", about->flux);
    for (char *p = flux; *p; p++)
        if (!isalnum((unsigned char)*p) && *p != '-')
            *p = '_';
    if (localtime_r(&seconds, &date))
        (void)strftime(when, sizeof when, "%Y-%m-%d_%H-%M-%S", &date);
    (void)snprintf(out, size, "%s; filename=\"vigie_%s_%s.mp4\"", how, flux, when);
}

/* The wanted bytes of the file. */
static enum vg_status read_part(int fd, const struct vg_byte_range *part, struct vg_reply *reply)
{
    size_t done = 0;
    char *bytes = vg_alloc((size_t)part->size + 1);
    if (!bytes)
        return VG_E_MEMORY;
    enum vg_status status = lseek(fd, (off_t)part->first, SEEK_SET) < 0 ? VG_E_IO : VG_OK;
    if (status == VG_OK)
        status = vg_fd_read(fd, bytes, (size_t)part->size, &done);
    if (status == VG_OK && done < part->size)
        status = VG_E_IO;
    if (status) {
        vg_free(bytes);
        return status;
    }
    vg_reply_text(reply, 200, "video/mp4", bytes, (size_t)part->size);
    return VG_OK;
}

/* Whether the client may have a part: its If-Range, if any, names this very file. */
static bool part_holds(const struct vg_request *request, uint64_t version)
{
    char tag[32];
    (void)snprintf(tag, sizeof tag, "\"%llu\"", (unsigned long long)version);
    return !request->if_range[0] || strcmp(request->if_range, tag) == 0;
}

static enum vg_status reply_file(int fd, const struct vg_clip_about *about,
                                 const struct vg_request *request, struct vg_reply *reply)
{
    struct stat file;
    struct vg_byte_range part;
    if (fstat(fd, &file) || file.st_size <= 0 || file.st_size > (off_t)VG_CLIP_BYTES_MAX)
        return VG_E_IO;
    const uint64_t size = (uint64_t)file.st_size;
    /* it is written once: its time tells it from any other */
    const uint64_t version =
        (uint64_t)file.st_mtim.tv_sec * 1000000000u + (uint64_t)file.st_mtim.tv_nsec;
    enum vg_range_kind kind = VG_RANGE_WHOLE;
    if (part_holds(request, version))
        kind = vg_byte_range_read(request->range, size, &part);
    if (kind == VG_RANGE_OUTSIDE) {
        vg_reply_error(reply, request->language, 416, "bad_range", N_("the clip has no such bytes"),
                       "Range");
        (void)snprintf(reply->range, sizeof reply->range, "bytes */%llu", (unsigned long long)size);
        return VG_OK;
    }
    if (kind == VG_RANGE_WHOLE)
        part = (struct vg_byte_range){.first = 0, .size = size};
    const bool plays = plays_inline(fd);
    const enum vg_status status = read_part(fd, &part, reply);
    if (status)
        return status;
    reply->takes_ranges = true;
    reply->has_version = true;
    reply->version = version;
    name_file(about, plays ? "inline" : "attachment", reply->disposition,
              sizeof reply->disposition);
    if (kind != VG_RANGE_PART)
        return VG_OK;
    reply->code = 206;
    (void)snprintf(reply->range, sizeof reply->range, "bytes %llu-%llu/%llu",
                   (unsigned long long)part.first, (unsigned long long)(part.first + part.size - 1),
                   (unsigned long long)size);
    return VG_OK;
}

static void reply_clip(const struct vg_clip_about *about, const struct vg_request *request,
                       struct vg_reply *reply)
{
    struct vg_fault fault = {0};
    const int fd = open(about->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        vg_reply_error(reply, request->language, 404, "no_clip",
                       N_("there is no such alert, or it has no clip"), "");
        return;
    }
    const enum vg_status status = fd < 0 ? VG_E_IO : reply_file(fd, about, request, reply);
    if (fd >= 0)
        (void)close(fd);
    if (!status)
        return;
    (void)vg_fault_set(&fault, status, N_("the clip could not be read"), NULL, "%s", request->id);
    vg_reply_fault(reply, request->language, 0, NULL, &fault);
}

void vg_on_alert_clip(struct vg_desk *desk, const struct vg_request *request,
                      struct vg_reply *reply)
{
    struct vg_fault fault = {0};
    struct vg_clip_about about = {.path = ""};
    enum vg_status status = vg_desk_database(desk, &fault);
    if (!status)
        status = vg_clip_find(desk->database, request->id, &about, &fault);
    if (status == VG_E_MISSING || (!status && about.missing[0] && !about.path[0])) {
        vg_reply_error(reply, request->language, 404, "no_clip",
                       N_("there is no such alert, or it has no clip"), about.missing);
    } else if (status) {
        vg_reply_fault(reply, request->language, 0, NULL, &fault);
    } else if (!about.path[0]) {
        vg_reply_error(reply, request->language, 503, "clip_pending",
                       N_("the clip is on its way: come again in a moment"), "");
        reply->retry_after_s = COME_AGAIN_S;
    } else {
        reply_clip(&about, request, reply);
    }
}
