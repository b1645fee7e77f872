/* Read by hand, strictly: what stands in a request line must not be able to end it. */
#include "src/media/rtsp_url.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Length of "rtsp://" or "rtsps://" at the beginning; 0: neither. */
static size_t scheme_size(const char *text, enum vg_rtsp_secrecy *secrecy)
{
    *secrecy = strncasecmp(text, "rtsps://", 8) == 0 ? VG_RTSP_SECRET : VG_RTSP_CLEAR;
    if (*secrecy == VG_RTSP_SECRET)
        return 8;
    return strncasecmp(text, "rtsp://", 7) == 0 ? 7 : 0;
}

bool vg_rtsp_url_is_absolute(const char *text)
{
    enum vg_rtsp_secrecy secrecy;
    return scheme_size(text, &secrecy) > 0;
}

static bool host_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-._:%", c) != NULL);
}

static bool read_port(const char *text, size_t size, uint16_t *port)
{
    uint32_t value = 0;
    if (size == 0 || size > 5)
        return false;
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (uint32_t)(text[i] - '0');
    }
    *port = (uint16_t)value;
    return value > 0 && value <= UINT16_MAX;
}

/* "host", "host:554", "[fe80::1%eth1]:554" */
static bool read_authority(const char *text, size_t size, struct vg_rtsp_url *url)
{
    const bool bracketed = size > 0 && text[0] == '[';
    const char *host = bracketed ? text + 1 : text;
    const char *end = memchr(text, bracketed ? ']' : ':', size);
    if (bracketed && !end)
        return false;
    const size_t length = end ? (size_t)(end - host) : size;
    const char *rest = host + length + (bracketed ? 1 : 0);
    const size_t left = size - (size_t)(rest - text);
    if (length == 0 || length >= sizeof url->host)
        return false;
    for (size_t i = 0; i < length; i++)
        if (!host_character(host[i]))
            return false;
    memcpy(url->host, host, length);
    url->host[length] = '\0';
    url->port = url->secrecy == VG_RTSP_SECRET ? 322 : 554;
    return left == 0 || (rest[0] == ':' && read_port(rest + 1, left - 1, &url->port));
}

enum vg_status vg_rtsp_url_read(const char *text, struct vg_rtsp_url *url)
{
    memset(url, 0, sizeof *url);
    const size_t scheme = scheme_size(text, &url->secrecy);
    const size_t size = strcspn(text, "#");
    if (scheme == 0)
        return VG_E_INPUT;
    if (size >= sizeof url->text)
        return VG_E_FULL;
    for (size_t i = 0; i < size; i++)
        if ((uint8_t)text[i] <= ' ' || text[i] == 0x7f || text[i] == '"')
            return VG_E_INPUT;
    memcpy(url->text, text, size);
    url->text[size] = '\0';
    const size_t authority = strcspn(url->text + scheme, "/?");
    url->authority = scheme + authority;
    return read_authority(url->text + scheme, authority, url) ? VG_OK : VG_E_INPUT;
}

enum vg_status vg_rtsp_url_join(const char *base, const char *control, char *joined, size_t size)
{
    const size_t length = strlen(base);
    const char *slash = "";
    const char *first = base;
    if (control[0] == '\0' || strcmp(control, "*") == 0) {
        control = "";
    } else if (vg_rtsp_url_is_absolute(control)) {
        first = "";
    } else {
        slash = length > 0 && base[length - 1] == '/' ? "" : "/";
        control += control[0] == '/' ? 1 : 0;
    }
    const int used = snprintf(joined, size, "%s%s%s", first, slash, control);
    return used < 0 || (size_t)used >= size ? VG_E_FULL : VG_OK;
}
