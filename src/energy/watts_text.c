#include "src/energy/watts_text.h"

#include <stdbool.h>
#include <string.h>

#define WATTS_MOST 1e6

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static size_t skip(const char *text, size_t size, size_t at)
{
    while (at < size && blank(text[at]))
        at++;
    return at;
}

enum vg_status vg_watts_parse(const char *text, size_t size, double *watts)
{
    double value = 0, place = 1;
    size_t digits = 0, at = skip(text, size, 0);
    bool point = false;
    for (; at < size; at++) {
        const char c = text[at];
        if ((c == '.' || c == ',') && !point && digits > 0) {
            point = true;
            continue;
        }
        if (c < '0' || c > '9' || digits == 32)
            break;
        digits++;
        place = point ? place / 10 : place;
        value = point ? value + place * (c - '0') : 10 * value + (c - '0');
    }
    at = skip(text, size, at);
    if (at < size && text[at] == 'W')
        at = skip(text, size, at + 1);
    if (digits == 0 || at != size || value > WATTS_MOST)
        return VG_E_INPUT;
    *watts = value;
    return VG_OK;
}

/* Copies the word at *text behind *room; both move on. */
static enum vg_status word(const char **text, char **room, const char *end)
{
    char quote = '\0';
    for (; **text && (quote || !blank(**text)); ++*text) {
        const char c = **text;
        if (c == quote) {
            quote = '\0';
        } else if (!quote && (c == '\'' || c == '"')) {
            quote = c;
        } else {
            if (*room == end)
                return VG_E_FULL;
            *(*room)++ = c;
        }
    }
    if (*room == end)
        return VG_E_FULL;
    *(*room)++ = '\0';
    return quote ? VG_E_INPUT : VG_OK;
}

enum vg_status vg_command_split(const char *text, char *room, size_t size,
                                char *words[VG_COMMAND_WORDS_MAX + 1])
{
    const char *const end = room + size;
    size_t count = 0;
    for (;;) {
        text += strspn(text, " \t\r\n");
        words[count] = NULL;
        if (!*text)
            return count > 0 ? VG_OK : VG_E_INPUT;
        if (count == VG_COMMAND_WORDS_MAX)
            return VG_E_FULL;
        words[count++] = room;
        const enum vg_status status = word(&text, &room, end);
        if (status)
            return status;
    }
}
