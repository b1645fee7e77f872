#include "src/base/stop.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/file.h"
#include "src/base/json.h"
#include "src/base/text.h"

enum {
    STOP_TEXT_MAX = 256 * 1024,
    LOCK_TRIES = 40
};

static enum vg_status read_list(const struct vg_json *json, const char *key,
                                struct vg_stop_list *list)
{
    json_t *array;
    enum vg_status status =
        vg_json_array(json, json->root, "", key, VG_JSON_OPTIONAL, VG_STOP_NAMES_MAX, &array);
    if (status || !array)
        return status;
    for (size_t i = 0; i < json_array_size(array); i++) {
        const char *name = json_string_value(json_array_get(array, i));
        if (!name || *name == '\0' || strlen(name) >= VG_STOP_NAME_SIZE) {
            char place[64];
            (void)snprintf(place, sizeof place, "/%s/%zu", key, i);
            return vg_json_refuse(json, place, N_("a name was expected"), NULL);
        }
        status = vg_stop_list_set(list, name, true);
        if (status)
            return status;
    }
    return VG_OK;
}

enum vg_status vg_stop_parse(const char *text, size_t size, struct vg_stop *stop,
                             struct vg_fault *fault)
{
    static const char *const keys[] = {"all", "flux", "events", NULL};
    struct vg_json json;
    memset(stop, 0, sizeof *stop);
    enum vg_status status = vg_json_open(&json, VG_STOP_FILE, text, size, STOP_TEXT_MAX, fault);
    if (status)
        return status;
    status = vg_json_keys(&json, json.root, "", keys);
    if (!status)
        status = vg_json_flag(&json, json.root, "", "all", VG_JSON_OPTIONAL, &stop->all);
    if (!status)
        status = read_list(&json, "flux", &stop->flux);
    if (!status)
        status = read_list(&json, "events", &stop->events);
    vg_json_close(&json);
    return status;
}

enum vg_status vg_stop_read(const char *data, struct vg_stop *stop, struct vg_fault *fault)
{
    char path[4096];
    uint8_t *text = NULL;
    size_t size = 0;
    memset(stop, 0, sizeof *stop);
    enum vg_status status = vg_path_join(path, sizeof path, data, VG_STOP_FILE);
    if (!status)
        status = vg_file_read(path, STOP_TEXT_MAX, &text, &size, fault);
    if (status == VG_E_MISSING)
        return VG_OK;
    if (!status)
        status = vg_stop_parse((const char *)text, size, stop, fault);
    vg_free(text);
    if (status)
        stop->all = true; /* a stop that cannot be read must not become a go */
    return status;
}

static json_t *list_json(const struct vg_stop_list *list)
{
    json_t *array = json_array();
    for (size_t i = 0; array && i < list->count; i++)
        (void)json_array_append_new(array, json_string(list->name[i]));
    return array;
}

json_t *vg_stop_json(const struct vg_stop *stop)
{
    return json_pack("{s:b,s:o,s:o}", "all", stop->all, "flux", list_json(&stop->flux), "events",
                     list_json(&stop->events));
}

enum vg_status vg_stop_write(const char *data, const struct vg_stop *stop, struct vg_fault *fault)
{
    char path[4096];
    if (vg_path_join(path, sizeof path, data, VG_STOP_FILE))
        return vg_fault_set(fault, VG_E_CALL, N_("the path is too long"), NULL, "%s", data);
    json_t *root = vg_stop_json(stop);
    char *text = root ? vg_json_text(root) : NULL;
    json_decref(root);
    if (!text)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%s", path);
    const enum vg_status status =
        vg_file_write(path, text, strlen(text), 0644, VG_FILE_SYNCED, fault);
    vg_free(text);
    return status;
}

int vg_stop_lock(const char *data)
{
    char path[4096];
    if (vg_path_join(path, sizeof path, data, VG_STOP_FILE ".lock"))
        return -1;
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    for (int tries = 0; fd >= 0 && tries < LOCK_TRIES; tries++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return fd;
        vg_pause_us(2 * VG_US_PER_S / LOCK_TRIES);
    }
    if (fd >= 0)
        (void)close(fd);
    return -1;
}

