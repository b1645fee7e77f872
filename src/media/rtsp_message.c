/* RTSP as it comes: line by line up to an empty one, then Content-Length bytes; or '$' and a
 * frame. Lines may end with LF alone, a line without a colon is passed over, as cameras have it;
 * a NUL, an endless line or a length beyond the bound is refused. */
#include "src/media/rtsp_message.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* ---- pieces of text ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct vg_rtsp_text trim(struct vg_rtsp_text text)
{
    while (text.size > 0 && is_blank(text.at[0])) {
        text.at++;
        text.size--;
    }
    while (text.size > 0 && is_blank(text.at[text.size - 1]))
        text.size--;
    return text;
}

bool vg_rtsp_text_next(struct vg_rtsp_text *rest, char separator, struct vg_rtsp_text *piece)
{
    size_t end = 0;
    bool quoted = false;
    if (rest->size == 0)
        return false;
    for (; end < rest->size; end++) {
        const char c = rest->at[end];
        if (quoted && c == '\\' && end + 1 < rest->size)
            end++;
        else if (c == '"')
            quoted = !quoted;
        else if (c == separator && !quoted)
            break;
    }
    const size_t taken = end < rest->size ? end + 1 : end;
    *piece = trim((struct vg_rtsp_text){rest->at, end});
    rest->at += taken;
    rest->size -= taken;
    return true;
}

void vg_rtsp_text_pair(struct vg_rtsp_text piece, struct vg_rtsp_text *name,
                       struct vg_rtsp_text *value)
{
    const char *equal = piece.size > 0 ? memchr(piece.at, '=', piece.size) : NULL;
    *name = piece;
    *value = (struct vg_rtsp_text){NULL, 0};
    if (!equal)
        return;
    const size_t before = (size_t)(equal - piece.at);
    *name = trim((struct vg_rtsp_text){piece.at, before});
    *value = trim((struct vg_rtsp_text){equal + 1, piece.size - before - 1});
    if (value->size >= 2 && value->at[0] == '"' && value->at[value->size - 1] == '"') {
        value->at++;
        value->size -= 2;
    }
}

bool vg_rtsp_text_is(struct vg_rtsp_text text, const char *word)
{
    return text.at && text.size == strlen(word) && strncasecmp(text.at, word, text.size) == 0;
}

bool vg_rtsp_text_number(struct vg_rtsp_text text, uint32_t most, uint32_t *number)
{
    uint64_t value = 0;
    if (!text.at || text.size == 0)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
        value = value * 10 + (uint64_t)(text.at[i] - '0');
        if (value > most)
            return false;
    }
    *number = (uint32_t)value;
    return true;
}

bool vg_rtsp_text_copy(struct vg_rtsp_text text, char *copy, size_t size)
{
    if (size > 0)
        copy[0] = '\0';
    if (!text.at || text.size >= size)
        return false;
    for (size_t i = 0; i < text.size; i++)
        if (text.at[i] < ' ' || text.at[i] > '~')
            return false;
    memcpy(copy, text.at, text.size);
    copy[text.size] = '\0';
    return true;
}

struct vg_rtsp_text vg_rtsp_header_find(const struct vg_rtsp_message *message, const char *name,
                                        size_t n)
{
    for (size_t i = 0; i < message->header_count; i++)
        if (vg_rtsp_text_is(message->headers[i].name, name) && n-- == 0)
            return message->headers[i].value;
    return (struct vg_rtsp_text){NULL, 0};
}

/* ---- reading ---- */

/* Where the reader stands. */
struct cursor {
    const char *at;
    size_t size, used;
};

/* The next line without its end. */
static enum vg_rtsp_progress next_line(struct cursor *cursor, struct vg_rtsp_text *line)
{
    const char *from = cursor->at + cursor->used;
    const size_t left = cursor->size - cursor->used;
    const char *feed = left > 0 ? memchr(from, '\n', left) : NULL;
    const size_t length = feed ? (size_t)(feed - from) : left;
    if (length > VG_RTSP_LINE_MAX || cursor->used + length >= VG_RTSP_HEAD_MAX)
        return VG_RTSP_WRONG;
    if (length > 0 && memchr(from, '\0', length))
        return VG_RTSP_WRONG;
    if (!feed)
        return VG_RTSP_INCOMPLETE;
    *line = (struct vg_rtsp_text){from, length};
    if (length > 0 && from[length - 1] == '\r')
        line->size--;
    cursor->used += length + 1;
    return VG_RTSP_COMPLETE;
}

