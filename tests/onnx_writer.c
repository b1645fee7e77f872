#include "tests/onnx_writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/half.h"
#include "src/base/random.h"

/* ------------------------------------------------------------ wire format */

struct bytes {
    uint8_t *data;
    size_t size, room;
    int failed;
};

static void put(struct bytes *b, const void *data, size_t size)
{
    if (b->size + size > b->room) {
        const size_t room = 2 * (b->size + size) + 64;
        uint8_t *grown = realloc(b->data, room);
        if (!grown) {
            b->failed = 1;
            return;
        }
        b->data = grown;
        b->room = room;
    }
    if (size)
        memcpy(b->data + b->size, data, size);
    b->size += size;
}

static void put_varint(struct bytes *b, uint64_t value)
{
    do {
        const uint8_t byte = (uint8_t)((value & 127) | (value > 127 ? 128 : 0));
        put(b, &byte, 1);
        value >>= 7;
    } while (value);
}

static void put_int(struct bytes *b, uint32_t field, int64_t value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_varint(b, field << 3);
    put_varint(b, bits);
}

static void put_bytes(struct bytes *b, uint32_t field, const void *data, size_t size)
{
    put_varint(b, field << 3 | 2);
    put_varint(b, size);
    put(b, data, size);
}

static void put_text(struct bytes *b, uint32_t field, const char *text)
{
    put_bytes(b, field, text, strlen(text));
}

static void put_message(struct bytes *b, uint32_t field, struct bytes *inner)
{
    put_bytes(b, field, inner->data, inner->size);
    b->failed |= inner->failed;
    free(inner->data);
}

/* ------------------------------------------------------------ words */

#define WORD 256
#define LINE 4096

/* The next word before `part` (or the end); the rest in *at. */
static void word_of(const char **at, char part, char out[WORD])
{
    size_t n = 0;
    while (**at && **at != part && n + 1 < WORD)
        out[n++] = *(*at)++;
    out[n] = 0;
    if (**at == part)
        (*at)++;
}

static void skip_blanks(const char **at)
{
    while (**at == ' ')
        (*at)++;
}

static void each_of(const char *list, char part, void (*use)(struct bytes *, const char *),
                    struct bytes *b)
{
    char word[WORD];
    while (*list) {
        word_of(&list, part, word);
        use(b, word);
    }
}

/* ------------------------------------------------------------ constants */

struct kind {
    const char *name;
    int type, bytes; /* TensorProto.DataType */
    uint32_t typed;  /* field */
};

static const struct kind *kind_of(const char *name)
{
    static const struct kind kinds[] = {{"f32", 1, 4, 4},   {"i32", 6, 4, 5},   {"i64", 7, 8, 7},
                                        {"f16", 10, 2, 5},  {"f64", 11, 8, 10}, {"f32t", 1, 4, 4},
                                        {"i32t", 6, 4, 5},  {"i64t", 7, 8, 7},  {"f16t", 10, 2, 5},
                                        {"f64t", 11, 8, 10}};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        if (strcmp(kinds[k].name, name) == 0)
            return &kinds[k];
    return NULL;
}

static uint64_t bits_of(const struct kind *kind, const char *text, double drawn)
{
    const double value = text ? strtod(text, NULL) : drawn;
    const int64_t whole = text ? strtoll(text, NULL, 10) : (int64_t)drawn;
    const float single = (float)value;
    uint64_t bits = 0;
    uint16_t half = 0;
    if (kind->type == 6 || kind->type == 7)
        memcpy(&bits, &whole, sizeof whole);
    else if (kind->type == 11)
        memcpy(&bits, &value, sizeof value);
    else if (kind->type == 1)
        memcpy(&bits, &single, sizeof single);
    else if (vg_half_exact(single, &half))
        bits = half;
    return bits;
}

static void put_value(struct bytes *b, const struct kind *kind, int typed, uint64_t bits)
{
    if (typed && kind->type != 1 && kind->type != 11) {
        put_varint(b, bits);
        return;
    }
    for (int k = 0; k < kind->bytes; k++) {
        const uint8_t byte = (uint8_t)(bits >> (8 * k));
        put(b, &byte, 1);
    }
}

static void put_dims(struct bytes *b, const char *word)
{
    if (strcmp(word, "-") != 0)
        put_int(b, 1, strtoll(word, NULL, 10));
}

/* NAME DIMS VALUES as a TensorProto. */
static struct bytes tensor_of(const struct kind *kind, int typed, const char *rest)
{
    struct bytes b = {NULL, 0, 0, 0}, values = {NULL, 0, 0, 0};
    char name[WORD], dims[WORD], value[WORD] = "0";
    struct vg_random random;
    size_t count = 1;
    word_of(&rest, ' ', name);
    word_of(&rest, ' ', dims);
    each_of(dims, ',', put_dims, &b);
    for (const char *d = dims; *d && *d != '-';) {
        char dim[WORD];
        word_of(&d, ',', dim);
        count *= strtoull(dim, NULL, 10);
    }
    const int drawn = *rest == 'r';
    vg_random_seed(&random, strtoull(rest + (drawn ? 1 : 0), NULL, 10));
    for (size_t i = 0; i < count; i++) {
        if (!drawn && *rest)
            word_of(&rest, ',', value);
        const double number = (double)(int)(vg_random_below(&random, 129)) / 64 - 1;
        put_value(&values, kind, typed, bits_of(kind, drawn ? NULL : value, number));
    }
    put_int(&b, 2, kind->type);
    put_text(&b, 8, name);
    put_message(&b, typed ? kind->typed : 9, &values);
    return b;
}

