#include "src/base/source_url.h"

#include <string.h>
#include <strings.h>

#include "src/base/text.h"

enum form {
    FORM_PATH,   /* scheme:/path */
    FORM_HOST,   /* scheme://host[:port]/path */
    FORM_LISTEN, /* scheme://address:port/path */
    FORM_BARE    /* scheme://address:port */
};

static const struct {
    const char *name;
    enum form form;
    uint16_t port; /* unless said */
} schemes[] = {
    [VG_SCHEME_FILE] = {"file", FORM_PATH, 0},
    [VG_SCHEME_FOLDER] = {"folder", FORM_PATH, 0},
    [VG_SCHEME_SDP] = {"sdp", FORM_PATH, 0},
    [VG_SCHEME_RTSP] = {"rtsp", FORM_HOST, 554},
    [VG_SCHEME_RTSPS] = {"rtsps", FORM_HOST, 322},
    [VG_SCHEME_RTSP_LISTEN] = {"rtsp-listen", FORM_LISTEN, 0},
    [VG_SCHEME_MPEGTS] = {"mpegts", FORM_BARE, 0},
};
enum {
    SCHEMES = sizeof schemes / sizeof *schemes
};

const char *vg_source_scheme_name(enum vg_source_scheme scheme)
{
    return schemes[scheme].name;
}

static const char *const transports[] = {"auto", "tcp", "udp", "multicast"};

const char *vg_transport_name(enum vg_transport transport)
{
    return transports[transport];
}

int vg_transport_parse(const char *name, enum vg_transport *transport)
{
    for (size_t i = 0; i < sizeof transports / sizeof *transports; i++)
        if (strcmp(transports[i], name) == 0) {
            *transport = (enum vg_transport)i;
            return 0;
        }
    return -1;
}

/* The bytes that are still to be read. */
struct rest {
    const char *at;
    size_t size;
};

static void skip(struct rest *rest, size_t size)
{
    rest->at += size;
    rest->size -= size;
}

/* How many bytes stand before the first of `ends`, or all. */
static size_t span(const struct rest *rest, const char *ends)
{
    size_t n = 0;
    while (n < rest->size && !strchr(ends, rest->at[n]))
        n++;
    return n;
}

static bool starts(const struct rest *rest, const char *text)
{
    return rest->size >= strlen(text) && memcmp(rest->at, text, strlen(text)) == 0;
}

static enum vg_status refuse(struct vg_fault *fault, const char *what, const char *remedy)
{
    return vg_fault_set(fault, VG_E_INPUT, what, remedy, "%s", "");
}

static enum vg_status malformed(struct vg_fault *fault)
{
    return refuse(fault, N_("the address of a flux is missing or malformed"),
                  N_("give an rtsp:// or rtsps:// address or the path of a file"));
}

static enum vg_status no_scheme(struct vg_fault *fault)
{
    return refuse(fault, N_("Vigie takes no source of this kind"),
                  N_("write rtsp://, rtsps://, rtsp-listen://, mpegts://, sdp:, file: or folder:"));
}

/* The scheme; a text that begins with a slash is a file's. */
static bool take_scheme(struct rest *rest, enum vg_source_scheme *scheme)
{
    *scheme = VG_SCHEME_FILE;
    if (starts(rest, "/"))
        return true;
    const size_t size = span(rest, ":/");
    if (size == rest->size || rest->at[size] != ':')
        return false;
    for (size_t i = 0; i < SCHEMES; i++) {
        if (strlen(schemes[i].name) != size || strncasecmp(schemes[i].name, rest->at, size) != 0)
            continue;
        *scheme = (enum vg_source_scheme)i;
        skip(rest, size + 1);
        return true;
    }
    return false;
}

static enum vg_status take_file(struct rest *rest, struct vg_source_url *url,
                                struct vg_fault *fault)
{
    if (starts(rest, "///")) /* file:///path: of no host */
        skip(rest, 2);
    if (!starts(rest, "/") || starts(rest, "//"))
        return refuse(fault, N_("the path of a flux is not a whole one"),
                      N_("write it from the root, as in file:/srv/clips/clip.mp4"));
    memcpy(url->path, rest->at, rest->size);
    const size_t size = rest->size;
    if (url->scheme == VG_SCHEME_SDP && (size < 5 || strcasecmp(url->path + size - 4, ".sdp") != 0))
        return refuse(fault, N_("this is not the name of an SDP file"),
                      N_("give the path of a file whose name ends in .sdp"));
    return VG_OK;
}

/* ":554" */
static bool take_port(struct rest *rest, size_t size, uint16_t *port)
{
    unsigned value = 0;
    if (size < 2 || size > 6)
        return false;
    for (size_t i = 1; i < size; i++) {
        if (rest->at[i] < '0' || rest->at[i] > '9')
            return false;
        value = value * 10 + (unsigned)(rest->at[i] - '0');
    }
    *port = (uint16_t)value;
    skip(rest, size);
    return value >= 1 && value <= 65535;
}

