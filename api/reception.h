/* Takes requests from the server, decides who may, hands them to a lane and sends the answers.
 *
 *   evhttp --> take: route? who? may? --> before --> lane --> finish --> answer
 *
 * Everything here is the loop's thread: sessions, throttle, streams, counters. */
#ifndef VG_API_RECEPTION_H
#define VG_API_RECEPTION_H

#include <jansson.h>

#include "api/archive_thread.h"
#include "api/lane.h"
#include "api/parts.h"
#include "src/base/attr.h"
#include "src/base/fault.h"

struct event_base;
struct evhttp_request;
struct vg_https;
struct vg_reception;

struct vg_reception_settings {
    const char *data;         /* borrowed */
    const char *redis_socket; /* borrowed */
    const char *consumer;     /* name of this reader of the queue; borrowed */
    const int *media_fds;     /* to each ingest process (media_link.h); borrowed */
    size_t media_count;
};

/* VG_E_MEMORY, VG_E_LACK. */
enum vg_status vg_reception_open(struct vg_reception **reception, struct event_base *base,
                                 const struct vg_reception_settings *settings,
                                 struct vg_fault *fault) VG_MUST_USE;

/* First step of the end: nothing new is taken, what is under way is finished and answered. */
void vg_reception_drain(struct vg_reception *reception);
/* After the server is closed. */
void vg_reception_close(struct vg_reception **reception);

/* A vg_https_take. */
void vg_reception_take(void *reception, struct evhttp_request *http);

/* https: borrowed, for its counts; NULL before it is open. */
void vg_reception_set_server(struct vg_reception *reception, const struct vg_https *https);

/* A health message of the supervisor. */
void vg_reception_hear(struct vg_reception *reception, const json_t *message);

/* Whether the process can do without the threads that do not come back, if there are any. Loop's
 * thread, once a second. */
bool vg_reception_in_time(struct vg_reception *reception, struct vg_mono_time now) VG_MUST_USE;

/* A sentence (msgid) about something unwell that this process lives with, or NULL. */
const char *vg_reception_note(const struct vg_reception *reception);

/* The loop's side of the routes (routes.c). */
vg_route_before vg_before_sign_in, vg_before_stream, vg_before_clip, vg_before_live;
vg_route_finish vg_finish_sign_in, vg_finish_who, vg_finish_sign_out, vg_finish_stream,
    vg_finish_live, vg_finish_health, vg_finish_version, vg_finish_metrics, vg_finish_openapi,
    vg_finish_console;

#endif