void vg_stop_unlock(int lock)
{
    if (lock >= 0)
        (void)close(lock); /* closing gives it up */
}

static size_t find(const struct vg_stop_list *list, const char *name)
{
    size_t i = 0;
    while (i < list->count && strcmp(list->name[i], name) != 0)
        i++;
    return i;
}

bool vg_stop_list_has(const struct vg_stop_list *list, const char *name)
{
    return find(list, name) < list->count;
}

enum vg_status vg_stop_list_set(struct vg_stop_list *list, const char *name, bool present)
{
    const size_t at = find(list, name);
    if (present == (at < list->count))
        return VG_OK;
    if (!present) {
        list->count--;
        memmove(list->name[at], list->name[at + 1], (list->count - at) * VG_STOP_NAME_SIZE);
        return VG_OK;
    }
    if (list->count == VG_STOP_NAMES_MAX || strlen(name) >= VG_STOP_NAME_SIZE)
        return VG_E_FULL;
    memcpy(list->name[list->count++], name, strlen(name) + 1);
    return VG_OK;
}

static enum vg_status read_names(const json_t *object, const char *key, struct vg_stop_list *list)
{
    const json_t *array = json_object_get(object, key);
    if (!array || json_is_null(array))
        return VG_OK;
    if (!json_is_array(array))
        return VG_E_INPUT;
    for (size_t i = 0; i < json_array_size(array); i++) {
        const char *name = json_string_value(json_array_get(array, i));
        if (!name || *name == '\0' || vg_stop_list_set(list, name, true))
            return VG_E_INPUT;
    }
    return VG_OK;
}

static int read_moment(const json_t *object, const char *key, struct vg_wall_time *time)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? vg_wall_parse(text, time) : -1;
}

enum vg_status vg_authorisation_read(const json_t *object, struct vg_authorisation *authorisation,
                                     struct vg_fault *fault)
{
    memset(authorisation, 0, sizeof *authorisation);
    if (!object || json_is_null(object))
        return VG_OK;
    authorisation->given = true; /* whatever fails below permits nothing: the span is empty */
    struct vg_authorisation read = {.given = true};
    const char *reference = json_string_value(json_object_get(object, "reference"));
    const char *bad = NULL;
    if (!reference || *reference == '\0' || strlen(reference) >= sizeof read.reference)
        bad = "/reference";
    else if (read_moment(object, "from", &read.first))
        bad = "/from";
    else if (read_moment(object, "to", &read.last) || read.last.us <= read.first.us)
        bad = "/to";
    else if (read_names(object, "flux", &read.flux))
        bad = "/flux";
    else if (read_names(object, "events", &read.events))
        bad = "/events";
    if (bad)
        return vg_fault_set(
            fault, VG_E_INPUT, N_("the authorisation was refused"),
            N_("give reference, from and to (ISO 8601, to after from), flux, events"), "%s", bad);
    memcpy(read.reference, reference, strlen(reference) + 1);
    *authorisation = read;
    return VG_OK;
}

json_t *vg_authorisation_json(const struct vg_authorisation *authorisation)
{
    if (!authorisation->given)
        return json_null();
    char first[40], last[40];
    vg_wall_format(authorisation->first, first, sizeof first);
    vg_wall_format(authorisation->last, last, sizeof last);
    return json_pack("{s:s,s:s,s:s,s:o,s:o}", "reference", authorisation->reference, "from", first,
                     "to", last, "flux", list_json(&authorisation->flux), "events",
                     list_json(&authorisation->events));
}

bool vg_stop_permits(const struct vg_stop *stop, const struct vg_authorisation *authorisation,
                     const char *flux, const char *event, struct vg_wall_time now)
{
    if (stop->all || vg_stop_list_has(&stop->flux, flux))
        return false;
    if (event && vg_stop_list_has(&stop->events, event))
        return false;
    if (!authorisation->given)
        return true;
    if (now.us < authorisation->first.us || now.us >= authorisation->last.us)
        return false;
    if (authorisation->flux.count && !vg_stop_list_has(&authorisation->flux, flux))
        return false;
    return !event || !authorisation->events.count ||
           vg_stop_list_has(&authorisation->events, event);
}