/* Host and port, up to the path. */
static enum vg_status take_host(struct rest *rest, struct vg_source_url *url,
                                struct vg_fault *fault)
{
    const size_t whole = span(rest, "/?#");
    if (memchr(rest->at, '@', whole))
        return refuse(fault, N_("the address holds a user or a password, which is stored unsealed"),
                      N_("put them in \"user\" and \"password\""));
    const bool brackets = starts(rest, "[");
    size_t size = span(rest, brackets ? "]/?#" : ":/?#");
    if (brackets && size < whole)
        size++; /* the bracket */
    if (size > whole || vg_host_read(rest->at, size, &url->host) != VG_OK ||
        (brackets && rest->at[size - 1] != ']'))
        return refuse(fault, N_("the host of an address is missing or malformed"),
                      N_("write a name, an IPv4 address, or an IPv6 address in brackets"));
    skip(rest, size);
    url->port = schemes[url->scheme].port;
    if (whole > size && !take_port(rest, whole - size, &url->port))
        return refuse(fault, N_("the port of an address is not right"),
                      N_("give a number from 1 to 65535"));
    if (url->port == 0)
        return refuse(fault, N_("the address names no port"),
                      N_("write it behind the address: mpegts://239.1.0.7:5004"));
    return VG_OK;
}

/* What goes into a request must not end its line, nor be taken for its next word. */
static bool path_is_sound(const struct rest *rest)
{
    for (size_t i = 0; i < rest->size; i++)
        if ((unsigned char)rest->at[i] <= 0x20 || (unsigned char)rest->at[i] >= 0x7f)
            return false;
    return true;
}

static enum vg_status take_path(struct rest *rest, struct vg_source_url *url,
                                struct vg_fault *fault)
{
    if (!path_is_sound(rest))
        return refuse(fault, N_("the path of an address holds blanks or letters with accents"),
                      N_("write them percent-encoded"));
    if (rest->size + 1 >= sizeof url->path)
        return malformed(fault);
    size_t at = 0;
    if (!starts(rest, "/")) /* "rtsp://host", "rtsp://host?query" */
        url->path[at++] = '/';
    memcpy(url->path + at, rest->at, rest->size);
    return VG_OK;
}

static enum vg_status take_network(struct rest *rest, struct vg_source_url *url,
                                   struct vg_fault *fault)
{
    const enum form form = schemes[url->scheme].form;
    if (!starts(rest, "//"))
        return malformed(fault);
    skip(rest, 2);
    enum vg_status status = take_host(rest, url, fault);
    if (status != VG_OK)
        return status;
    if (form != FORM_HOST && url->host.kind == VG_HOST_NAME)
        return refuse(fault, N_("a flux that is received wants an address, not a name"),
                      N_("give the numeric address of the group, or of this server"));
    if (form == FORM_LISTEN && vg_host_is_multicast(&url->host))
        return refuse(fault, N_("this address is that of a group"),
                      N_("give an address of this server"));
    if (form != FORM_BARE)
        return take_path(rest, url, fault);
    return rest->size == 0 || (rest->size == 1 && starts(rest, "/")) ? VG_OK : malformed(fault);
}

static bool has_control(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return true;
    return false;
}

enum vg_status vg_source_url_read(const char *text, size_t size, struct vg_source_url *url,
                                  struct vg_fault *fault)
{
    struct rest rest = {text, size};
    memset(url, 0, sizeof *url);
    if (size == 0 || size >= sizeof url->path || has_control(text, size))
        return malformed(fault);
    if (!take_scheme(&rest, &url->scheme))
        return no_scheme(fault);
    const enum vg_status status = schemes[url->scheme].form == FORM_PATH
                                      ? take_file(&rest, url, fault)
                                      : take_network(&rest, url, fault);
    if (status != VG_OK)
        memset(url, 0, sizeof *url);
    return status;
}

bool vg_source_url_networked(const struct vg_source_url *url)
{
    return url->scheme != VG_SCHEME_FILE && url->scheme != VG_SCHEME_FOLDER;
}

bool vg_source_url_encrypted(const struct vg_source_url *url)
{
    return url->scheme == VG_SCHEME_RTSPS;
}

bool vg_source_url_listens(const struct vg_source_url *url)
{
    return url->scheme == VG_SCHEME_RTSP_LISTEN ||
           (url->scheme == VG_SCHEME_MPEGTS && !vg_host_is_multicast(&url->host));
}

bool vg_source_url_same_peer(const struct vg_source_url *a, const struct vg_source_url *b)
{
    return a->scheme == b->scheme && a->port == b->port && strcmp(a->host.text, b->host.text) == 0;
}
