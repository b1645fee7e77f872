/* Stop, and the authorisation: what analysis must not do now.
 *
 * The stop file is small, synced and read by ingest and analysis themselves, so that stopping
 * works with Redis and the API dead and after a reboot. Reading it fails safe: an unreadable or
 * broken file stops everything. The authorisation is configuration: outside its first and last
 * moment, or for a flux or an event that it does not name, nothing is analysed. */
#ifndef VG_BASE_STOP_H
#define VG_BASE_STOP_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "src/base/attr.h"
#include "src/base/clock.h"
#include "src/base/fault.h"

#define VG_STOP_NAMES_MAX 512
#define VG_STOP_NAME_SIZE 64
#define VG_STOP_FILE      "stop.json" /* in the data folder */

struct vg_stop_list {
    size_t count;
    char name[VG_STOP_NAMES_MAX][VG_STOP_NAME_SIZE];
};

struct vg_stop {
    bool all;
    struct vg_stop_list flux, events;
};

/* Reads {"all":..,"flux":[..],"events":[..]}. Pure. VG_E_INPUT on anything else. */
enum vg_status vg_stop_parse(const char *text, size_t size, struct vg_stop *stop,
                             struct vg_fault *fault) VG_MUST_USE;

/* The state of the file in `data`; no file: nothing is stopped. On a failure stop->all is set
 * (fail safe) and the status says why. */
enum vg_status vg_stop_read(const char *data, struct vg_stop *stop,
                            struct vg_fault *fault) VG_MUST_USE;

/* {"all":..,"flux":[..],"events":[..]}, as the file and GET /stop have it; given, NULL: no memory. */
json_t *vg_stop_json(const struct vg_stop *stop);

/* Writes it, synced. */
enum vg_status vg_stop_write(const char *data, const struct vg_stop *stop,
                             struct vg_fault *fault) VG_MUST_USE;

/* Who reads, changes and writes the stop file does so between lock and unlock, so that two at
 * the same moment (command line and API) do not undo each other. Waits up to 2 s for another.
 * Returns a descriptor for unlock, or -1: then it is not locked, and stopping goes on all the
 * same (a stop must never wait for a lock that hangs). */
int vg_stop_lock(const char *data);
void vg_stop_unlock(int lock);

/* Adds or removes a name; VG_E_FULL at the bound. */
enum vg_status vg_stop_list_set(struct vg_stop_list *list, const char *name,
                                bool present) VG_MUST_USE;
bool vg_stop_list_has(const struct vg_stop_list *list, const char *name);

struct vg_authorisation {
    bool given;          /* none given: nothing is bounded (set-up); said by `health` */
    char reference[128]; /* of the order */
    struct vg_wall_time first, last;
    struct vg_stop_list flux, events; /* empty: all */
};

/* Reads {"reference":..,"from":ISO,"to":ISO,"flux":[..],"events":[..]}; NULL or JSON null: none
 * given. VG_E_INPUT: place is the key's pointer; nothing is then permitted (given, empty span). */
enum vg_status vg_authorisation_read(const json_t *object, struct vg_authorisation *authorisation,
                                     struct vg_fault *fault) VG_MUST_USE;

/* The same object, given (json_decref); JSON null when none was given; NULL without memory. */
json_t *vg_authorisation_json(const struct vg_authorisation *authorisation) VG_MUST_USE;

/* Whether flux may be analysed for event at `now`. event NULL: for any event. Pure. */
bool vg_stop_permits(const struct vg_stop *stop, const struct vg_authorisation *authorisation,
                     const char *flux, const char *event, struct vg_wall_time now);

#endif
