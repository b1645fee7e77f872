#include "src/base/json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/text.h"

/* ---- finding the place again --------------------------------------------------------------
 * The text was accepted by jansson, so it is sound; the walk is bounded by its end anyway. */

struct walk {
    const char *p, *end;
};

static void skip_space(struct walk *w)
{
    while (w->p < w->end && (*w->p == ' ' || *w->p == '\t' || *w->p == '\n' || *w->p == '\r'))
        w->p++;
}

static void skip_string(struct walk *w)
{
    for (w->p++; w->p < w->end && *w->p != '"'; w->p++)
        if (*w->p == '\\')
            w->p++;
    if (w->p < w->end)
        w->p++;
}

/* Passes one value: counts brackets outside of strings. */
static void skip_value(struct walk *w)
{
    int depth = 0;
    skip_space(w);
    while (w->p < w->end) {
        const char c = *w->p;
        if (c == '"') {
            skip_string(w);
            if (depth == 0)
                return;
            continue;
        }
        if (c == '{' || c == '[') {
            depth++;
        } else if (c == '}' || c == ']') {
            if (depth == 0)
                return;
            if (--depth == 0) {
                w->p++;
                return;
            }
        } else if (depth == 0 && (c == ',' || c == ' ' || c == '\n' || c == '\r' || c == '\t')) {
            return;
        }
        w->p++;
    }
}

/* Whether the JSON string at w equals the pointer's token (with ~0, ~1 undone). Keys with
 * escapes never match: then the place of the object is named, which is near enough. */
static bool key_matches(const struct walk *w, const char *token, size_t token_size)
{
    const char *p = w->p + 1;
    for (size_t i = 0; i < token_size; i++, p++) {
        char c = token[i];
        if (c == '~' && i + 1 < token_size)
            c = token[++i] == '1' ? '/' : '~';
        if (p >= w->end || *p != c)
            return false;
    }
    return p < w->end && *p == '"';
}

static bool enter_object(struct walk *w, const char *token, size_t token_size)
{
    for (w->p++;;) {
        skip_space(w);
        if (w->p >= w->end || *w->p != '"')
            return false;
        const bool found = key_matches(w, token, token_size);
        skip_string(w);
        skip_space(w);
        if (w->p < w->end)
            w->p++; /* the colon */
        skip_space(w);
        if (found)
            return true;
        skip_value(w);
        skip_space(w);
        if (w->p >= w->end || *w->p != ',')
            return false;
        w->p++;
    }
}

static bool enter_array(struct walk *w, const char *token, size_t token_size)
{
    size_t index = 0;
    for (size_t i = 0; i < token_size; i++) {
        if (token[i] < '0' || token[i] > '9' || index > 100000)
            return false;
        index = index * 10 + (size_t)(token[i] - '0');
    }
    for (w->p++;; w->p++) {
        skip_space(w);
        if (w->p >= w->end || *w->p == ']')
            return false;
        if (index-- == 0)
            return true;
        skip_value(w);
        skip_space(w);
        if (w->p >= w->end || *w->p != ',')
            return false;
    }
}

/* Goes as deep as it can; true if the whole pointer was found. */
static bool descend(struct walk *w, const char *pointer)
{
    skip_space(w);
    while (*pointer == '/') {
        const char *token = pointer + 1;
        const size_t size = strcspn(token, "/");
        const struct walk here = *w;
        bool found = false;
        if (w->p < w->end && *w->p == '{')
            found = enter_object(w, token, size);
        else if (w->p < w->end && *w->p == '[')
            found = enter_array(w, token, size);
        if (!found) {
            *w = here;
            return false;
        }
        pointer = token + size;
    }
    return true;
}

static void line_column(const char *text, const char *at, unsigned *line, unsigned *column)
{
    *line = *column = 1;
    for (const char *p = text; p < at; p++) {
        if (*p == '\n') {
            ++*line;
            *column = 1;
        } else if (((unsigned char)*p & 0xc0) != 0x80) { /* characters, not bytes */
            ++*column;
        }
    }
}