static enum vg_rtsp_progress read_frame(const uint8_t *bytes, size_t size, size_t skipped,
                                        struct vg_rtsp_message *message)
{
    if (size - skipped < VG_RTSP_FRAME_HEAD)
        return VG_RTSP_INCOMPLETE;
    const uint8_t *frame = bytes + skipped;
    const size_t length = (size_t)frame[2] << 8 | frame[3];
    if (size - skipped < VG_RTSP_FRAME_HEAD + length)
        return VG_RTSP_INCOMPLETE;
    message->kind = VG_RTSP_FRAME;
    message->size = skipped + VG_RTSP_FRAME_HEAD + length;
    message->channel = frame[1];
    message->body = (struct vg_rtsp_text){(const char *)frame + VG_RTSP_FRAME_HEAD, length};
    message->header_count = 0;
    return VG_RTSP_COMPLETE;
}

/* "RTSP/1.0", and what calls itself 1.1 or 2.0 in the same words. */
static bool is_version(struct vg_rtsp_text word)
{
    return word.size == 8 && memcmp(word.at, "RTSP/", 5) == 0 && word.at[5] >= '1' &&
           word.at[5] <= '2' && word.at[6] == '.' && word.at[7] >= '0' && word.at[7] <= '9';
}

static bool is_method(struct vg_rtsp_text word)
{
    if (word.size == 0 || word.size > 32)
        return false;
    for (size_t i = 0; i < word.size; i++)
        if (!(word.at[i] >= 'A' && word.at[i] <= 'Z') && word.at[i] != '_')
            return false;
    return true;
}

/* "RTSP/1.0 200 OK" or "OPTIONS uri RTSP/1.0". */
static bool read_first_line(struct vg_rtsp_text line, struct vg_rtsp_message *message)
{
    struct vg_rtsp_text first = {0}, second = {0};
    if (!vg_rtsp_text_next(&line, ' ', &first) || !vg_rtsp_text_next(&line, ' ', &second))
        return false;
    message->method = message->uri = (struct vg_rtsp_text){NULL, 0};
    message->code = 0;
    if (is_version(first)) {
        message->kind = VG_RTSP_RESPONSE;
        return second.size == 3 && vg_rtsp_text_number(second, 999, &message->code) &&
               message->code >= 100;
    }
    message->kind = VG_RTSP_REQUEST;
    message->method = first;
    message->uri = second;
    return is_method(first) && second.size > 0 && is_version(trim(line));
}

static bool add_header(struct vg_rtsp_message *message, struct vg_rtsp_text line)
{
    struct vg_rtsp_header *last =
        message->header_count > 0 ? &message->headers[message->header_count - 1] : NULL;
    if (line.at[0] == ' ' || line.at[0] == '\t') { /* folded: the value goes on */
        if (last)
            last->value.size = (size_t)(line.at + line.size - last->value.at);
        return true;
    }
    const char *colon = memchr(line.at, ':', line.size);
    if (!colon)
        return true;
    if (message->header_count == VG_RTSP_HEADERS_MAX)
        return false;
    const size_t before = (size_t)(colon - line.at);
    message->headers[message->header_count++] = (struct vg_rtsp_header){
        .name = trim((struct vg_rtsp_text){line.at, before}),
        .value = trim((struct vg_rtsp_text){colon + 1, line.size - before - 1})};
    return true;
}

/* All that there are must say the same. */
static bool body_size(const struct vg_rtsp_message *message, uint32_t *size)
{
    struct vg_rtsp_text text;
    *size = 0;
    for (size_t n = 0; (text = vg_rtsp_header_find(message, "Content-Length", n)).at; n++) {
        uint32_t said;
        if (!vg_rtsp_text_number(text, VG_RTSP_BODY_MAX, &said) || (n > 0 && said != *size))
            return false;
        *size = said;
    }
    return true;
}

static enum vg_rtsp_progress read_message(struct cursor *cursor, struct vg_rtsp_message *message)
{
    struct vg_rtsp_text line;
    uint32_t length;
    enum vg_rtsp_progress progress = next_line(cursor, &line);
    if (progress != VG_RTSP_COMPLETE)
        return progress;
    if (!read_first_line(line, message))
        return VG_RTSP_WRONG;
    message->header_count = 0;
    while ((progress = next_line(cursor, &line)) == VG_RTSP_COMPLETE && line.size > 0)
        if (!add_header(message, line))
            return VG_RTSP_WRONG;
    if (progress != VG_RTSP_COMPLETE)
        return progress;
    if (!body_size(message, &length))
        return VG_RTSP_WRONG;
    if (cursor->size - cursor->used < length)
        return VG_RTSP_INCOMPLETE;
    message->body = (struct vg_rtsp_text){cursor->at + cursor->used, length};
    message->size = cursor->used + length;
    message->channel = 0;
    return VG_RTSP_COMPLETE;
}

