/* JSON written straight to a stream, value by value, without a document in memory: for long files
 * and for programs that are built without a JSON library. Commas and quotes are its business; the
 * order of the calls is the caller's (a value after each key, every open closed). One thread at a
 * time. Errors of the stream stay in the stream: ask ferror at the end. */
#ifndef VG_BASE_JSON_WRITE_H
#define VG_BASE_JSON_WRITE_H

#include <stdint.h>
#include <stdio.h>

#define VG_JSON_DEPTH_MAX 16

struct vg_json_writer {
    FILE *out; /* borrowed */
    uint32_t depth;
    uint32_t count[VG_JSON_DEPTH_MAX + 1]; /* values so far in each open object or array */
    uint32_t break_wanted;
};

void vg_json_writer_init(struct vg_json_writer *writer, FILE *out);

/* key: of the value in an object; NULL in an array and at the top. Texts are UTF-8; what is not
 * becomes U+FFFD. A number that JSON does not have (infinite, not a number) becomes null. */
void vg_json_object_open(struct vg_json_writer *writer, const char *key);
void vg_json_object_close(struct vg_json_writer *writer);
void vg_json_array_open(struct vg_json_writer *writer, const char *key);
void vg_json_array_close(struct vg_json_writer *writer);
void vg_json_write_text(struct vg_json_writer *writer, const char *key, const char *text);
void vg_json_write_number(struct vg_json_writer *writer, const char *key, double value);
/* With so many digits behind the point, for numbers of which a sum must stay exact. */
void vg_json_write_fixed(struct vg_json_writer *writer, const char *key, double value,
                         int decimals);
void vg_json_write_integer(struct vg_json_writer *writer, const char *key, int64_t value);
void vg_json_write_null(struct vg_json_writer *writer, const char *key);

/* The next value begins a line, for people who look at the file. */
void vg_json_write_break(struct vg_json_writer *writer);

#endif