bool vg_json_locate(const char *text, size_t size, const char *pointer, unsigned *line,
                    unsigned *column)
{
    struct walk w = {text, text + size};
    const bool found = descend(&w, pointer);
    line_column(text, w.p, line, column);
    return found;
}

/* ---- reading ------------------------------------------------------------------------------ */

enum vg_status vg_json_open(struct vg_json *json, const char *name, const char *text, size_t size,
                            size_t limit, struct vg_fault *fault)
{
    *json = (struct vg_json){.name = name, .text = text, .size = size, .fault = fault};
    if (size > limit)
        return vg_fault_set(fault, VG_E_FULL, N_("the JSON text is too long"), NULL,
                            "%s (%zu > %zu)", name, size, limit);
    json_error_t error;
    json->root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
    if (!json->root) {
        const bool twice = json_error_code(&error) == json_error_duplicate_key;
        return vg_fault_set(fault, VG_E_INPUT,
                            twice ? N_("a key stands twice in one object") : N_("not valid JSON"),
                            N_("correct the text there"), "%s:%d:%d", name, error.line,
                            error.column);
    }
    if (!json_is_object(json->root)) {
        vg_json_close(json);
        return vg_fault_set(fault, VG_E_INPUT, N_("a JSON object was expected"), NULL, "%s:1:1",
                            name);
    }
    return VG_OK;
}

void vg_json_close(struct vg_json *json)
{
    json_decref(json->root);
    json->root = NULL;
}

enum vg_status vg_json_refuse(const struct vg_json *json, const char *pointer, const char *what,
                              const char *remedy)
{
    unsigned line, column;
    (void)vg_json_locate(json->text, json->size, pointer, &line, &column);
    return vg_fault_set(json->fault, VG_E_INPUT, what, remedy, "%s:%u:%u: %s", json->name, line,
                        column, *pointer ? pointer : "/");
}

/* "pointer/key", or a refusal at the object if it does not fit. */
static void child(char *out, size_t size, const char *pointer, const char *key)
{
    (void)snprintf(out, size, "%s/%s", pointer, key);
}

enum vg_status vg_json_keys(const struct vg_json *json, const json_t *object, const char *pointer,
                            const char *const *keys)
{
    if (!json_is_object(object))
        return vg_json_refuse(json, pointer, N_("an object was expected"), NULL);
    /* jansson's iterator wants a mutable object though it changes nothing */
    union {
        const json_t *in;
        json_t *out;
    } same = {object};
    const char *key;
    json_t *value;
    json_object_foreach(same.out, key, value)
    {
        size_t i = 0;
        while (keys[i] && strcmp(keys[i], key) != 0)
            i++;
        if (keys[i])
            continue;
        char place[256];
        child(place, sizeof place, pointer, key);
        return vg_json_refuse(json, place, N_("unknown key"), N_("remove it or correct it"));
    }
    return VG_OK;
}

enum {
    PLACE_SIZE = 256
};

/* The value of key and its pointer; *value is NULL when absent and that is allowed. */
static enum vg_status look_up(const struct vg_json *json, const json_t *object, const char *pointer,
                              const char *key, enum vg_json_need need, json_t **value,
                              char place[PLACE_SIZE])
{
    child(place, PLACE_SIZE, pointer, key);
    *value = json_object_get(object, key);
    if (*value || need == VG_JSON_OPTIONAL)
        return VG_OK;
    return vg_json_refuse(json, place, N_("a required key is missing"), N_("add it"));
}

static bool has_control(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return true;
    return false;
}