/* ------------------------------------------------------------ nodes and ports */

static void put_input(struct bytes *b, const char *word)
{
    put_text(b, 1, strcmp(word, "-") == 0 ? "" : word);
}

static void put_output(struct bytes *b, const char *word)
{
    put_text(b, 2, strcmp(word, "-") == 0 ? "" : word);
}

static void put_ints(struct bytes *b, const char *word)
{
    put_int(b, 8, strtoll(word, NULL, 10));
}

/* The value of a Constant: "@KIND DIMS VALUES" with '_' for blanks. */
static void put_tensor(struct bytes *b, char *text)
{
    char name[WORD];
    const char *rest = text;
    for (char *p = text; *p; p++)
        if (*p == '_')
            *p = ' ';
    word_of(&rest, ' ', name);
    const struct kind *kind = kind_of(name);
    char line[LINE];
    (void)snprintf(line, sizeof line, "v %s", rest);
    if (kind) {
        struct bytes tensor = tensor_of(kind, name[3] == 't', line);
        put_message(b, 5, &tensor);
    }
}

static void put_attr(struct bytes *b, const char *text)
{
    struct bytes attr = {NULL, 0, 0, 0};
    char name[WORD], value[WORD];
    const size_t length = strcspn(text, "=!:~@");
    const char *rest = text;
    word_of(&rest, text[length], name);
    (void)snprintf(value, sizeof value, "%s", rest);
    put_text(&attr, 1, name);
    if (text[length] == '=')
        each_of(value, ',', put_ints, &attr);
    else if (text[length] == '!')
        put_int(&attr, 3, strtoll(value, NULL, 10));
    else if (text[length] == ':')
        put_text(&attr, 4, value);
    else if (text[length] == '@')
        put_tensor(&attr, value);
    else {
        const float number = strtof(value, NULL);
        put_varint(&attr, 2 << 3 | 5);
        put(&attr, &number, sizeof number);
    }
    put_message(b, 5, &attr);
}

static void put_node(struct bytes *graph, const char *op, const char *rest)
{
    struct bytes node = {NULL, 0, 0, 0};
    char list[WORD];
    word_of(&rest, ' ', list);
    if (strcmp(list, "-") != 0)
        each_of(list, ',', put_input, &node);
    word_of(&rest, ' ', list);
    each_of(list, ',', put_output, &node);
    put_text(&node, 4, op);
    each_of(rest, ';', put_attr, &node);
    put_message(graph, 1, &node);
}

static void put_dim(struct bytes *shape, const char *word)
{
    struct bytes dim = {NULL, 0, 0, 0};
    if (word[0] == '?')
        put_text(&dim, 2, "any");
    else
        put_int(&dim, 1, strtoll(word, NULL, 10));
    put_message(shape, 1, &dim);
}

static void put_port(struct bytes *graph, uint32_t field, const char *rest)
{
    struct bytes info = {NULL, 0, 0, 0}, type = info, tensor = info, shape = info;
    char name[WORD];
    word_of(&rest, ' ', name);
    each_of(rest, ',', put_dim, &shape);
    put_int(&tensor, 1, 1);
    put_message(&tensor, 2, &shape);
    put_message(&type, 1, &tensor);
    put_text(&info, 1, name);
    put_message(&info, 2, &type);
    put_message(graph, field, &info);
}

/* ------------------------------------------------------------ the file */

static int put_line(struct bytes *graph, const char *line, int64_t *opset)
{
    char word[WORD];
    word_of(&line, ' ', word);
    const struct kind *kind = kind_of(word);
    if (strcmp(word, "opset") == 0) {
        *opset = strtoll(line, NULL, 10);
    } else if (strcmp(word, "input") == 0) {
        put_port(graph, 11, line);
    } else if (strcmp(word, "output") == 0) {
        put_port(graph, 12, line);
    } else if (kind) {
        struct bytes tensor = tensor_of(kind, word[3] == 't', line);
        put_message(graph, 5, &tensor);
    } else if (word[0] >= 'A' && word[0] <= 'Z') {
        put_node(graph, word, line);
    } else {
        return -1;
    }
    return 0;
}

int vg_onnx_write(const char *text, uint8_t **data, size_t *size)
{
    struct bytes graph = {NULL, 0, 0, 0}, model = graph, set = graph;
    int64_t opset = 11;
    int failed = 0;
    while (*text && !failed) {
        char line[LINE];
        size_t n = 0;
        skip_blanks(&text);
        while (*text && *text != '\n' && n + 1 < sizeof line)
            line[n++] = *text++;
        line[n] = 0;
        if (*text == '\n')
            text++;
        if (n)
            failed = put_line(&graph, line, &opset);
    }
    put_int(&model, 1, 7);
    put_int(&set, 2, opset);
    put_message(&model, 8, &set);
    put_message(&model, 7, &graph);
    if (failed || model.failed) {
        free(model.data);
        return -1;
    }
    *data = model.data;
    *size = model.size;
    return 0;
}