enum vg_rtsp_progress vg_rtsp_message_read(const uint8_t *bytes, size_t size,
                                           struct vg_rtsp_message *message)
{
    size_t skipped = 0;
    while (skipped < size && (bytes[skipped] == '\r' || bytes[skipped] == '\n'))
        skipped++; /* between messages, where some cameras put them */
    if (skipped >= VG_RTSP_LINE_MAX)
        return VG_RTSP_WRONG;
    if (skipped == size)
        return VG_RTSP_INCOMPLETE;
    if (bytes[skipped] == '$')
        return read_frame(bytes, size, skipped, message);
    if (bytes[skipped] < 'A' || bytes[skipped] > 'Z')
        return VG_RTSP_WRONG;
    struct cursor cursor = {.at = (const char *)bytes, .size = size, .used = skipped};
    return read_message(&cursor, message);
}

/* What is cut off by the end is given the benefit of the doubt. */
static bool may_begin(const uint8_t *bytes, size_t size)
{
    static const char answer[] = "RTSP/1.0 ";
    const size_t compared = size < sizeof answer - 1 ? size : sizeof answer - 1;
    if (memcmp(bytes, answer, compared) == 0)
        return true;
    if (bytes[0] != '$')
        return false;
    if (size > 3 && ((size_t)bytes[2] << 8 | bytes[3]) < 8)
        return false;
    return size <= VG_RTSP_FRAME_HEAD || bytes[VG_RTSP_FRAME_HEAD] >> 6 == 2;
}

size_t vg_rtsp_message_resync(const uint8_t *bytes, size_t size)
{
    for (size_t at = 1; at < size; at++)
        if (may_begin(bytes + at, size - at))
            return at;
    return size;
}

/* ---- writing ---- */

static void put(struct vg_rtsp_writer *writer, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        writer->failed = writer->failed || (uint8_t)text[i] < ' ' || text[i] == 0x7f;
    if (length < writer->size - writer->used)
        memcpy(writer->text + writer->used, text, length);
    writer->used = length < writer->size - writer->used ? writer->used + length : writer->size;
}

static void put_text(struct vg_rtsp_writer *writer, const char *text)
{
    put(writer, text, strlen(text));
}

static void put_line_end(struct vg_rtsp_writer *writer)
{
    if (writer->size - writer->used > 2)
        memcpy(writer->text + writer->used, "\r\n", 2);
    writer->used = writer->size - writer->used > 2 ? writer->used + 2 : writer->size;
}

struct vg_rtsp_writer vg_rtsp_write_request(char *text, size_t size, const char *method,
                                            const char *uri, uint32_t cseq)
{
    struct vg_rtsp_writer writer = {.text = text, .size = size};
    char number[16];
    (void)snprintf(number, sizeof number, "%u", (unsigned)cseq);
    writer.failed = uri[0] == '\0' || strchr(uri, ' ') != NULL;
    put_text(&writer, method);
    put_text(&writer, " ");
    put_text(&writer, uri);
    put_text(&writer, " RTSP/1.0");
    put_line_end(&writer);
    vg_rtsp_write_header(&writer, "CSeq", number);
    return writer;
}

struct vg_rtsp_writer vg_rtsp_write_response(char *text, size_t size, uint32_t code,
                                             const char *reason, struct vg_rtsp_text cseq)
{
    struct vg_rtsp_writer writer = {.text = text, .size = size};
    char number[16];
    (void)snprintf(number, sizeof number, "%u", (unsigned)code);
    put_text(&writer, "RTSP/1.0 ");
    put_text(&writer, number);
    put_text(&writer, " ");
    put_text(&writer, reason);
    put_line_end(&writer);
    put_text(&writer, "CSeq: ");
    put(&writer, cseq.at ? cseq.at : "0", cseq.at ? cseq.size : 1);
    put_line_end(&writer);
    return writer;
}

void vg_rtsp_write_header(struct vg_rtsp_writer *writer, const char *name, const char *value)
{
    put_text(writer, name);
    put_text(writer, ": ");
    put_text(writer, value);
    put_line_end(writer);
}

enum vg_status vg_rtsp_write_end(struct vg_rtsp_writer *writer)
{
    put_line_end(writer);
    if (writer->used >= writer->size)
        return VG_E_FULL;
    writer->text[writer->used] = '\0';
    return writer->failed ? VG_E_INPUT : VG_OK;
}