enum vg_status vg_json_string(const struct vg_json *json, const json_t *object, const char *pointer,
                              const char *key, enum vg_json_need need, char *out, size_t size)
{
    json_t *value;
    char place[PLACE_SIZE];
    const enum vg_status status = look_up(json, object, pointer, key, need, &value, place);
    if (status || !value)
        return status;
    const char *text = json_string_value(value);
    if (!text)
        return vg_json_refuse(json, place, N_("a text was expected"), NULL);
    if (*text == '\0' && need == VG_JSON_REQUIRED)
        return vg_json_refuse(json, place, N_("the text is empty"), NULL);
    if (strlen(text) >= size)
        return vg_json_refuse(json, place, N_("the text is too long"), NULL);
    if (has_control(text))
        return vg_json_refuse(json, place, N_("the text holds a control character"), NULL);
    memcpy(out, text, strlen(text) + 1);
    return VG_OK;
}

enum vg_status vg_json_number(const struct vg_json *json, const json_t *object, const char *pointer,
                              const char *key, enum vg_json_need need, double least, double most,
                              double *out)
{
    json_t *value;
    char place[PLACE_SIZE];
    const enum vg_status status = look_up(json, object, pointer, key, need, &value, place);
    if (status || !value)
        return status;
    if (!json_is_number(value))
        return vg_json_refuse(json, place, N_("a number was expected"), NULL);
    const double v = json_number_value(value);
    if (!(v >= least && v <= most)) {
        (void)vg_json_refuse(json, place, N_("the number is out of range"), NULL);
        if (json->fault) {
            const size_t used = strlen(json->fault->place);
            (void)snprintf(json->fault->place + used, sizeof json->fault->place - used,
                           " (%g, %g..%g)", v, least, most);
        }
        return VG_E_INPUT;
    }
    *out = v;
    return VG_OK;
}

enum vg_status vg_json_integer(const struct vg_json *json, const json_t *object,
                               const char *pointer, const char *key, enum vg_json_need need,
                               int64_t least, int64_t most, int64_t *out)
{
    json_t *value;
    char place[PLACE_SIZE];
    const enum vg_status status = look_up(json, object, pointer, key, need, &value, place);
    if (status || !value)
        return status;
    if (!json_is_integer(value))
        return vg_json_refuse(json, place, N_("a whole number was expected"), NULL);
    double v;
    const enum vg_status range =
        vg_json_number(json, object, pointer, key, need, (double)least, (double)most, &v);
    if (!range)
        *out = json_integer_value(value);
    return range;
}

enum vg_status vg_json_flag(const struct vg_json *json, const json_t *object, const char *pointer,
                            const char *key, enum vg_json_need need, bool *out)
{
    json_t *value;
    char place[PLACE_SIZE];
    const enum vg_status status = look_up(json, object, pointer, key, need, &value, place);
    if (status || !value)
        return status;
    if (!json_is_boolean(value)) {
        return vg_json_refuse(json, place, N_("true or false was expected"), NULL);
    }
    *out = json_is_true(value);
    return VG_OK;
}

enum vg_status vg_json_array(const struct vg_json *json, const json_t *object, const char *pointer,
                             const char *key, enum vg_json_need need, size_t most, json_t **out)
{
    *out = NULL;
    json_t *value;
    char place[PLACE_SIZE];
    const enum vg_status status = look_up(json, object, pointer, key, need, &value, place);
    if (status || !value)
        return status;
    if (!json_is_array(value))
        return vg_json_refuse(json, place, N_("a list was expected"), NULL);
    if (json_array_size(value) > most)
        return vg_json_refuse(json, place, N_("the list is too long"), NULL);
    *out = value;
    return VG_OK;
}

char *vg_json_text(const json_t *value)
{
    const size_t flags = JSON_COMPACT | JSON_REAL_PRECISION(9) | JSON_ENCODE_ANY;
    const size_t size = json_dumpb(value, NULL, 0, flags);
    char *text = size ? vg_alloc(size + 1) : NULL;
    if (text)
        (void)json_dumpb(value, text, size, flags);
    return text;
}
