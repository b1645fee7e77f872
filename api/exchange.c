#include "api/exchange.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/json.h"
#include "src/store/config.h"

static_assert(VG_LIST_MAX == 200, "the bound stands in a sentence");

const char *vg_method_name(enum vg_method method)
{
    static const char *const names[VG_METHOD_COUNT] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
    return method >= 0 && method < VG_METHOD_COUNT ? names[method] : "";
}

const char *vg_request_query(const struct vg_request *request, const char *name)
{
    for (size_t i = 0; i < request->query_count; i++)
        if (strcmp(request->query[i].name, name) == 0)
            return request->query[i].value;
    return NULL;
}

bool vg_request_limit(const struct vg_request *request, uint32_t *limit)
{
    const char *text = vg_request_query(request, "limit");
    char *end;
    *limit = VG_LIST_DEFAULT;
    if (!text)
        return true;
    const unsigned long value = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end || value < 1 || value > VG_LIST_MAX)
        return false;
    *limit = (uint32_t)value;
    return true;
}

bool vg_text_sound(const char *text)
{
    json_t *value = json_string(text);
    json_decref(value);
    return value != NULL;
}

bool vg_request_if_match(const struct vg_request *request, uint64_t *version)
{
    const char *text = request->if_match;
    if (strcmp(text, "*") == 0) {
        *version = VG_VERSION_ANY;
        return true;
    }
    if (text[0] != '"' || text[1] < '0' || text[1] > '9')
        return false;
    char *end;
    errno = 0;
    const unsigned long long value = strtoull(text + 1, &end, 10);
    if (errno || strcmp(end, "\"") != 0 || value == 0 || value == VG_VERSION_ANY)
        return false;
    *version = value;
    return true;
}

void vg_reply_release(struct vg_reply *reply)
{
    vg_free(reply->body);
    *reply = (struct vg_reply){0};
}

/* What was prepared before is void: an error replaces it whole. */
static void start_over(struct vg_reply *reply, int code)
{
    char object[sizeof reply->object];
    memcpy(object, reply->object, sizeof object);
    vg_reply_release(reply);
    memcpy(reply->object, object, sizeof object);
    reply->code = code;
    reply->type = "application/json";
}

void vg_reply_text(struct vg_reply *reply, int code, const char *type, char *text, size_t size)
{
    vg_free(reply->body);
    reply->code = code;
    reply->type = type;
    reply->body = text;
    reply->size = size;
}

void vg_reply_json(struct vg_reply *reply, int code, json_t *value)
{
    char *text = value ? vg_json_text(value) : NULL;
    json_decref(value);
    if (!text) { /* no memory for words either */
        start_over(reply, 503);
        reply->retry_after_s = 1;
        (void)snprintf(reply->error, sizeof reply->error, "no_memory");
        return;
    }
    vg_reply_text(reply, code, "application/json", text, strlen(text));
}

/* A place may hold bytes of a body that is not UTF-8, or be cut within a character. JSON takes
 * neither: then all that is not ASCII becomes '?'. */
static void make_sound(char *text)
{
    if (vg_text_sound(text))
        return;
    for (; *text; text++)
        if ((unsigned char)*text >= 0x80)
            *text = '?';
}

static void reply_words(struct vg_reply *reply, int code, const char *name, const char *message,
                        const char *place)
{
    char where[sizeof((struct vg_fault *)NULL)->place];
    (void)snprintf(where, sizeof where, "%s", place);
    make_sound(where);
    start_over(reply, code);
    vg_reply_json(
        reply, code,
        json_pack("{s:{s:s,s:s,s:s}}", "error", "code", name, "message", message, "where", where));
    (void)snprintf(reply->error, sizeof reply->error, "%s", name);
    if (code == 503 || code == 429)
        reply->retry_after_s = 1;
}

void vg_reply_error(struct vg_reply *reply, enum vg_language language, int code, const char *name,
                    const char *message, const char *where)
{
    reply_words(reply, code, name, vg_text_in(language, message), where);
}

void vg_reply_bad_limit(struct vg_reply *reply, enum vg_language language)
{
    vg_reply_error(reply, language, 400, "bad_query", N_("limit is a number from 1 to 200"),
                   "limit");
}

static const struct {
    enum vg_status status;
    int code;
    const char *name;
} statuses[] = {
    {VG_E_MEMORY, 503, "no_memory"},    {VG_E_CALL, 400, "bad_request"},
    {VG_E_INPUT, 422, "refused"},       {VG_E_LACK, 503, "lacking"},
    {VG_E_INTEGRITY, 500, "integrity"}, {VG_E_IO, 500, "failed"},
    {VG_E_FULL, 409, "full"},           {VG_E_TIMEOUT, 503, "busy"},
    {VG_E_CLOSED, 503, "away"},         {VG_E_MISSING, 404, "not_found"},
    {VG_E_EXISTS, 409, "exists"},       {VG_E_STATE, 409, "state"},
    {VG_E_DENIED, 403, "forbidden"},
};

static size_t status_row(enum vg_status status)
{
    const size_t rows = sizeof statuses / sizeof *statuses;
    for (size_t i = 0; i < rows; i++)
        if (statuses[i].status == status)
            return i;
    return 5; /* VG_E_IO: it went wrong while working */
}

int vg_reply_code(enum vg_status status)
{
    return status == VG_OK ? 200 : statuses[status_row(status)].code;
}

void vg_fault_where(const char *place, char *where, size_t where_size, char *detail,
                    size_t detail_size)
{
    unsigned line, column;
    int used = 0;
    where[0] = detail[0] = '\0';
    if (sscanf(place, "body:%5u:%5u%n", &line, &column, &used) != 2) {
        if (place[0] == '/')
            (void)snprintf(where, where_size, "%s", place);
        else
            (void)snprintf(detail, detail_size, "%s", place);
        return;
    }
    const char *rest = place + used;
    rest += strspn(rest, ": ");
    if (rest[0] != '/') {
        (void)snprintf(where, where_size, "%u:%u", line, column);
        (void)snprintf(detail, detail_size, "%u:%u", line, column);
        return;
    }
    const size_t pointer = strcspn(rest, " ");
    const char *more = rest + pointer + strspn(rest + pointer, " ");
    const size_t fits = pointer < where_size ? pointer : where_size - 1;
    memcpy(where, rest, fits);
    where[fits] = '\0';
    (void)snprintf(detail, detail_size, "%u:%u%s%s", line, column, *more ? " " : "", more);
}

void vg_reply_fault(struct vg_reply *reply, enum vg_language language, int code, const char *name,
                    const struct vg_fault *fault)
{
    const size_t row = status_row(fault->status);
    char where[sizeof fault->place], detail[sizeof fault->place], message[1536];
    vg_fault_where(fault->place, where, sizeof where, detail, sizeof detail);
    make_sound(detail);
    if (code == 0)
        code = statuses[row].code;
    if (code >= 500)
        where[0] = detail[0] = '\0';
    const char *what = fault->what ? fault->what : vg_status_text(fault->status);
    (void)snprintf(message, sizeof message, "%s%s%s%s%s%s", vg_text_in(language, what),
                   detail[0] ? " (" : "", detail, detail[0] ? ")" : "", fault->remedy ? ": " : "",
                   fault->remedy ? vg_text_in(language, fault->remedy) : "");
    reply_words(reply, code, name ? name : statuses[row].name, message, where);
}
