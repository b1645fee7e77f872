/* JSON from outside: read with limits, double keys refused, every refusal with its line,
 * column and JSON pointer. jansson holds the values; it forgets where they stood, so the text
 * is kept and searched again when something is refused. */
#ifndef VG_BASE_JSON_H
#define VG_BASE_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "src/base/attr.h"
#include "src/base/fault.h"

struct vg_json {
    const char *name; /* borrowed: file or "body", for messages */
    const char *text; /* borrowed */
    size_t size;
    json_t *root; /* an object */
    struct vg_fault *fault;
};

/* Parses text (size bytes, UTF-8) whose top is an object. name and text are borrowed until
 * close. VG_E_INPUT with line and column, VG_E_FULL above `limit` bytes. */
enum vg_status vg_json_open(struct vg_json *json, const char *name, const char *text, size_t size,
                            size_t limit, struct vg_fault *fault) VG_MUST_USE;
void vg_json_close(struct vg_json *json);

/* Refuses what `pointer` (RFC 6901) leads to: place becomes "name:line:column: pointer". A
 * pointer to a key that is absent gives the place of the object it is missed in.
 * Returns VG_E_INPUT. */
enum vg_status vg_json_refuse(const struct vg_json *json, const char *pointer, const char *what,
                              const char *remedy);

/* Line and column (from 1) where the value of `pointer` begins in text; false if not found. */
bool vg_json_locate(const char *text, size_t size, const char *pointer, unsigned *line,
                    unsigned *column);

/* Every key of `object` (at `pointer`) stands in `keys` (ended by NULL), or it is refused. */
enum vg_status vg_json_keys(const struct vg_json *json, const json_t *object, const char *pointer,
                            const char *const *keys) VG_MUST_USE;

enum vg_json_need {
    VG_JSON_OPTIONAL,
    VG_JSON_REQUIRED
};

/* The value of `key` in the object at `pointer`. An optional key that is absent leaves *out
 * as it is. Strings: 1 to size - 1 bytes, no control characters. Numbers: least <= v <= most. */
enum vg_status vg_json_string(const struct vg_json *json, const json_t *object, const char *pointer,
                              const char *key, enum vg_json_need need, char *out,
                              size_t size) VG_MUST_USE;
enum vg_status vg_json_number(const struct vg_json *json, const json_t *object, const char *pointer,
                              const char *key, enum vg_json_need need, double least, double most,
                              double *out) VG_MUST_USE;
enum vg_status vg_json_integer(const struct vg_json *json, const json_t *object,
                               const char *pointer, const char *key, enum vg_json_need need,
                               int64_t least, int64_t most, int64_t *out) VG_MUST_USE;
enum vg_status vg_json_flag(const struct vg_json *json, const json_t *object, const char *pointer,
                            const char *key, enum vg_json_need need, bool *out) VG_MUST_USE;
/* An array of at most `most` elements; *out borrowed from the document, NULL when absent. */
enum vg_status vg_json_array(const struct vg_json *json, const json_t *object, const char *pointer,
                             const char *key, enum vg_json_need need, size_t most,
                             json_t **out) VG_MUST_USE;

/* Compact text of a value, keys in insertion order, reals to 9 digits; given (free by
 * vg_free), NULL without memory. */
char *vg_json_text(const json_t *value) VG_MUST_USE;

#endif
